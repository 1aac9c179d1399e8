"""The steps that fill memory, and the blobs in the system image that they copy from.

Promises: the steps of a VM cover every byte of its RAM exactly once (INV-LOAD-INSIDE,
INV-LOAD-ONCE); equal contents are packed once; blobs start on 4 KiB, those mapped in place as
blocks on 2 MiB (INV-LOAD-ALIGNED).

@req CPU-4
"""

from dataclasses import dataclass
import hashlib

from generator.model import BLOCK_2M, PAGE
from generator.planned import Blob, PlannedLoad
from generator.units import align_up


@dataclass(frozen=True)
class Packed:
    """Contents to pack, before they have an address."""

    name: str
    sha256: str
    size: int
    align: int
    data: bytes


class Store:
    """The distinct contents of the system image, in the order in which they were first used."""

    def __init__(self):
        self._by_hash = {}
        self._hashes = {}  # id of a bytes object that is alive in the plan -> its hash

    def add(self, data, name, align=PAGE):
        digest = self._hash(data)
        old = self._by_hash.get(digest)
        if old is None or old.align < align:
            name = old.name if old else name
            self._by_hash[digest] = Packed(name, digest, len(data), align, data)
        return digest

    def _hash(self, data):
        known = self._hashes.get(id(data))
        if known is None or known[0] is not data:
            known = (data, hashlib.sha256(data).hexdigest())
            self._hashes[id(data)] = known
        return known[1]

    def placed(self, base):
        """The blobs from `base` upwards."""
        blobs = []
        for packed in self._by_hash.values():
            pa = align_up(blobs[-1].pa + blobs[-1].size if blobs else base, packed.align)
            blobs.append(Blob(len(blobs), packed.name, packed.sha256, packed.size, pa, packed.data))
        return tuple(blobs)


def store_of(vm_pieces, windows):
    """Packs every piece and every image that is mapped in place. `vm_pieces`: by VM."""
    store = Store()
    for pieces in vm_pieces:
        for piece in pieces:
            if piece.data:
                store.add(piece.data, piece.what)
    for window in windows:
        if window.kind == "image" and window.source.image.data:
            align = BLOCK_2M if window.size >= BLOCK_2M else PAGE
            store.add(window.source.image.data, window.source.image.name, align)
    return store


def image_placement(window, blobs, store):
    """The PA of a window that is mapped in place from the system image."""
    data = window.source.image.data
    if not data:
        return None
    digest = store.add(data, window.name)
    return next(b.pa for b in blobs if b.sha256 == digest)


def vm_loads(windows, pieces, blobs, store):
    """The steps that fill the RAM of one VM, by window then address."""
    ids = {b.sha256: b.id for b in blobs}
    steps = []
    for window in windows:
        if window.kind == "ram" and window.pa is not None and window.ipa is not None:
            inside = sorted((p for p in pieces if p.window == window.name), key=lambda p: p.ipa)
            steps += _window_loads(window, inside, ids, store)
    return steps


def _window_loads(window, pieces, ids, store):
    at, end = window.ipa, window.ipa + window.size
    to_pa = window.pa - window.ipa
    for piece in pieces:
        if not piece.data or piece.ipa < at:
            continue
        if piece.ipa > at:
            yield PlannedLoad(at + to_pa, piece.ipa - at, None, f"clear {window.name}",
                              window.place)
        blob = ids[store.add(piece.data, piece.what)]
        yield PlannedLoad(piece.ipa + to_pa, len(piece.data), blob, f"copy {piece.what}",
                          piece.place)
        at = piece.ipa + len(piece.data)
    if at < end:
        yield PlannedLoad(at + to_pa, end - at, None, f"clear {window.name}", window.place)


def shared_loads(shared):
    """Shared memory is cleared once, at boot: no VM's start may take it from the others."""
    return tuple(PlannedLoad(s.pa, s.size, None, f"clear shared.{s.name}", s.place)
                 for s in shared if s.pa is not None and s.size > 0)

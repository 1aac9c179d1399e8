"""Is it the same description everywhere? Plan, ELF, and what the image prints when it boots.

Boots the image in QEMU until it has said its hash, and ends it there.

@req EVID-6
"""

import os
import re
import selectors
import subprocess
import time

from evidence.build import ROOT, EvidenceError, relative, sha256_of
from evidence.canonical import canonical_hash

BOOT_SECONDS = 120  # a busy machine takes its time; a quiet one needs less than two
SAID = re.compile(rb"description sha256:([0-9a-f]{64})")


def identity(build, image):
    """The description, its hash, and who says the same hash."""
    expected = canonical_hash(build.resolved)
    sources = [
        ("plan.json", build.plan["description_hash"]),
        ("ELF, cfg_system.description_hash", elf_hash(image)),
    ]
    if build.uart:
        sources.append(("printed at boot", boot_hash(build)))
    return {
        "description": relative(build.description),
        "description_file_sha256": sha256_of(build.description),
        "canonical_sha256": expected,
        "says": [{"where": where, "sha256": said, "same": said == expected}
                 for where, said in sources],
        "elf": {"file": relative(build.elf), "sha256": sha256_of(build.elf)},
        "image": {"file": relative(build.folder / "bulkhead.img"),
                  "sha256": sha256_of(build.folder / "bulkhead.img")},
    }


def elf_hash(image):
    """The hash in the ELF's cfg_system, at the place that the debug information gives."""
    place = (image.object("cfg_system").address
             + image.member_offset("cfg_system", "description_hash"))
    return image.bytes_at(place, 32).hex()


def boot_hash(build):
    """The hash that the image says at boot, or None when it says none."""
    environment = {**os.environ, "FLAVOUR": ""}
    command = [str(ROOT / "scripts" / "qemu.sh"), str(build.folder), "-icount", "shift=1"]
    try:
        qemu = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise EvidenceError(f"{command[0]}: {error.strerror}") from error
    try:
        found = _read_until(qemu, SAID, BOOT_SECONDS)
    finally:
        qemu.kill()
        qemu.wait()
        qemu.stdout.close()
    return found[1].decode() if found else None


def _read_until(process, pattern, seconds):
    """The first match of `pattern` in what `process` prints within `seconds`."""
    end = time.monotonic() + seconds
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if not selector.select(left):
                break
            chunk = os.read(process.stdout.fileno(), 65536)
            said += chunk
            if found := pattern.search(said):
                return found
            if not chunk:
                break
    return None

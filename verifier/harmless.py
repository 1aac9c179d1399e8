"""Bits of the tables on which no property depends, each with its reason.

Every other bit of every table is decided by a property: tests/verifier/test_bit_flips.py turns each
one over, and nothing passes but what is listed here.

@req EVID-1
"""

from verifier.config import OBJECTS
from verifier.layout import SIZES

REASONS = {
    ("cfg_system", "description_hash"):
        "printed at boot so that people can tell descriptions apart; nothing else reads it",
    ("cfg_vms", "vmid"):
        "any number from 1 to 255 that no other VM has separates the TLB entries of VMs alike",
}


def reason(config, address):
    """Why a change at `address` may pass, or None where it may not."""
    for (name, member), why in REASONS.items():
        kind, _ = OBJECTS[name]
        offset = address - config.places[name]
        if 0 <= offset < config.sizes[name]:
            at = offset % kind.size
            size = dict(_sizes(kind))[member]
            if kind.offsets[member] <= at < kind.offsets[member] + size:
                return why
    return None


def _sizes(kind):
    return [(name, SIZES[code] * (count[0] if count else 1)) for name, code, *count in kind.fields]

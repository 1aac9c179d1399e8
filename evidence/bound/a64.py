"""How an A64 instruction moves the program counter.

Only the encodings that matter to a control flow graph are told apart [DDI0487 C4.1, "Branches,
Exception Generating and System instructions"]; a branch of another kind than those that the runtime
is compiled to is UNKNOWN, which the graph makes a fault.

@req EVID-4
"""

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What comes after the instruction."""
    NEXT = auto()  # the next one; calls to firmware are among these
    JUMP = auto()  # the target
    BRANCH = auto()  # the target or the next one
    CALL = auto()  # a function, then the next one
    JUMP_REGISTER = auto()  # where a register points
    CALL_REGISTER = auto()
    RETURN = auto()
    END = auto()  # ERET, WFI: a stay ends with it
    STOP = auto()  # BRK, HLT, UDF: EL2 never goes on
    UNKNOWN = auto()


@dataclass(frozen=True)
class Flow:
    kind: Kind
    target: int | None = None


WFI = 0xD503207F
ERET = 0xD69F03E0


def _offset(word, low, bits):
    field = word >> low & (1 << bits) - 1
    return 4 * (field - (1 << bits) if field >> bits - 1 else field)


def flow(word, address):
    """The Flow of the instruction `word` at `address`."""
    if word & 0x7C000000 == 0x14000000:
        kind = Kind.CALL if word >> 31 else Kind.JUMP
        return Flow(kind, address + _offset(word, 0, 26))
    if word & 0xFF000000 == 0x54000000 or word & 0x7E000000 == 0x34000000:  # B.cond, CBZ, CBNZ
        return Flow(Kind.BRANCH, address + _offset(word, 5, 19))
    if word & 0x7E000000 == 0x36000000:  # TBZ, TBNZ
        return Flow(Kind.BRANCH, address + _offset(word, 5, 14))
    if word in (WFI, ERET):
        return Flow(Kind.END)
    if word & 0xFE000000 == 0xD6000000:  # unconditional branches to a register
        return Flow({0xD61F0000: Kind.JUMP_REGISTER, 0xD63F0000: Kind.CALL_REGISTER,
                     0xD65F0000: Kind.RETURN}.get(word & 0xFFFFFC1F, Kind.UNKNOWN))
    if word & 0xFF000000 == 0xD4000000:  # exception generation
        is_call = word & 0xFFE0001F in (0xD4000002, 0xD4000003)  # HVC, SMC
        return Flow(Kind.NEXT if is_call else Kind.STOP)
    if word & 0xFFFF0000 == 0:  # UDF
        return Flow(Kind.STOP)
    return Flow(Kind.NEXT)


def is_load_exclusive(word):
    """LDXR, LDAXR and their pairs."""
    return word & 0x3FC00000 == 0x08400000


def is_store_exclusive(word):
    """STXR, STLXR and their pairs."""
    return word & 0x3FC00000 == 0x08000000

"""PROP-REGISTERS and PROP-CODE: the conditions under which everything else is decoded.

[DDI0487 D24.2: TCR_EL2, MAIR_EL2, VTCR_EL2, HCR_EL2, SCTLR_EL2]. Field by field: a bit
that no field names must be zero.

@req EVID-1
"""

from verifier.elf import EXECUTE
from verifier.machine_code import MASK64, is_constant
from verifier.verdict import SYSTEM

PA_RANGE = {32: 0, 36: 1, 40: 2, 42: 3, 44: 4, 48: 5}


def _ps(board):
    return PA_RANGE.get(board.pa_bits, -1)


# (name, high bit, low bit, value or function of the board, meaning)
TCR_EL2 = (
    ("T0SZ", 5, 0, 25, "39-bit addresses, walks start at level 1"),
    ("IRGN0", 9, 8, 1, "walks are write-back inner cacheable"),
    ("ORGN0", 11, 10, 1, "walks are write-back outer cacheable"),
    ("SH0", 13, 12, 3, "walks are inner shareable"),
    ("TG0", 15, 14, 0, "4 KiB granule"),
    ("PS", 18, 16, _ps, "the board's physical address size"),
    ("TBI", 20, 20, 0, "the top byte is part of the address"),
    ("RES1", 23, 23, 1, "reserved"),
    ("RES1", 31, 31, 1, "reserved"),
)
VTCR_EL2 = (
    ("T0SZ", 5, 0, 24, "40-bit guest addresses"),
    ("SL0", 7, 6, 1, "walks start at level 1, two concatenated tables"),
    ("IRGN0", 9, 8, 1, "walks are write-back inner cacheable"),
    ("ORGN0", 11, 10, 1, "walks are write-back outer cacheable"),
    ("SH0", 13, 12, 3, "walks are inner shareable"),
    ("TG0", 15, 14, 0, "4 KiB granule"),
    ("PS", 18, 16, _ps, "the board's physical address size"),
    ("VS", 19, 19, 0, "8-bit VMIDs"),
    ("RES1", 31, 31, 1, "reserved"),
)
MAIR_EL2 = (
    ("Attr0", 7, 0, 0xFF, "Normal, write-back, read- and write-allocate"),
    ("Attr1", 15, 8, 0x04, "Device-nGnRE"),
)

SCTLR_EL2 = {"M": 0, "C": 2, "SA": 3, "I": 12, "WXN": 19}
HCR_ONE = {"VM": 0, "SWIO": 1, "PTW": 2, "FMO": 3, "IMO": 4, "AMO": 5, "TSC": 19, "TIDCP": 20,
           "TACR": 21, "TSW": 22, "RW": 31}
HCR_ZERO = {"DC": 12, "TGE": 27, "CD": 32, "ID": 33, "E2H": 34, "NV": 42, "NV1": 43, "NV2": 45,
            "FWB": 46, "FIEN": 47, "AT": 44, "DCT": 57}


def values(evidence, result):
    """The register values in the tables, field by field."""
    system = evidence.config.system
    for name, fields, value in (("TCR_EL2", TCR_EL2, system.tcr_el2),
                                ("VTCR_EL2", VTCR_EL2, system.vtcr_el2),
                                ("MAIR_EL2", MAIR_EL2, system.mair_el2)):
        rest = value
        for field, high, low, wanted, meaning in fields:
            wanted = wanted(evidence.board) if callable(wanted) else wanted
            mask = (1 << high - low + 1) - 1
            rest &= ~(mask << low)
            result.expect(value >> low & mask == wanted, SYSTEM,
                          f"{name}.{field} is {value >> low & mask}, expected {wanted}: {meaning}",
                          system.at)
        result.expect(rest == 0, SYSTEM, f"{name} has bits 0x{rest:x} set, which no field that is "
                      "used explains", system.at)


def code(evidence, result):
    """What the instructions write, by known bits. The values above are only good if they are what
    reaches the registers."""
    system = evidence.config.system
    fixed = {"TCR_EL2": system.tcr_el2, "MAIR_EL2": system.mair_el2, "VTCR_EL2": system.vtcr_el2,
             "TTBR0_EL2": system.el2_root}
    seen = {}
    for write in evidence.code_writes:
        seen.setdefault(write.register, []).append(write)
        where = f"in {write.function} at 0x{write.address:x}"
        if write.register in fixed:
            result.expect((write.ones, write.zeros) == _exactly(fixed[write.register]), SYSTEM,
                          f"{write.register} is written {where} with another value than the "
                          f"tables' 0x{fixed[write.register]:x}", write.address)
        elif write.register == "SCTLR_EL2":
            _bits(result, write, where, SCTLR_EL2, {"EE": 25})
        elif write.register == "VBAR_EL2":
            segment = evidence.elf.segment_at(write.ones)
            result.expect(is_constant((write.ones, write.zeros)) and write.ones % 2048 == 0
                          and segment is not None and segment.flags & EXECUTE, SYSTEM,
                          f"VBAR_EL2 is not sure to be a place in the code where it is written "
                          f"{where}", write.address)
    for register in (*fixed, "SCTLR_EL2", "VBAR_EL2", "VTTBR_EL2"):
        count = len(seen.get(register, []))
        result.expect(count == 1, SYSTEM, f"{register} is written at {count} places, expected one")
    result.expect("TTBR1_EL2" not in seen, SYSTEM, "TTBR1_EL2 is written: EL2 has one table")
    _hcr(result, seen.get("HCR_EL2", []))


def _exactly(value):
    return value, ~value & MASK64


def _bits(result, write, where, ones, zeros):
    for name, bit in ones.items():
        result.expect(write.ones >> bit & 1, SYSTEM, f"{write.register}.{name} is not sure to be 1 "
                      f"where it is written {where}", write.address)
    for name, bit in zeros.items():
        result.expect(write.zeros >> bit & 1, SYSTEM, f"{write.register}.{name} is not sure to be "
                      f"0 where it is written {where}", write.address)


def _hcr(result, writes):
    """One write before the MMU is on, with RW alone; every other one is a guest's."""
    early = [w for w in writes if (w.ones, w.zeros) == _exactly(1 << 31)]
    guests = [w for w in writes if w not in early]
    result.expect(len(early) == 1, SYSTEM, f"HCR_EL2 is written {len(early)} times with RW alone, "
                  "expected once, at entry")
    result.expect(len(guests) == 1, SYSTEM, f"HCR_EL2 is written for guests at {len(guests)} "
                  "places, expected one")
    for write in guests:
        _bits(result, write, f"in {write.function} at 0x{write.address:x}", HCR_ONE, HCR_ZERO)

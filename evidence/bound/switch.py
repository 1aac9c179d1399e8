"""Jump tables, as GCC makes them of a switch for AArch64.

    cmp wI, #LAST; b.hi DEFAULT; adr xT, TABLE; ldrb wO, [xT, wI, uxtw]
    adr xB, BASE; add xJ, xB, wO, sxtb #2; br xJ

with ldrh and sxth where a byte is not enough, and adrp with add where the code model is not the
tiny one. Anything else is no jump table: None.

@req EVID-4
"""

REACH = 12  # instructions before the BR


def _signed(field, bits):
    return field - (1 << bits) if field >> bits - 1 else field


def _page_or_place(word, address):
    """What ADR or ADRP computes."""
    offset = _signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
    return (address & ~0xFFF) + (offset << 12) if word >> 31 else address + offset


def jump_table(word, bytes_at, address):
    """The targets of the BR at `address`; word: address -> instruction; bytes_at: (address, count)
    -> bytes."""
    before = [(a, word(a) or 0) for a in range(address - 4, address - 4 * REACH, -4)]
    jump = word(address) >> 5 & 31

    def last(mask, value, register=None, end=address):
        """The nearest instruction before `end` that matches, with `register` as its destination."""
        return next(((a, w) for a, w in before
                     if a < end and w & mask == value and register in (None, w & 31)), (None, None))

    def loaded(register, end):
        """What `register` holds before `end`, by ADR, or by ADRP and ADD; None: something else."""
        at, page = last(0x1F000000, 0x10000000, register, end)
        if page is None or not page >> 31:
            return page and _page_or_place(page, at)
        _, low = last(0xFFC00000, 0x91000000, register, end)
        return low and _page_or_place(page, at) + (low >> 10 & 0xFFF)

    for add, load, each in ((0x8B208800, 0x38604800, 1), (0x8B20A800, 0x78605800, 2)):
        _, step = last(0xFFE0FC00, add, jump)
        if step is None:
            continue
        at, base = last(0x9F000000, 0x10000000, step >> 5 & 31)
        read_at, read = last(0xFFE0FC00, load, step >> 16 & 31)
        if base is None or read is None:
            return None
        place = loaded(read >> 5 & 31, read_at)
        _, limit = last(0xFF80001F, 0x7100001F)
        _, above = last(0xFF00001E, 0x54000008)  # b.hi, or b.ls to the table's code
        if None in (place, limit, above) or limit >> 5 & 31 != read >> 16 & 31:
            return None
        count = (limit >> 10 & 0xFFF) + 1
        data = bytes_at(place, each * count)
        offsets = [int.from_bytes(data[i:i + each], "little", signed=True)
                   for i in range(0, len(data), each)]
        return tuple(sorted({_page_or_place(base, at) + 4 * o for o in offsets}))
    return None

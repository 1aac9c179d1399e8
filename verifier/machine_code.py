"""What the image's own instructions write into the registers that isolate, by known bits.

A forward data-flow analysis over A64 code, function by function: for each general register it
knows which bits must be 0 and which must be 1. It is sound by giving up: an instruction that is
not modelled makes every register that it could write unknown, a call makes all unknown that
AAPCS64 does not preserve, and a branch that leaves the function otherwise than by a call, a jump
to another function or a return is reported. Loads from constant memory at a known address are
followed, so a register that gets its value from a table is known in full. The one assumption is
that called functions keep to AAPCS64 (x19 to x28 and sp are preserved); that a known function
leaves others alone is read off its instructions, since compilers rely on it. [DDI0487 C4.1, C6.2]

@req EVID-1
"""

from bisect import bisect_right
from collections import namedtuple
import struct

from verifier.faults import Malformed

MASK64 = (1 << 64) - 1
UNKNOWN = (0, 0)  # (bits known to be 1, bits known to be 0)
PRESERVED = range(19, 29)
CALLER_SAVED = frozenset(range(31)) - frozenset(PRESERVED)
TOP = (UNKNOWN,) * 31

REGISTERS = {
    (3, 4, 1, 0, 0): "SCTLR_EL2", (3, 4, 1, 1, 0): "HCR_EL2", (3, 4, 2, 0, 0): "TTBR0_EL2",
    (3, 4, 2, 0, 1): "TTBR1_EL2", (3, 4, 2, 0, 2): "TCR_EL2", (3, 4, 10, 2, 0): "MAIR_EL2",
    (3, 4, 2, 1, 0): "VTTBR_EL2", (3, 4, 2, 1, 2): "VTCR_EL2", (3, 4, 12, 0, 0): "VBAR_EL2",
}

Write = namedtuple("Write", "register address function ones zeros")


def constant(value):
    """A register of which every bit is known."""
    value &= MASK64
    return value, ~value & MASK64


def is_constant(known):
    return known[0] | known[1] == MASK64


def join(a, b):
    """What holds on both of two ways."""
    return a[0] & b[0], a[1] & b[1]


def register_writes(elf):
    """(address, register name) of each MSR in executable memory that names one of REGISTERS; data
    between the code that looks like one counts as one."""
    found = []
    for segment in elf.segments:
        if not segment.flags & 1:
            continue
        size = (segment.file_end - segment.base) & ~3
        words = struct.unpack(f"<{size // 4}I", elf.read(segment.base, size))
        for i, word in enumerate(words):
            if word >> 20 == 0xD51:
                key = (2 + (word >> 19 & 1), word >> 16 & 7, word >> 12 & 15, word >> 8 & 15,
                       word >> 5 & 7)
                if key in REGISTERS:
                    found.append((segment.base + 4 * i, REGISTERS[key]))
    return found


class CannotFollow(Exception):
    """The analysis does not understand the control flow of a function."""


def _sign(value, bits):
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def _bit_mask(word):
    """The immediate of a logical instruction [DDI0487 J1.1, DecodeBitMasks], or None."""
    n, immr, imms = word >> 22 & 1, word >> 16 & 63, word >> 10 & 63
    length = (n << 6 | ~imms & 63).bit_length() - 1
    if length < 1:
        return None
    size = 1 << length
    s, r = imms & size - 1, immr & size - 1
    if s == size - 1:
        return None
    ones = (1 << s + 1) - 1
    element = (ones >> r | ones << size - r) & (1 << size) - 1
    value = 0
    for at in range(0, 64, size):
        value |= element << at
    return value if word >> 31 else value & 0xFFFFFFFF


def _logical(kind, a, b):
    """AND, ORR, EOR of known bits."""
    if kind in (0, 3):
        return a[0] & b[0], a[1] | b[1]
    if kind == 1:
        return a[0] | b[0], a[1] & b[1]
    return a[0] & b[1] | a[1] & b[0], a[0] & b[0] | a[1] & b[1]


def _narrow(known, wide):
    """A 32-bit result clears the upper half."""
    return known if wide else (known[0] & 0xFFFFFFFF, known[1] | 0xFFFFFFFF << 32)


def _shifted(known, kind, amount):
    """LSL, LSR of known bits; others unknown."""
    if amount == 0:
        return known
    low = (1 << amount) - 1
    if kind == 0:
        return known[0] << amount & MASK64, known[1] << amount & MASK64 | low
    if kind == 1:
        return known[0] >> amount, known[1] >> amount | MASK64 ^ MASK64 >> amount
    return UNKNOWN


def _branch_target(word, address):
    """Where a direct branch goes, or None."""
    if word >> 26 & 31 == 0b00101:  # B, BL
        return address + 4 * _sign(word & 0x3FFFFFF, 26)
    if word >> 24 == 0x54 or word >> 25 & 0x3F == 0b011010:  # B.cond, CBZ, CBNZ
        return address + 4 * _sign(word >> 5 & 0x7FFFF, 19)
    if word >> 25 & 0x3F == 0b011011:  # TBZ, TBNZ
        return address + 4 * _sign(word >> 5 & 0x3FFF, 14)
    return None


def _apart(elf):
    """The image's functions, one an address; Malformed where two overlap."""
    found = []
    for function in elf.functions:
        last = found[-1] if found else None
        if function.base % 4 or last is not None and last.base == function.base:
            continue
        if last is not None and function.base < last.base + last.size:
            raise Malformed(f"the functions {last.name} and {function.name} overlap",
                            function.base)
        found.append(function)
    return found


class Analysis:
    """Values at the writes to system registers, over all of an image's functions."""

    def __init__(self, elf):
        self.elf = elf
        self.functions = _apart(elf)
        self._bases = [f.base for f in self.functions]
        self._returns = {}
        self._clobbers = {}
        self._states = {}
        self.read = set()  # addresses of constants that were looked at
        self._entered = self._entered_inside()

    def _entered_inside(self):
        """Functions into whose middle another one branches: their start does not tell all."""
        found = set()
        for function in self.functions:
            data = self.elf.read(function.base, function.size & ~3, function.name)
            for i, word in enumerate(struct.unpack(f"<{len(data) // 4}I", data)):
                if word >> 25 & 0x1E not in (10, 26):  # branches, and a few that are none
                    continue
                target = _branch_target(word, function.base + 4 * i)
                if target is None or function.base <= target < function.base + function.size:
                    continue
                other = self.function_at(target)
                if other is not None and other.base != target:
                    found.add(other.base)
        return found

    def function_at(self, address):
        """The function that holds `address`, or None."""
        i = bisect_right(self._bases, address) - 1
        if i >= 0 and address < self.functions[i].base + self.functions[i].size:
            return self.functions[i]
        return None

    def written(self, address):
        """Known bits of the general register that the MSR at `address` writes."""
        function = self.function_at(address)
        if function is None:
            raise CannotFollow("it lies in no function")
        self._result_of(function)
        state = self._states[function.base].get(address)
        if state is None:
            return UNKNOWN  # never reached from the function's start: nothing is known
        return self._get(state, self._word(address) & 31)

    def _word(self, address):
        return int.from_bytes(self.elf.read(address, 4), "little")

    @staticmethod
    def _get(state, n):
        return constant(0) if n == 31 else state[n]

    @staticmethod
    def _put(state, n, known):
        return state if n == 31 else state[:n] + (known,) + state[n + 1:]

    # --- control flow ----------------------------------------------------------------------

    def _analyse(self, function):
        """Fixed point over the function; its return value (x0) goes to _returns."""
        if function.base in self._states:
            return
        if function.base in self._entered:
            raise CannotFollow(f"{function.name} is entered in its middle")
        self._states[function.base] = states = {}
        self._returns[function.base] = UNKNOWN  # while a recursive call asks
        result = None
        todo = [(function.base, TOP)]
        while todo:
            address, state = todo.pop()
            if not function.base <= address < function.base + function.size:
                raise CannotFollow(f"{function.name} runs on beyond its end at 0x{address:x}")
            if address in states:
                joined = tuple(map(join, states[address], state))
                if joined == states[address]:
                    continue
                state = joined
            states[address] = state
            after, returned = self._step(function, address, state)
            todo += after
            if returned is not None:
                result = returned if result is None else join(result, returned)
        self._returns[function.base] = result or UNKNOWN

    def _step(self, function, address, state):
        """([(next address, state)], x0 of a return or None)."""
        word = self._word(address)
        if word >> 26 & 7 == 5 or word >> 25 & 15 in (10, 11):
            return self._branch(function, address, word, state)
        return [(address + 4, self._compute(address, word, state))], None

    def _branch(self, function, address, word, state):
        after, target = address + 4, _branch_target(word, address)
        if word >> 26 == 0b100101:  # BL
            return [(after, self._called(target, state))], None
        if word >> 26 == 0b000101:  # B: inside, or a call in the last place
            if function.base <= target < function.base + function.size:
                return [(target, state)], None
            return [], self._called(target, state)[0]
        if target is not None:
            return [(target, state), (after, state)], None
        if word & 0xFFFFFC1F == 0xD65F0000:  # RET
            return [], state[0]
        if word & 0xFFFFFC1F == 0xD63F0000:  # BLR
            return [(after, self._called(None, state))], None
        if word & 0xFFFFFC1F == 0xD61F0000:  # BR: another function's code
            return [], UNKNOWN
        if word >> 24 == 0xD4:  # exceptions: SMC and HVC answer in registers, BRK does not return
            is_call = word & 3 in (2, 3) and word >> 21 & 7 == 0
            return ([(after, self._called(None, state))] if is_call else []), None
        if word >> 22 == 0x354:  # system instructions
            if word == 0xD69F03E0:
                return [], UNKNOWN
            if word >> 21 & 1:  # MRS, SYSL
                state = self._put(state, word & 31, UNKNOWN)
            if word >> 12 == 0xD5032:  # hints, of which some sign x17 or x30
                state = self._put(self._put(state, 17, UNKNOWN), 30, UNKNOWN)
            return [(after, state)], None
        if word == 0xD69F03E0:  # ERET
            return [], UNKNOWN
        raise CannotFollow(f"{function.name} has the unknown branch {word:08x} at 0x{address:x}")

    def _called(self, target, state):
        """State after a call of `target` (None: unknown)."""
        result = UNKNOWN
        callee = self.function_at(target) if target is not None else None
        if callee is not None and callee.base == target:
            result = self._result_of(callee)
        lost = self._lost_in(callee, target)
        kept = [UNKNOWN if n in lost else state[n] for n in range(31)]
        kept[0] = result
        return tuple(kept)

    def _result_of(self, callee):
        try:
            self._analyse(callee)
        except CannotFollow:
            self._states[callee.base] = {}  # what was found so far is no fixed point
            self._returns[callee.base] = UNKNOWN
        return self._returns[callee.base]

    def _lost_in(self, callee, target):
        """Registers that a call of `target` in `callee` may change, besides x0."""
        if callee is None or callee.base != target:
            return CALLER_SAVED
        if callee.base not in self._clobbers:
            self._clobbers[callee.base] = CALLER_SAVED  # while a recursive call asks
            lost = {30}
            for address in range(callee.base, callee.base + callee.size - 3, 4):
                lost |= self._changed_by(callee, address, self._word(address))
            self._clobbers[callee.base] = frozenset(lost - set(PRESERVED))
        return self._clobbers[callee.base]

    def _changed_by(self, function, address, word):
        """Registers that one instruction may change, calls included; rather too many."""
        group = word >> 25 & 15
        target = _branch_target(word, address)
        if target is not None and word >> 26 & 31 == 0b00101:  # B, BL
            if not word >> 31 and function.base <= target < function.base + function.size:
                return set()
            return {0, 30} | self._lost_in(self.function_at(target), target)
        is_ret_or_brk = word & 0xFFFFFC1F == 0xD65F0000 or word >> 21 == 0b11010100001
        if target is not None or is_ret_or_brk:
            return set()
        if word >> 22 == 0x354:
            return {word & 31, 17, 30}
        if group in (8, 9, 5, 13):
            return {word & 31}
        if word >> 24 & 0x3F == 0x39:  # loads and stores with an unsigned offset
            return {word & 31}
        if group in (4, 6, 12, 14):
            return {word & 31, word >> 5 & 31, word >> 10 & 31, word >> 16 & 31}
        return set(CALLER_SAVED)

    # --- data flow -------------------------------------------------------------------------

    def _compute(self, address, word, state):
        group = word >> 25 & 15
        if group in (8, 9):
            return self._put(state, word & 31, self._immediate(address, word, state))
        if word >> 21 & 0xFF == 0b11010010 and word >> 29 & 1 and not word & 1 << 10:
            return state  # CCMN, CCMP: flags only
        if group in (5, 13):
            return self._put(state, word & 31, self._registers(word, state))
        if group in (4, 6, 12, 14):
            return self._memory(address, word, state)
        return TOP

    def _immediate(self, address, word, state):
        wide, kind = word >> 31, word >> 23 & 7
        if word >> 24 & 31 == 0b10000:  # ADR, ADRP
            offset = _sign((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
            page = (address & ~0xFFF) + (offset << 12)
            return constant(page if wide else address + offset)
        if kind == 2 and word & 31 != 31 and not word >> 29 & 1:  # ADD, SUB (immediate)
            source = self._get(state, word >> 5 & 31)
            if word >> 5 & 31 == 31 or not is_constant(source):
                return UNKNOWN
            amount = (word >> 10 & 0xFFF) << (12 if word >> 22 & 1 else 0)
            total = source[0] - amount if word >> 30 & 1 else source[0] + amount
            return _narrow(constant(total), wide)
        if kind == 4:  # AND, ORR, EOR, ANDS (immediate)
            mask = _bit_mask(word)
            if mask is None or word & 31 == 31:
                return UNKNOWN
            source = self._get(state, word >> 5 & 31)
            return _narrow(_logical(word >> 29 & 3, source, constant(mask)), wide)
        if kind == 5:  # MOVN, MOVZ, MOVK
            shift, value = 16 * (word >> 21 & 3), (word >> 5 & 0xFFFF)
            if word >> 29 & 3 == 0:
                return _narrow(constant(~(value << shift)), wide)
            if word >> 29 & 3 == 2:
                return constant(value << shift)
            old, clear = self._get(state, word & 31), ~(0xFFFF << shift)
            new = value << shift
            return _narrow((old[0] & clear | new, old[1] & clear | ~new & ~clear & MASK64), wide)
        if kind == 6 and word >> 29 & 3 == 2:  # UBFM, of which LSL and LSR are followed
            return self._bit_field(word, state)
        return UNKNOWN

    def _bit_field(self, word, state):
        wide, r, s = word >> 31, word >> 16 & 63, word >> 10 & 63
        size = 64 if wide else 32
        source = _narrow(self._get(state, word >> 5 & 31), wide)
        if s == size - 1:
            return _shifted(source, 1, r)
        if s + 1 == r:
            return _narrow(_shifted(source, 0, size - r), wide)
        return UNKNOWN

    def _registers(self, word, state):
        wide = word >> 31
        if word >> 24 & 31 == 0b01010:  # AND, ORR, EOR, ANDS (shifted register)
            second = self._get(state, word >> 16 & 31)
            second = _shifted(_narrow(second, wide), word >> 22 & 3, word >> 10 & 63)
            if word >> 21 & 1:
                second = second[1], second[0]
            first = self._get(state, word >> 5 & 31)
            return _narrow(_logical(word >> 29 & 3, first, second), wide)
        if word >> 21 & 0xFF == 0b11010100 and not word >> 29 & 1:  # CSEL, CSINC, CSINV, CSNEG
            first, second = self._get(state, word >> 5 & 31), self._get(state, word >> 16 & 31)
            if (word >> 30 & 1, word >> 10 & 3) == (0, 1):  # CSINC
                second = constant(second[0] + 1) if is_constant(second) else UNKNOWN
            elif (word >> 30 & 1, word >> 10 & 3) != (0, 0):
                second = UNKNOWN
            return _narrow(join(first, second), wide)
        return UNKNOWN

    def _memory(self, address, word, state):
        if word >> 24 in (0x18, 0x58):  # LDR (literal)
            place = address + 4 * _sign(word >> 5 & 0x7FFFF, 19)
            return self._put(state, word & 31, self._loaded(place, 4 if word >> 24 == 0x18 else 8))
        size = 1 << (word >> 30)
        if word >> 22 & 0xFF == 0b11100101:  # LDR, LDRH, LDRB (unsigned offset)
            base = self._get(state, word >> 5 & 31)
            known = UNKNOWN
            if word >> 5 & 31 != 31 and is_constant(base):
                known = self._loaded(base[0] + size * (word >> 10 & 0xFFF), size)
            elif size < 8:
                known = (0, MASK64 ^ (1 << 8 * size) - 1)
            return self._put(state, word & 31, known)
        if word >> 22 & 0xFF == 0b11100100:  # STR, STRH, STRB (unsigned offset)
            return state
        for n in (word & 31, word >> 5 & 31, word >> 10 & 31, word >> 16 & 31):
            state = self._put(state, n, UNKNOWN)
        return state

    def _loaded(self, address, size):
        if address % size or not self.elf.is_constant(address, size):
            return UNKNOWN
        self.read |= set(range(address, address + size))
        return constant(int.from_bytes(self.elf.read(address, size), "little"))


def writes_of(elf, read=None):
    """A Write for each MSR of REGISTERS in the image; what cannot be followed is unknown. The
    addresses of constants that the result depends on are added to the set `read`."""
    analysis = Analysis(elf)
    found = []
    for address, register in register_writes(elf):
        function = analysis.function_at(address)
        try:
            ones, zeros = analysis.written(address)
        except (CannotFollow, RecursionError):
            ones, zeros = UNKNOWN
        found.append(Write(register, address, function.name if function else "no function", ones,
                           zeros))
    if read is not None:
        read |= analysis.read
    return found

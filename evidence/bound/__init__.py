"""Worst-case number of EL2 instructions of every class of exit, from the linked ELF.

The control flow graph of each function is read from the code itself; loops have the bounds that
the source states with LOOP_BOUND (runtime/lib/loop.h); calls through a pointer are resolved through
the const tables, by the rows that the stack analysis uses (evidence/stack/indirect.py). What cannot
be bounded is a fault with its function and place, never a guess. docs/bound.md says what is
counted and what is assumed.

@req EVID-4, CORE-5
"""

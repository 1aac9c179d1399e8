"""Worst-case stack of every way into EL2, and the call graph that it follows from.

Promises: a bound is given only when it is one. Recursion, a frame whose size is not a constant, a
function of unknown frame, an indirect call that no row of indirect.SITES resolves, and a function
whose address is taken but that no such row leads to are faults, each with its place. Frames come
from the compiler and are compared with the stack adjustments in the linked code; the objects that
the compiler reported on link to the very bytes of the image.

@req EVID-4
"""

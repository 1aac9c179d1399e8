"""Bulkhead's verifier: a finished image, its description and its board in, a verdict out.

It shares nothing with the compiler of descriptions: own ELF reader, own declarations of the
tables' C types, own descriptor decoders, own readers of the description and of devicetrees. It
starts where the hardware would, at the values that the image's code puts into TTBR0_EL2,
VTTBR_EL2 and the control registers. docs/verifier.md lists the properties.

@req EVID-1
"""

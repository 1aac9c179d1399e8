"""Rules about an interrupt's number as it is written: one of the two countings, and in its range.

They run with the rules of form, so that nothing later meets a number that no GIC has. SPI n is
INTID n + 32, up to INTID 1019 [IHI0069 2.2].
"""

from generator.diagnostics import Note
from generator.model import FIRST_SPI

LAST_INTID = 1019
LAST_SPI = LAST_INTID - FIRST_SPI


def check(irq, checked, diagnostics):
    """irq-ambiguous, and the rules below; returns the paths to leave out."""
    given = [key for key in ("spi", "intid") if key in irq]
    if len(given) == 2:
        _report_both(irq, diagnostics)
    elif not given:
        if checked.is_whole(*irq.path):
            diagnostics.error("irq-ambiguous", irq.place, "the interrupt has no number",
                              remedy="write `{ spi: 1 }` or `{ intid: 33 }`")
    elif _RANGES[given[0]](irq[given[0]], diagnostics):
        return set()
    return {irq.path}


def _report_both(irq, diagnostics):
    spi, intid = irq["spi"].value, irq["intid"].value
    agree = ", which agree" if intid == spi + FIRST_SPI else ""
    diagnostics.error("irq-ambiguous", irq.key_place("intid"),
                      f"both `spi: {spi}` (INTID {spi + FIRST_SPI}) and `intid: {intid}` are "
                      f"given{agree}", Note("`spi` is here", irq.key_place("spi")),
                      remedy="keep one of the two")


def _spi_in_range(node, diagnostics):
    """spi-out-of-range."""
    if 0 <= node.value <= LAST_SPI:
        return True
    diagnostics.error("spi-out-of-range", node.place,
                      f"there is no SPI {node.value}: SPIs are 0 to {LAST_SPI}",
                      remedy=f"write a number from 0 to {LAST_SPI}")
    return False


def _intid_in_range(node, diagnostics):
    """intid-not-spi, intid-out-of-range."""
    number = node.value
    if FIRST_SPI <= number <= LAST_INTID:
        return True
    if 0 <= number < FIRST_SPI:
        kind = "an SGI" if number < 16 else "a PPI"
        diagnostics.error("intid-not-spi", node.place,
                          f"INTID {number} is {kind}, which belongs to a CPU; a shared interrupt "
                          "is expected",
                          remedy=f"SPI {number} is INTID {number + FIRST_SPI}: write "
                          f"`{{ spi: {number} }}` or `{{ intid: {number + FIRST_SPI} }}`")
    else:
        diagnostics.error("intid-out-of-range", node.place,
                          f"there is no shared interrupt INTID {number}: they are {FIRST_SPI} to "
                          f"{LAST_INTID}",
                          remedy=f"write a number from {FIRST_SPI} to {LAST_INTID}")
    return False


_RANGES = {"spi": _spi_in_range, "intid": _intid_in_range}

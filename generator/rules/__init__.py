"""The rules that a description must keep: one small function each, in files by subject.

A rule's id is the name of its bad example in tests/generator/bad. Rules of form run in shape.py
before anything is resolved; those here run on the resolved description and the plan. The order
does not matter: diagnostics are sorted by place.

@req DESC-3
"""

from generator.rules import (
    boot, budgets, console, cpus, devices, entry, grants, guest_map, health, images, interrupts,
    life, memory, names, physical, schedule)
from generator.rules.context import Context

__all__ = ["Context", "RULES", "check"]

RULES = (*names.RULES, *console.RULES, *cpus.RULES, *schedule.RULES, *budgets.RULES,
         *memory.RULES, *physical.RULES, *guest_map.RULES, *images.RULES, *boot.RULES, *entry.RULES,
         *devices.RULES, *interrupts.RULES, *grants.RULES, *health.RULES, *life.RULES)


def check(context):
    """Runs all rules."""
    for rule in RULES:
        rule(context)

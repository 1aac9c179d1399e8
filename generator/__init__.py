"""The system compiler: one YAML description in, constants for the runtime out.

Phases, each `f(input, diagnostics) -> output`: load, schema, resolve, plan, check (rules/), emit.
"""

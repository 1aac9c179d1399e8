"""What an assessor asks for about one built system, collected from what was built and shown as one
self-contained page with machine-readable files beside it; docs/evidence.md.

Reads the build folder, the ELF, the sources and the tools; decides nothing about the system. It
imports nothing of the generator and nothing of the verifier, which it runs as programs.

@req EVID-7
"""

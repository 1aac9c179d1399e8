"""`python3 -m evidence`. A Python that lacks a module is told so in one sentence."""

import sys

if __name__ == "__main__":
    try:
        from evidence.cli import main
        sys.exit(main(sys.argv[1:]))
    except ModuleNotFoundError as missing:
        sys.exit(f"evidence: {sys.executable} has no module `{missing.name}`; use /usr/bin/python3, "
                 "for which `make install` installs all that scripts/packages.txt names")

"""Reading what was named on the command line or in a description.

@req EVID-1
"""

from pathlib import Path

from verifier.faults import Unreadable


def read_file(path, what=None):
    """The bytes of the file at `path`; Unreadable with the reason. A device or a pipe may have no
    end, and is no file. `what`: how the sentence calls it, else its path."""
    path = Path(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise Unreadable(f"{what or path} is a device or a pipe; a file is expected")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{what or path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no path: half of a UTF-16 pair, a NUL
        raise Unreadable(f"{what or 'a path'} cannot be read: it is no name of a file") from error

"""The project's own files: which they are, their hashes, and the commit they stand at.

The files are those that git tracks, as they lie in the work tree. `tree_hash` names them all at
once: test results carry it, so that a page can tell whether they are about these sources.

@req EVID-6
"""

import hashlib
import subprocess

from evidence.build import ROOT, EvidenceError


def _git(*arguments):
    done = subprocess.run(["git", "-c", f"safe.directory={ROOT}", *arguments], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EvidenceError(f"git {arguments[0]}: {done.stderr.strip()}; evidence is collected "
                            "in a clone of the project")
    return done.stdout


def tracked_files():
    """(path, bytes) of every tracked file that exists, by path."""
    names = sorted(set(_git("ls-files", "-z").split("\0")) - {""})
    for name in names:
        path = ROOT / name
        if path.is_file():
            yield name, path.read_bytes()


def tree_hash():
    """SHA-256 over the names and contents of all tracked files."""
    digest = hashlib.sha256()
    for name, data in tracked_files():
        digest.update(f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


def commit():
    """The commit's id and date, and whether a tracked file differs from it."""
    identifier, date = _git("show", "-s", "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
                            "--format=%H %cd", "HEAD").split()
    changed = _git("status", "--porcelain", "--untracked-files=no").strip()
    return {"id": identifier, "date": date, "changed": bool(changed)}

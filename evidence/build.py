"""One built system: its folder, the intermediate files in it, the ELF. Nothing is interpreted here
beyond numbers. A file that is missing or not what it should be raises EvidenceError, in words.

@req EVID-7
"""

from dataclasses import dataclass
from functools import cached_property
import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class EvidenceError(Exception):
    """Evidence cannot be collected: what is wrong and what to do."""


@dataclass(frozen=True)
class Build:
    folder: Path  # build/<name>
    description: Path

    @property
    def name(self):
        """Of the system, as the description says."""
        return self.plan["system"]

    @property
    def elf(self):
        """The linked image with its symbols."""
        return self.folder / "bulkhead.elf"

    @cached_property
    def plan(self):
        """plan.json: placement, ids, tables, each with its reason."""
        return _json(self.folder / "plan.json")

    @cached_property
    def resolved(self):
        """resolved.json: the description with every default written out, and the board."""
        return _json(self.folder / "resolved.json")

    @property
    def uart(self):
        """The board's UART, where the hypervisor has it as its console; else None."""
        has_console = self.plan["console_cpu"] is not None
        return self.resolved["board"]["uart"] if has_console else None

    @property
    def reserved(self):
        """Paths of the devices that the hypervisor keeps."""
        own = [self.uart["path"]] if self.uart else []
        return self.resolved["board"]["reserved"] + own

    @property
    def vms(self):
        """The plan's VMs, by id."""
        return self.plan["vms"]

    def vm_name(self, number):
        """The name of VM `number`."""
        return self.vms[number]["name"]


def _json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}; build the system first: make") from error
    except ValueError as error:
        raise EvidenceError(f"{path} is not JSON ({error}); build the system again: make"
                            ) from error


def sha256_of(path):
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def relative(path):
    """`path` below the project's folder, or as it is: no machine's folders in the evidence."""
    path = Path(path).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path.name)

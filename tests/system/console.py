"""Reads the board console as a terminal would, and takes it apart into the VMs' own lines.

The multiplexer draws `label | text`, erases an unfinished line (a prompt) when another VM's line
comes in between, and draws it again afterwards. So a small one-line terminal is needed: control
sequences move within the line, erase it, or colour it. What is left when a line ends belongs to
the VM that its label names; a label stands at the start of the line only.
"""

import re
from dataclasses import dataclass, field

CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
LABELLED = re.compile(r"^([a-z][a-z0-9_-]*) *\| ?(.*)$")


@dataclass
class Line:
    """The line that is being drawn: characters and a cursor."""

    cells: list[str] = field(default_factory=list)
    column: int = 0

    def put(self, character):
        missing = self.column - len(self.cells)
        self.cells.extend(" " * max(missing, 0))
        self.cells[self.column : self.column + 1] = [character]
        self.column += 1

    def control(self, argument, command):
        number = int(argument) if argument.isdigit() else 1
        if command == "D":
            self.column = max(self.column - number, 0)
        elif command == "C":
            self.column += number
        elif command == "K" and argument == "2":
            self.cells.clear()
        elif command == "K":
            del self.cells[self.column :]

    @property
    def text(self):
        return "".join(self.cells)


class Console:
    """Text of each VM: `text(vm)` is what it printed, its unfinished line included."""

    def __init__(self):
        self.complete = {}  # by VM: text of its finished lines
        self.partial = {}  # by VM: its unfinished line
        self.unlabelled = []  # lines that no label starts: none are expected
        self._line = Line()
        self._pending = ""  # an unfinished control sequence

    def text(self, vm):
        return self.complete.get(vm, "") + self.partial.get(vm, "")

    def feed(self, characters):
        characters = self._pending + characters
        self._pending = ""
        position = 0
        while position < len(characters):
            character = characters[position]
            if character == "\x1b":
                match = CONTROL.match(characters, position)
                if match is None:
                    if len(characters) - position < 16:
                        self._pending = characters[position:]
                        break
                    position += 1
                    continue
                self._note_partial()
                self._line.control(*match.groups())
                position = match.end()
                continue
            self._plain(character)
            position += 1
        self._note_partial()

    def _plain(self, character):
        if character == "\n":
            self._finish()
        elif character == "\r":
            self._line.column = 0
        elif character == "\b":
            self._line.column = max(self._line.column - 1, 0)
        elif character >= " ":
            self._line.put(character)

    def _finish(self):
        match = LABELLED.match(self._line.text)
        if match:
            vm, text = match.groups()
            self.complete[vm] = self.complete.get(vm, "") + text + "\n"
            self.partial[vm] = ""
        elif self._line.text.strip():
            self.unlabelled.append(self._line.text)
        self._line = Line()

    def _note_partial(self):
        match = LABELLED.match(self._line.text)
        if match:
            self.partial[match.group(1)] = match.group(2)

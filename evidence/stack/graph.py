"""The call graph that GCC writes with -fcallgraph-info=su: one .ci file an object.

A node's title is the function's name, with "path:" before it when the function is static. A node
with a frame is a definition; one without is only called. An edge's label is the place of the call.

@req EVID-4
"""

from dataclasses import dataclass, field
import re

NODE = re.compile(r'^node: \{ title: "([^"]*)" label: "([^"]*)"', re.M)
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"'
                  r'(?: label: "([^"]*)")? \}', re.M)
FRAME = re.compile(r"(\d+) bytes \(([a-z,]+)\)")
INDIRECT = "__indirect_call"


@dataclass(frozen=True)
class Function:
    title: str
    place: str  # file:line:column
    frame: int  # bytes
    is_static: bool  # the frame's size is a constant


@dataclass(frozen=True)
class Call:
    caller: str
    callee: str  # title; INDIRECT when it goes through a pointer
    place: str


@dataclass
class Graph:
    functions: dict = field(default_factory=dict)  # title -> Function
    calls: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def add(self, text):
        """Takes in the text of one .ci file."""
        for title, label in NODE.findall(text):
            frame = FRAME.search(label)
            if frame is None:
                continue
            if title in self.functions:
                self.faults.append(f"{title} is defined twice")
            self.functions[title] = Function(title, label.split("\\n")[1], int(frame[1]),
                                             frame[2] == "static")
        self.calls += [Call(*found) for found in EDGE.findall(text)]


def name_of(title):
    """The symbol's name in a title."""
    return title.rsplit(":", 1)[-1]


def read_graph(texts):
    """The graph of all .ci texts together."""
    graph = Graph()
    for text in texts:
        graph.add(text)
    return graph

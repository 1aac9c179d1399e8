"""The two ways in which an input can be wrong before a property is looked at.

@req EVID-1
"""


class Unreadable(Exception):
    """An input cannot be judged at all (no ELF file, no description, ...): exit status 2."""


class Malformed(Exception):
    """Something inside the image does not decode: the image is rejected.

    `pa` is the physical address of the first byte that is wrong, or None.
    """

    def __init__(self, sentence, pa=None):
        super().__init__(sentence)
        self.sentence = sentence
        self.pa = pa

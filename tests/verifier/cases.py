"""Edits of an image, each with the property that it breaks: what the tests of wrong images run through."""

import pytest


def registry():
    """(the list of cases, the decorator that adds an edit to it)."""
    cases = []

    def wrong(name, also=()):
        """Registers an edit of the property `name`; it returns the sentence. `also`: properties
        that the edit breaks as well."""
        def add(edit):
            cases.append(pytest.param(name, set(also), edit, id=f"{name}-{edit.__name__}"))
            return edit
        return add

    return cases, wrong

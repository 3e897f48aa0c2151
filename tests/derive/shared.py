"""What the tests of one process read again and again: systems, their derivations, and reviews of documents, each made once."""

from __future__ import annotations

from functools import lru_cache

import wengert as wg
from wengert.notes.claims.review import Review, review

KEPT = 1000
"""So many of each are kept."""


@lru_cache(maxsize=KEPT)
def system_of(text: str, syntax: str | None = None) -> wg.System:
    """The system of a text."""
    return wg.equations(text, syntax)


@lru_cache(maxsize=KEPT)
def derivation_of(text: str, syntax: str | None = None, wrt: tuple[str, ...] = ()) -> wg.Derivation:
    """The backward pass of a system."""
    return system_of(text, syntax).backward(wrt=list(wrt))


@lru_cache(maxsize=KEPT)
def reviewed(text: str) -> Review:
    """What is found in a document."""
    return review(text)

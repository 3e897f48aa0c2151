"""How much was done for a document. Budgets are counted in steps and not in seconds, so that a verdict is the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass

VALUE, RECALLED, TRY, LOOKED = 1.0, 0.5, 4.0, 0.1
"""What a value costs that is worked out, one that was worked out before, one try of a link, and a node that is looked at for facts."""
ENTRIES = 2000
"""So many entries of an array cost as much as a value."""


@dataclass
class Work:
    """The steps that were done so far; one is the value of one node of a formula, about 60 µs."""

    done: float = 0.0

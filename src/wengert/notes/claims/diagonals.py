"""∂y_i/∂z_k stated for i = k or for i ≠ k alone, as the text around a line says: 'If i = k, ∂p_i/∂z_k = p_k (1 − p_k)'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.notes.claims.points import close

Array = Any
BEFORE, BEHIND = 160, 80
"""So many signs around a line may say for which entries it is meant."""


def stated_entries(letters: Sequence[str], values: Sequence[Array], expected: Sequence[Array], around: str) -> str:
    """The condition, 'i = k' or 'i ≠ k', under which values are right, if the text around them says so; "" otherwise."""
    for a in range(len(letters)):
        for b in range(a + 1, len(letters)):
            if np.shape(expected[0])[a] != np.shape(expected[0])[b]:
                continue
            for sign, equal in (("=", True), ("≠", False)):
                said = _says(around, letters[a], letters[b], equal=equal)
                if said and _agree(values, expected, a, b, equal=equal):
                    return f"{letters[a]} {sign} {letters[b]}"
    return ""


def _agree(values: Sequence[Array], expected: Sequence[Array], a: int, b: int, *, equal: bool) -> bool:
    """Whether values and what is expected are equal where two indices are, or where they are not."""
    mask = np.indices(np.shape(expected[0]))
    chosen = (mask[a] == mask[b]) == equal
    return close([np.asarray(v)[chosen] for v in values], [np.asarray(e)[chosen] for e in expected])


def _says(around: str, one: str, other: str, *, equal: bool) -> bool:
    sign = r"={1,2}" if equal else r"(?:\\neq?(?![A-Za-z])|\\not\s*=|≠|!=|<>)"
    gap = r"[\s{}$]*(?:\\[,;!]\s*)?"
    pairs = ((one, other), (other, one))
    return any(re.search(rf"(?<![\w_\\]){x}{gap}{sign}{gap}{y}(?![\w(])", around) for x, y in pairs)

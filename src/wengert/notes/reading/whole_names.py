"""Names of several letters that LaTeX sets as single ones: the net of net_j = Σ_i w_ji o_i.

A run of letters is one name in the whole document where it stands alone as a left side, or alone behind a ∂: both name one quantity.
It must not know what the name means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notes.reading.located import Located

RUN = r"(?P<name>[A-Za-z]{3,})(?![A-Za-z])"
"""A x = b and Ax = b are equations that x solves; three letters are no such product."""
SCRIPT = r"(?:\s*[_^]\s*(?:\{[^{}]*\}|\w))*"
LEFT_SIDE = re.compile(rf"(?:^|\\\\|&)\s*{RUN}{SCRIPT}\s*&?\s*=(?!=)")
DERIVED_BY = re.compile(rf"\\partial\s+{RUN}{SCRIPT}\s*(?=\}})")
SPELLED = r"\\(?:text\w*|math\w+|mbox|hbox|operatorname\*?|begin|end|label|tag|ref|eqref)\s*\{[^{}]*\}|\\[A-Za-z]+"


def whole_names(formulas: Iterable[str]) -> frozenset[str]:
    """The runs of letters that are names, of all formulas in LaTeX of a document."""
    found: set[str] = set()
    for formula in formulas:
        for pattern in (LEFT_SIDE, DERIVED_BY):
            found |= {match["name"] for match in pattern.finditer(formula)}
    return frozenset(name for name in found if not _is_known(name))


def _is_known(name: str) -> bool:
    return name in FUNCTIONS or name in OTHER_SPELLINGS or name.startswith("d")


def with_whole_names(part: Located, found: frozenset[str]) -> Located:
    """A formula with each of the names set as one."""
    if not any(name in part.text for name in found):
        return part
    words = "|".join(sorted(map(re.escape, found), key=len, reverse=True))
    pattern = re.compile(rf"{SPELLED}|(?<![A-Za-z])(?P<name>{words})(?![A-Za-z])")
    return part.replaced(pattern, _set_as_one)


def _set_as_one(match: re.Match[str]) -> str:
    return match.group() if match["name"] is None else f"\\mathrm{{{match['name']}}}"

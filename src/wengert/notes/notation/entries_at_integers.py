"""Entries at an integer, the p_y of L = −log p_y: y is no index letter, but which of the entries p_k is taken.

So it is read where p has a line by index that nothing else reads, because p_y as a name of its own would leave that line without a use;
and with a usual index letter, s_i beside Σ_j e^{s_j}.
"""

from __future__ import annotations

from collections import defaultdict

from wengert.notes.notation.occurrences import Occurrence, Occurrences
from wengert.notes.notation.scripts import clusters, is_roman

USUAL = frozenset("ijklmn")


def chosen_entries(facts: Occurrences, letters: frozenset[str], declared: frozenset[str]) -> frozenset[tuple[str, str]]:
    """(p, y) for each such entry."""
    lefts = {(occurrence.base, _letter(occurrence)) for occurrence in facts.lefts.values()}
    assigned = {base for base, _ in lefts}
    reads: dict[str, set[str]] = defaultdict(set)
    for occurrence in facts.occurrences:
        if not occurrence.left:
            reads[occurrence.base].add(_letter(occurrence))
    found: set[tuple[str, str]] = set()
    for base, places in reads.items():
        others = places - letters
        place = next(iter(others)) if len(others) == 1 else ""
        if not place or place in assigned or (base, place) in lefts or f"{base}_{place}" in declared:
            continue
        only = places == {place} and any((base, letter) in lefts for letter in letters)
        if only or (base not in assigned and place in USUAL and places & letters):
            found.add((base, place))
    return frozenset(found)


def _letter(occurrence: Occurrence) -> str:
    """The only letter of a subscript; "" for any other."""
    content = occurrence.subscript or []
    one = len(content) == 1 and content[0].kind == "name" and len(clusters(content[0].text)) == 1
    return content[0].text if one and not is_roman(content[0]) and occurrence.label is None else ""

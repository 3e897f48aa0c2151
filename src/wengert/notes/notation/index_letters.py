"""Which letters are indices (decision 17 of notation.md), and which subscripts are part of a name."""

from __future__ import annotations

from collections import defaultdict

from wengert.notes.notation import names
from wengert.notes.notation.occurrences import Occurrence, Occurrences
from wengert.notes.notation.scripts import clusters, elements, list_letters, shape, spelled, split_at_commas
from wengert.notes.notation.symbols import Symbols
from wengert.notes.notation.tokens import Token

CONVENTIONAL = frozenset("ijklmn")


class IndexLetters:
    """The decision which letters are indices (decision 17 of notation.md)."""

    def __init__(self, facts: Occurrences, declared: frozenset[str], context: Symbols, implicit: bool) -> None:
        self.facts, self.declared, self.context, self.implicit = facts, declared, context, implicit
        self.letters = facts.bound | context.letters
        self.lefts = {n: o for n, o in facts.lefts.items() if o.subscript is not None}
        self.assigned = {o.base for n, o in facts.lefts.items() if o.subscript is None and not o.token.bars}
        self.assigned |= {name for name in context.assigned if "_" not in name}
        self.assigned |= self.sequences()
        if context.backward:
            self.lefts = facts.denominators | self.lefts
        self.left_letters: dict[int, set[str]] = {}
        for number, left in self.lefts.items():
            content = left.subscript or []
            self.left_letters[number] = set(list_letters(content) if shape(content) == "list" else elements(content))
        self.bare_in: dict[str, set[int]] = defaultdict(set)
        self.single_in: dict[int, set[str]] = defaultdict(set)
        self.words_in: dict[int, set[tuple[str, ...]]] = defaultdict(set)
        for occurrence in facts.occurrences:
            self.note(occurrence)

    def sequences(self) -> set[str]:
        """Letters that are quantities because entries of theirs have lines, the gates i_t and n_t; not where one is shifted (t−1)
        or stands beside another index letter (w_ki)."""
        found = {left.base for left in self.lefts.values() if not left.token.bars}
        for occurrence in self.facts.occurrences:
            content = occurrence.subscript or []
            if shape(content) == "list":
                found -= {c for part in split_at_commas(content) if len(part) > 1 for c in list_letters(part)}
            elif shape(content) == "letters" and any(c in self.letters for c in elements(content)):
                found -= set(elements(content))
        return found

    def note(self, occurrence: Occurrence) -> None:
        if occurrence.bare and not occurrence.applied and not occurrence.left:
            self.bare_in[occurrence.base].add(occurrence.chunk)
        if occurrence.subscript is None or occurrence.left:
            return
        content = occurrence.subscript
        kind = shape(content)
        found = list_letters(content) if kind == "list" else elements(content) if kind == "letters" else []
        if kind == "list" or len(found) == 1:
            self.single_in[occurrence.chunk] |= set(found)
        elif kind == "letters":
            self.words_in[occurrence.chunk].add(tuple(found))

    def possible(self, letter: str) -> bool:
        """Whether a letter may be an index at all: not assigned, not declared, not used as a quantity elsewhere."""
        if letter in self.letters:
            return True
        if len(clusters(letter)) != 1 or not letter[0].isalpha() or letter in self.assigned or letter in self.declared:
            return False
        if self.context.backward and letter in self.context.names:
            return False
        homes = {n for n, letters in self.left_letters.items() if letter in letters}
        return all(n in homes or letter in self.facts.bound_in[n] for n in self.bare_in.get(letter, ()))

    def decide(self) -> frozenset[str]:
        for number, left in self.lefts.items():  # x_i and x_{i,j} on the left
            kind, content = shape(left.subscript or []), left.subscript or []
            if kind == "list" or (kind == "letters" and len(elements(content)) == 1):
                name = names.join(left.base, subscript=spelled(content))
                if not self.context.is_quantity(name) and name not in self.declared:
                    letters = self.left_letters[number]
                    if kind == "list" or any(c in self.counted() or number in self.bare_in[c] for c in letters):
                        self.letters |= {c for c in letters if self.possible(c) and not self.names_one(c)}
        for _ in range(2):  # x_ij on the left
            for number, left in self.lefts.items():
                self.left_word(number, left)
        self.right_only()
        return frozenset(self.letters)

    def names_one(self, letter: str) -> bool:
        """Whether a capital under left sides, the B of μ_B = 1/m Σ_i x_i, tells of what this is the mean: it indexes nothing else."""
        if not letter.isupper() or letter in self.facts.bound:
            return False
        own = {left.base for left in self.lefts.values() if spelled(left.subscript or []) == letter}
        return all(o.base in own for o in self.facts.occurrences if letter in list_letters(o.subscript or []))

    def counted(self) -> set[str]:
        """Letters that some Σ binds or that stand in a subscript on a right side: the n of E_n = ½ Σ_k (y_k − t_k)² does not. One that
        stands by itself on its line's right side, in ⟦p = i + k⟧, is an index too."""
        words = {letter for found in self.words_in.values() for word in found for letter in word}
        return self.letters.union(words, *self.single_in.values())

    def left_word(self, number: int, left: Occurrence) -> None:
        content = left.subscript or []
        if shape(content) != "letters":
            return
        found = [c for c in elements(content) if not c.isdigit()]
        if len(found) < 2 or not all(self.possible(c) for c in found):
            return
        name = names.join(left.base, subscript=spelled(content))
        if name in self.declared or self.context.is_quantity(name):
            return
        supported = all(c in self.letters or c in self.single_in[number] for c in found) or self.shared(number, found)
        usual = set(found) <= CONVENTIONAL and tuple(found) in {w for words in self.words_in.values() for w in words}
        bases = {left.base, left.base[1:]} if left.base[0] == "d" and self.context.backward else {left.base}
        bases |= {_twin(base) for base in bases}
        counted = any(len(found) in self.context.counts.get(base, ()) for base in bases)
        if supported or usual or counted:
            self.letters |= set(found)

    def shared(self, number: int, found: list[str]) -> bool:
        """Whether all letters of O_bhqd stand in words on the right, as in Σ_k P_bhqk V_bhkd, which have no others but those of a Σ."""
        bound = self.facts.bound_in[number]
        if self.implicit:  # what is on the right only is summed
            bound = bound | {c for word in self.words_in[number] for c in word} - set(found)
        words = [set(word) for word in self.words_in[number] if bound & set(word) and set(word) <= bound | set(found)]
        return bool(words) and set(found) <= set().union(*words)

    def right_only(self) -> None:
        """Letters i … n that index several names on the right only: free indices, an error that a later stage explains."""
        users: dict[str, set[str]] = defaultdict(set)
        named = set[str]()  # ℓ of ℓ_w: a base that has a subscript which is no index, beside which ℓ_l has none either
        for occurrence in self.facts.occurrences:
            if occurrence.subscript is None or shape(occurrence.subscript) != "letters" or occurrence.left:
                continue
            found = elements(occurrence.subscript)
            if len(found) == 1 and found[0].isalpha() and found[0] not in self.letters | CONVENTIONAL:
                named.add(occurrence.base)
            for letter in found:
                users[letter].add(occurrence.base)
                if len(found) > 1 and any(other in self.letters for other in found):
                    users[letter].add("")
        for letter, bases in users.items():
            if (
                letter in CONVENTIONAL
                and len(bases) > 1
                and not bases <= named
                and letter not in self.bare_in
                and self.possible(letter)
            ):
                self.letters.add(letter)


def _twin(base: str) -> str:
    """The matrix name of an entry's name and back: w, W."""
    return base.lower() if base.isupper() else base.upper()


def is_name_subscript(base: str, label: str, content: list[Token], symbols: Symbols) -> bool:
    """Whether a subscript is part of the name rather than an index (decisions 5 and 17)."""
    kind = shape(content)
    if kind == "list" or (not label and (base, spelled(content)) in symbols.chosen):
        return False
    name = names.join(base, label, spelled(content))
    if kind == "name" or symbols.is_quantity(name) or (symbols.backward and name in symbols.names):
        return True
    counts = symbols.counts.get(names.join(base, label), frozenset())
    if kind == "digits":
        return not counts
    found = elements(content)
    if all(c in symbols.letters or c.isdigit() for c in found):
        return all(c.isdigit() for c in found)
    whole = {names.join(base, label), names.join(base[0].upper() + base[1:], label)}
    if symbols.backward and whole & symbols.names and all(len(clusters(c)) == 1 for c in found):
        # an entry b_j of a known b, or b_ij of B, that no line has by index
        return any(symbols.is_quantity(c) for c in found)
    if symbols.implicit_sums and len(found) == 1:
        return False
    return not (len(found) > 1 and len(found) in counts and all(len(c) == 1 for c in found))

"""The first pass over all lines: which names are index letters, which are functions, which have lines of their own.

It walks over tokens without parsing expressions, and yields the Symbols that the parser reads the lines with.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wengert.notation import names
from wengert.notation.chunks import Chunk, relations
from wengert.notation.expr import Declaration
from wengert.notation.scripts import (
    Script,
    clusters,
    elements,
    is_roman,
    list_letters,
    next_script,
    shape,
    spelled,
    split_at_commas,
)
from wengert.notation.symbols import FUNCTION_LETTERS, FUNCTIONS, OTHER_SPELLINGS, Symbols, words
from wengert.notation.tokens import Source, Token

CONVENTIONAL = frozenset("ijklmn")
REDUCTIONS = frozenset({"max", "min", "argmax", "argmin"})
ALWAYS_FUNCTIONS = frozenset(
    words(
        "exp log ln sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan det tr sqrt relu softmax logsumexp erf"
    )
)


SHORT_GREEK = {"μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi"}
"""The Greek letters whose names could be two index letters."""


@dataclass
class Occurrence:
    """One name as it stands in the text, with its scripts as token slices."""

    token: Token
    chunk: int
    left: bool
    inside: bool  # in a subscript
    subscript: list[Token] | None = None
    label: list[Token] | None = None
    primes: int = 0
    arguments: tuple[str, ...] = ()  # of f(x, y) on the left
    applied: str = ""  # "(" if a bracket follows, "near" if it follows without a space
    whole_left: bool = False  # nothing else stands on the left side
    lone_script: bool = False  # the only sign of a superscript: the T of x^T

    @property
    def base(self) -> str:
        return self.token.text

    @property
    def bare(self) -> bool:
        return not self.inside and self.subscript is None and not self.lone_script


@dataclass
class Facts:
    """What one walk over the chunks collects."""

    occurrences: list[Occurrence] = field(default_factory=list[Occurrence])
    bound: set[str] = field(default_factory=set[str])
    bound_in: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    lefts: dict[int, Occurrence] = field(default_factory=dict[int, Occurrence])
    denominators: dict[int, Occurrence] = field(default_factory=dict[int, Occurrence])
    """The w_ij of a left side ∂L/∂w_ij."""
    labels: set[str] = field(default_factory=set[str])


def collect(chunks: list[Chunk], source: Source) -> Facts:
    """All names of all chunks, with the letters that a Σ binds."""
    facts = Facts()
    for number, chunk in enumerate(chunks):
        signs = relations(chunk.tokens)
        edge = signs[0] if signs else 0
        pending: list[tuple[list[Token], bool, int]] = [(chunk.tokens, False, edge)]
        while pending:
            tokens, inside, left_end = pending.pop()
            for occurrence, inner in _walk(tokens, inside, left_end, number, facts, source):
                if occurrence is not None:
                    facts.occurrences.append(occurrence)
                    if occurrence.whole_left and not occurrence.inside:
                        facts.lefts[number] = occurrence
                    elif occurrence.left and not occurrence.inside and occurrence.subscript is not None:
                        facts.denominators[number] = occurrence
                pending.extend((content, True, 0) for content in inner)
    return facts


def _walk(
    tokens: list[Token], inside: bool, left_end: int, number: int, facts: Facts, source: Source
) -> Iterator[tuple[Occurrence | None, list[list[Token]]]]:
    at = 0
    begin = 1 if left_end and _begins_with_d(tokens) else 0
    while at < len(tokens):
        token = tokens[at]
        script = next_script(tokens, at + 1, source) if token.kind in ("big", "name") else None
        if token.kind == "big" or (
            token.kind == "name" and token.text in REDUCTIONS and script is not None and script.kind == "sub"
        ):
            at += 1
            while script is not None and script.kind != "prime":
                if script.kind == "sub":
                    letters = set(list_letters(script.content))
                    facts.bound |= letters
                    facts.bound_in[number] |= letters
                else:
                    yield None, [script.content]
                at = script.end
                script = next_script(tokens, at, source)
        elif token.kind == "name":
            occurrence = Occurrence(token, number, at < left_end, inside)
            occurrence.lone_script = at > 0 and tokens[at - 1].kind == "sup"
            start, at = at, at + 1
            inner: list[list[Token]] = []
            while script is not None:
                _attach(occurrence, script, inner, facts)
                at = script.end
                script = next_script(tokens, at, source)
            if at < len(tokens) and tokens[at].kind == "open" and tokens[at].text in ("(", "["):
                occurrence.applied = "(" if tokens[at].space else "near"
                if occurrence.left and start == begin and at + tokens[at].reach + 1 == left_end:
                    occurrence.arguments = tuple(t.text for t in tokens[at + 1 : left_end - 1])
            occurrence.whole_left = (
                occurrence.left and start == begin and (at == left_end or bool(occurrence.arguments))
            )
            yield occurrence, inner
        elif (lone := next_script(tokens, at, source)) is not None:
            if lone.kind != "prime" and (len(lone.content) > 1 or lone.content[0].kind != "name"):
                yield None, [lone.content]
            at = lone.end
        else:
            at += 1


def _begins_with_d(tokens: list[Token]) -> bool:
    """d S_{ij}: the differential of a quantity, set in LaTeX as two letters."""
    return (
        len(tokens) > 1
        and tokens[0].kind == tokens[1].kind == "name"
        and tokens[0].text == "d"
        and not (tokens[0].bars or tokens[1].space)
    )


def _attach(occurrence: Occurrence, script: Script, inner: list[list[Token]], facts: Facts) -> None:
    if script.kind == "prime":
        occurrence.primes += 1
    elif script.kind == "sub":
        occurrence.subscript = script.content
        if shape(script.content) == "list":
            inner.append(script.content)
    elif script.bracketed and occurrence.base != "e":
        occurrence.label = script.content
        if len(script.content) == 3 and script.content[1].kind == "op" and script.content[0].kind == "name":
            facts.labels.add(script.content[0].text)
    elif len(script.content) > 1 or script.content[0].kind != "name":
        inner.append(script.content)


class _Letters:
    """The decision which letters are indices (decision 17 of notation.md)."""

    def __init__(self, facts: Facts, declared: frozenset[str], context: Symbols, implicit: bool) -> None:
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
    if kind == "list":
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


def scan(chunks: list[Chunk], declarations: list[Declaration], context: Symbols, source: Source) -> Symbols:
    """The symbols of a text, on top of those of its context."""
    facts = collect(chunks, source)
    _tell_fonts_apart(facts, context)
    _tell_letters_from_greek(facts, context)
    declared = context.declared | {
        n for d in declarations if d.kind in ("params", "data", "shape", "size") for n in d.names
    }
    dialects = {name for d in declarations if d.kind == "dialect" for name in d.names}
    implicit = context.implicit_sums or "implicit sums" in dialects
    letters = _Letters(facts, declared, context, implicit).decide()
    symbols = Symbols(
        assigned=context.assigned,
        names=context.names | declared,
        declared=declared,
        letters=letters,
        counts=context.counts,
        labels=context.labels | facts.labels | _bound_labels(facts),
        sizes=context.sizes | {d.names[0] for d in declarations if d.kind == "size"},
        accents=context.accents,
        aliases=context.aliases,
        fonts=_fonts(facts) | dict(context.fonts),
        bold=context.bold,
        calls=context.calls,
        implicit_sums=implicit,
        dialect="matlab" if "matlab" in dialects else context.dialect,
        backward=context.backward,
    )
    return _with_names(symbols, facts, declarations, context)


def _bound_labels(facts: Facts) -> set[str]:
    """Labels that are a letter which some Σ binds."""
    labels = [o.label for o in facts.occurrences if o.label is not None and len(o.label) == 1]
    return {label[0].text for label in labels} & facts.bound


def _with_names(symbols: Symbols, facts: Facts, declarations: list[Declaration], context: Symbols) -> Symbols:
    """Names, index counts, functions: what needs the letters to be known."""
    counts: dict[str, set[int]] = defaultdict(set, {name: set(c) for name, c in symbols.counts.items()})
    found: set[str] = set()
    assigned = dict.fromkeys(context.assigned)
    full = {id(o): _full_name(o, symbols, counts) for o in facts.occurrences}
    symbols = replace(symbols, counts={name: frozenset(c) for name, c in counts.items()})
    calls: dict[str, tuple[str, ...]] = {}
    singles = {o.base for o in facts.occurrences if len(clusters(o.base)) == 1 and not o.left}
    for occurrence in facts.occurrences:
        name = full[id(occurrence)]
        leads = facts.lefts.get(occurrence.chunk) is occurrence
        slope = context.backward and occurrence.primes and occurrence.arguments and name in context.assigned
        own = not (occurrence.token.bars or slope or _is_differential(occurrence, singles, assigned, context))
        if leads and own:
            assigned.setdefault(name + "'" * occurrence.primes)
            if occurrence.arguments:
                calls[name] = occurrence.arguments
        if not occurrence.lone_script and len(clusters(occurrence.base)) == 1 and not occurrence.inside:
            found.add(name)
    functions = _functions(facts, declarations, symbols, set(assigned))
    return replace(
        symbols,
        assigned=tuple(assigned),
        names=symbols.names | frozenset(found - functions) | frozenset(assigned),
        functions=functions | (context.functions - set(assigned)),
        bold=symbols.bold | {full[id(o)] for o in facts.occurrences if o.token.bold and not o.inside},
        calls={**symbols.calls, **calls},
    )


def _is_differential(occurrence: Occurrence, singles: set[str], assigned: dict[str, None], context: Symbols) -> bool:
    """Whether a left side such as dW is the error signal of W, or of the matrix of w_ij, which is known."""
    rest = occurrence.base[1:]
    before = context.bases if context.backward else (singles | set(assigned) if occurrence.chunk else set())
    known = rest in before or rest.swapcase() in before
    return occurrence.base.startswith("d") and len(clusters(occurrence.base)) > 1 and known


def _full_name(occurrence: Occurrence, symbols: Symbols, counts: dict[str, set[int]]) -> str:
    label = spelled(occurrence.label) if occurrence.label and len(occurrence.label) == 1 else ""
    if label in symbols.labels:
        label = ""
    if occurrence.subscript is None:
        return names.join(occurrence.base, label)
    content = occurrence.subscript
    if is_name_subscript(occurrence.base, label, content, symbols):
        return names.join(occurrence.base, label, spelled(content))
    kind = shape(content)
    number = 1 + sum(t.kind == "comma" for t in content) if kind == "list" else len(elements(content))
    counts[names.join(occurrence.base, label)].add(number)
    return names.join(occurrence.base, label)


def _functions(facts: Facts, declarations: list[Declaration], symbols: Symbols, assigned: set[str]) -> frozenset[str]:
    declared = {name for d in declarations if d.kind == "function" for name in d.names}
    uses: dict[str, list[Occurrence]] = defaultdict(list)
    for occurrence in facts.occurrences:
        if occurrence.base not in assigned:
            uses[OTHER_SPELLINGS.get(occurrence.base, occurrence.base)].append(occurrence)
    found = set(declared)
    for name, occurrences in uses.items():
        if (
            name in assigned
            or name in symbols.declared
            or (symbols.backward and name in symbols.names and name not in symbols.functions)
        ):
            continue
        applied = any(o.applied and not o.token.bars and not _has_own_label(o, symbols, assigned) for o in occurrences)
        by_font = len(name) > 1 and any(o.token.font for o in occurrences)
        built_in = name in FUNCTIONS and (applied or by_font or name in ALWAYS_FUNCTIONS or name in REDUCTIONS)
        by_use = name in FUNCTION_LETTERS and all(o.applied == "near" and o.subscript is None for o in occurrences)
        if built_in or by_use:
            found.add(name)
    return frozenset(found)


def _has_own_label(occurrence: Occurrence, symbols: Symbols, assigned: set[str]) -> bool:
    """Whether a name with its label is a quantity: σ² (x − μ) of a variance σ²."""
    if occurrence.label is None:
        return False
    name = names.join(occurrence.base, spelled(occurrence.label))
    return name in assigned or (symbols.backward and name in symbols.names)


def _fonts(facts: Facts) -> dict[str, str]:
    """How letters and name subscripts were spelled in LaTeX, where that is not the plain spelling."""
    fonts: dict[str, str] = {}
    for occurrence in facts.occurrences:
        if occurrence.token.font.startswith("\\"):
            fonts.setdefault(occurrence.base, occurrence.token.font)
        for token in occurrence.subscript or []:
            if is_roman(token):
                fonts.setdefault("_" + token.text, token.font)
    return fonts


def _tell_fonts_apart(facts: Facts, context: Symbols) -> None:
    """Where a letter is defined both plain and in script (L and 𝓛), the one in script becomes a letter of its own."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for left in facts.lefts.values():
        if left.subscript is None and not left.token.bars:
            spellings[left.base].add(left.token.font)
    for occurrence in facts.occurrences:
        font = occurrence.token.font
        script = _script_letter(occurrence.base, font)
        if script and (len(spellings[occurrence.base]) > 1 or script in context.names):
            occurrence.token.text = script


def _tell_letters_from_greek(facts: Facts, context: Symbols) -> None:
    """Z_nu, where n and u are index letters and ν is nothing: two letters, which spell the name of a Greek one."""
    lefts = [o for n, o in (facts.denominators | facts.lefts).items() if o.subscript is not None]
    letters = facts.bound | context.letters | {c for o in lefts for c in list_letters(o.subscript or [])}
    for occurrence in facts.occurrences:
        content = occurrence.subscript or []
        if len(content) != 1 or content[0].text not in SHORT_GREEK or content[0].span.end - content[0].span.start != 2:
            continue
        greek, word = content[0].text, SHORT_GREEK[content[0].text]
        known = greek in facts.bound | context.letters | context.names
        if not known and set(word) <= letters:
            content[0].text = word


def _script_letter(base: str, font: str) -> str:
    if not font.startswith(("\\mathcal", "\\mathscr")) or len(base) != 1 or not base.isascii():
        return ""
    for name in (f"SCRIPT CAPITAL {base.upper()}", f"MATHEMATICAL SCRIPT CAPITAL {base.upper()}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue  # the few script letters outside the mathematical block have the first name, the others the second
    return ""

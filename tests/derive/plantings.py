"""Documents with derivations that are right, each line of which gets mistakes: the corpus and systems with shared weights, in both syntaxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.derive.corpus import beyond, entries
from tests.derive.mistakes import Planter
from tests.derive.shared import reviewed
from tests.derive.shared_weights import SHARED
from wengert.notes.claims.review import ReviewRow
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.manuscript import manuscript_of
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Line, Ref
from wengert.notes.reading.story import read_story

ENTRIES = {**entries(), **beyond()}
SYNTAXES = ("text", "latex")
UNREADABLE = {("E09", "latex")}
"""l_{n+1} = 4 l_n (1 − l_n) with y = l_4 says nowhere how far n runs."""
SAME_VALUE = {
    ("E02", "R̄ = λ"),
    ("E02", "ȳ = y − t"),
    ("E12", "ȳ_k = y_k − t_k"),
    ("E06", "s̄ = f (1 − f)"),
    ("E09", "l̄₃ = 4 (1 − 2 l₃)"),
    ("E54", "c̄' = h̄ ∘ o ∘ (1 − tanh²(c))"),
    ("E65", "x̄_i = Π_(j ≠ i) x_j"),
    ("E11", "x̄ = z̄ᵀ W"),
    ("E13", "h̄ = ȳᵀ W⁽²⁾"),
    ("E63", "h̄ = ȳᵀ W⁽²⁾"),
    ("E35", "z̄ = y ∘ (ȳ − ȳᵀ y)"),
    ("E35", "z̄ = y ∘ (ȳ − (yᵀ ȳ) 𝟏)"),
}
"""Changes that do not change the value: what is left out is a signal of 1, or one from outside that no other line has; a row of the
right entries stands for a column; a number is added to each entry of a vector."""


@dataclass(frozen=True)
class Planting:
    """One mistake in a document: the number of the claim, the kind, and the line with the mistake."""

    place: int
    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Document:
    """Forward equations, then claims that hold, each on a line of its own."""

    key: str
    syntax: str
    forward: str
    claims: tuple[Line, ...]
    system: SystemData

    def line(self, claim: Line) -> str:
        """A claim as a line of the document."""
        symbols = self.system.reading.symbols
        return unicode.show(claim, symbols=symbols) if self.syntax == "text" else latex.show(claim, symbols=symbols)

    def with_lines(self, changed: dict[int, str]) -> str:
        """The document with some claims replaced."""
        lines = [changed.get(k, self.line(claim)) for k, claim in enumerate(self.claims)]
        return self.forward + "\n".join(lines if self.syntax == "text" else [f"$$ {line} $$" for line in lines])

    def row(self, place: int) -> int:
        """The number of a claim's line in the document."""
        return self.forward.count("\n") + place + 1

    @property
    def planter(self) -> Planter:
        """What plants mistakes in lines about this system."""
        sizes = list(self.system.size_names)
        ranks = {n: q.type.rank for q in self.system.quantities.values() for n in (q.name, q.whole, q.indexed)}
        return Planter(sizes[0] if sizes else "", lambda ref: ranks.get(ref.name, 0))

    def plantings(self) -> Iterator[Planting]:
        """Every mistake in every line that changes its value."""
        for place, claim in enumerate(self.claims):
            seen = {self.line(claim)}
            for kind, wrong in self.planter.mistakes(claim.rights[0]):
                changed = Line(claim.left, (wrong, *claim.rights[1:]), notes=claim.notes)
                text = self.line(changed)
                plain = unicode.show(changed, symbols=self.system.reading.symbols)
                if text not in seen and (self.key, plain) not in SAME_VALUE:
                    seen.add(text)
                    yield Planting(place, kind, text)

    def flagged(self, changed: dict[int, str]) -> list[ReviewRow]:
        """What is wrong or not read in the document with some claims replaced."""
        return [row for row in reviewed(self.with_lines(changed)).rows if row.status in ("wrong", "unread")]


@cache
def document(key: str, syntax: str) -> Document:
    """An entry of the corpus, or a system with shared weights, with those of its claims that can be read."""
    if key in SHARED:
        forward, backward = SHARED[key]
        entry = written(key, forward + "\n---\n", backward, "text")
        return entry if syntax == "text" else in_latex(entry)
    entry = ENTRIES[key]
    if syntax == "text":
        return written(key, entry.text("text") + "\n---\n", entry.backward["text"], syntax)
    return written(key, f"$${entry.text('latex')}$$\n\n", f"$${entry.backward['latex']}$$", syntax)


def written(key: str, forward: str, backward: str, syntax: str) -> Document:
    """A document of two parts as its author wrote them; a claim that is not read there is left out."""
    section = manuscript_of(read_story(forward + backward)).sections[-1]
    claims = tuple(Line(c.left, c.rights, notes=c.notes) for c in section.claims)
    whole = Document(key, syntax, forward, claims, section.system)
    unread = {row.line for row in whole.flagged({})}
    kept = tuple(claim for k, claim in enumerate(claims) if whole.row(k) not in unread)
    return Document(key, syntax, forward, kept, section.system)


def in_latex(entry: Document) -> Document:
    """The same document in LaTeX."""
    symbols = entry.system.reading.symbols
    lines = [latex.show(line.written, symbols=symbols) for line in entry.system.lines]
    declared = [latex.show(each, symbols=symbols) for each in entry.system.reading.declarations]
    forward = "\n".join(f"$$ {line} $$" for line in (*declared, *lines)) + "\n\n"
    section = manuscript_of(
        read_story(forward + "\n".join(f"$$ {latex.show(c, symbols=symbols)} $$" for c in entry.claims))
    ).sections[-1]
    claims = tuple(Line(c.left, c.rights, notes=c.notes) for c in section.claims)
    return Document(entry.key, "latex", forward, claims, section.system)


def documents() -> list[tuple[str, str]]:
    """The keys and syntaxes of all documents."""
    pairs = [(key, syntax) for key in (*ENTRIES, *SHARED) for syntax in SYNTAXES]
    return [pair for pair in pairs if pair not in UNREADABLE]


def is_definition(claim: Line) -> bool:
    """Whether a claim gives a name to a part, so that a mistake in it shows where it is used."""
    return isinstance(claim.left, Ref) and not claim.left.barred

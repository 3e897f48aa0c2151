"""A further form of a backward line, printed as a second equality: other bars put in, multiplied out, collected, folded again.

The statistics of a normalisation are the example: what passes through μ̄ and v̄ only is put into x̄, and becomes its three terms. That
Σ_i (x_i − μ) is 0 is not assumed there; it comes out of putting in the line of μ.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wengert.core.ir.names import bar
from wengert.core.ops.terms import NamedLeaf, Term, subterms
from wengert.notes.derive.cost import DerivedLines, cost
from wengert.notes.derive.factoring import expand
from wengert.notes.derive.folding import NamedTerms, assume, fold
from wengert.notes.derive.recognise import open_term_primes
from wengert.notes.derive.simplify import simplify, substitute_leaves
from wengert.notes.elaboration.system import SystemData

MAX_SUBSTITUTIONS = 3
"""How often other bars are put into a line in search of a shorter form."""
MAX_GROWTH = 4
"""A line that has grown to so many times its names is not searched further."""


@dataclass
class FurtherForms:
    """The search for further forms in one derivation; `lines` has the lines found so far but that of the loss, by name, as they run."""

    system: SystemData
    needed: frozenset[str]
    names: NamedTerms
    assumed: Sequence[tuple[Term, Term]]
    lines: DerivedLines = field(default_factory=DerivedLines)

    def further(self, name: str, value: Term) -> tuple[Term | None, bool]:
        """A cheaper form of v̄, and whether it uses the system's assumptions; (None, False) where none was found.

        Bars that only this line needs are spared when they are put in, so what they cost counts for a form that reads them.
        A form that is longer to write is not taken, except that it may be as long as the lines that it makes unnecessary.
        """
        bars = {bar(n): term for n, term in self.lines.terms.items()}
        exclusive = self.exclusive(name)
        spared, known = {bar(n) for n in exclusive}, self.lines.known(without=exclusive)
        opened = simplify(open_term_primes(value), self.names)
        best, longest = spent(opened, bars, spared, known), written_length(opened)
        found, assumed = None, False
        for candidate, uses, limit in self.candidates(value, bars, spared, longest):
            candidate = simplify(candidate, self.names)
            price = spent(candidate, bars, spared, known)
            if price < best and written_length(candidate) <= limit:
                best, found, assumed = price, candidate, uses
        return found, assumed

    def candidates(
        self, value: Term, bars: Mapping[str, Term], spared: set[str], longest: int
    ) -> Iterator[tuple[Term, bool, int]]:
        """Terms equal to the value, whether they need the assumptions, and how long they may be."""
        if self.assumed:
            yield assume(value, self.assumed), True, longest
        through, length = self.through(value, bars, spared)
        limit = longest + length
        if through != value and written_length(through) <= MAX_GROWTH * longest:
            yield through, False, limit
            wide = expand(through)
            if wide is not None:
                yield from ((term, uses, limit) for term, uses in self.variants(wide))
        current = value
        for _ in range(MAX_SUBSTITUTIONS):
            current = open_term_primes(substitute_leaves(current, bars))
            wide = expand(fold(current, self.names))
            if wide is None or written_length(wide) > MAX_GROWTH * longest:
                break
            # Terms that cancel only under the sums they came from are found after a second fold.
            wide = expand(fold(wide, self.names)) or wide
            yield from ((term, uses, limit) for term, uses in self.variants(wide))
            if not any(isinstance(t, NamedLeaf) and t.name in bars for t in subterms(current)):
                break

    def variants(self, wide: Term) -> Iterator[tuple[Term, bool]]:
        """A term as it is, and with the assumptions."""
        yield wide, False
        if self.assumed:
            yield assume(wide, self.assumed), True

    def through(self, value: Term, bars: Mapping[str, Term], spared: set[str]) -> tuple[Term, int]:
        """The value with the bars of fewer axes put in that only it needs, and the length of their lines."""
        length, current = 0, value
        for _ in range(len(spared)):
            inner = {
                leaf.name
                for leaf in subterms(current)
                if isinstance(leaf, NamedLeaf) and leaf.name in spared and leaf.rank < value.rank
            }
            if not inner:
                break
            length += sum(written_length(bars[n]) for n in inner)
            current = fold(open_term_primes(substitute_leaves(current, {n: bars[n] for n in inner})), self.names)
        return current, length

    def exclusive(self, name: str) -> set[str]:
        """The quantities whose bars are needed for v̄ only."""
        found = {name}
        for other in reversed(self.lines.terms):
            readers = {n for n in self.system.parents(other) if n in self.needed}
            if readers <= found:
                found.add(other)
        return found - {name}


def spent(term: Term, bars: Mapping[str, Term], spared: set[str], known: Container[Term]) -> int:
    """The cost of a term, and of the bars in `spared` that it reads, directly or through others, beside what is `known`."""
    total_cost, read, pending = 0, set[str](), [term]
    while pending:
        item = pending.pop()
        total_cost += cost(item, known=known)
        for leaf in subterms(item):
            if isinstance(leaf, NamedLeaf) and leaf.name in spared and leaf.name in bars and leaf.name not in read:
                read.add(leaf.name)
                pending.append(bars[leaf.name])
    return total_cost


def written_length(term: Term) -> int:
    """How many names a term writes."""
    return sum(isinstance(t, NamedLeaf) for t in subterms(term))

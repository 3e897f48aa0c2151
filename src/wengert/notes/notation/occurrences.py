"""Names as they stand in the text, with their scripts as token slices, and the letters that a Σ binds: what one walk over tokens collects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from wengert.notes.notation.chunks import Chunk, relations
from wengert.notes.notation.scripts import ScriptTokens, list_letters, next_script, shape
from wengert.notes.notation.tokens import Source, Token

REDUCTIONS = frozenset({"max", "min", "argmax", "argmin"})


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
class Occurrences:
    """What one walk over the chunks collects."""

    occurrences: list[Occurrence] = field(default_factory=list[Occurrence])
    bound: set[str] = field(default_factory=set[str])
    bound_in: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    lefts: dict[int, Occurrence] = field(default_factory=dict[int, Occurrence])
    denominators: dict[int, Occurrence] = field(default_factory=dict[int, Occurrence])
    """The w_ij of a left side ∂L/∂w_ij."""
    labels: set[str] = field(default_factory=set[str])
    ends: set[str] = field(default_factory=set[str])
    """The names up to which a Σ runs."""
    exponents: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """(γ, t) of every γ^t."""


def collect(chunks: list[Chunk], source: Source) -> Occurrences:
    """All names of all chunks, with the letters that a Σ binds."""
    facts = Occurrences()
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
    tokens: list[Token], inside: bool, left_end: int, number: int, facts: Occurrences, source: Source
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
                    if len(script.content) == 1 and script.content[0].kind == "name":
                        facts.ends.add(script.content[0].text)
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


def _attach(occurrence: Occurrence, script: ScriptTokens, inner: list[list[Token]], facts: Occurrences) -> None:
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
    else:
        facts.exponents.add((occurrence.base, script.content[0].text))

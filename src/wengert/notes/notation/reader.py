"""Reading equations: text in, surface lines out.

`read` reads a system, or, with a context, a backward pass of that system; `read_expression` and `read_name` read one piece.
Only EquationError leaves this module, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from wengert.notes.notation import references, tokens_latex, tokens_text
from wengert.notes.notation.brackets import match_brackets
from wengert.notes.notation.chunks import Chunk, cut, relations, with_both_names
from wengert.notes.notation.declarations import is_declaration, read_declaration
from wengert.notes.notation.expr import (
    Declaration,
    Expr,
    Index,
    Inverse,
    Line,
    Neg,
    Product,
    Ref,
    Span,
    refs_of,
    walk,
)
from wengert.notes.notation.generic_layers import general_layer, with_general_layers
from wengert.notes.notation.layers import with_layers
from wengert.notes.notation.left_sides import left_side, solved, with_alias
from wengert.notes.notation.long_names import with_long_names
from wengert.notes.notation.parser import Parser, check_tree_depth
from wengert.notes.notation.primed_letters import with_primed_letters
from wengert.notes.notation.scan import scan
from wengert.notes.notation.symbols import Symbols
from wengert.notes.notation.tokens import Source, Token, check_size

NEST_REPAIR = "Give inner parts names of their own."


@dataclass(frozen=True)
class Passage:
    """A part of a document that holds equations: its text, where it stands in the document, and its syntax.

    places    where in the document each of its characters stands, and its end, if macros were expanded in it
    """

    text: str
    start: int = 0
    syntax: str = "text"
    places: Sequence[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """The place in the document of characters start … end − 1."""
        if self.places is None:
            return Span(self.start + start, self.start + end)
        return Span(self.places[start], max(self.places[max(end - 1, start)] + (end > start), self.places[start]))


@dataclass(frozen=True)
class Page:
    """What was read: lines in order, declarations, warnings (each a three-line text), and what is now known of the names."""

    lines: tuple[Line, ...]
    declarations: tuple[Declaration, ...]
    warnings: tuple[str, ...]
    symbols: Symbols
    syntax: str
    source: str


def guess_syntax(text: str) -> str:
    """LaTeX if there is a command or a dollar sign, else plain text."""
    return "latex" if re.search(r"\\\S|\$", text) else "text"


def read(
    text: str | Sequence[Passage],
    *,
    syntax: str | None = None,
    context: Symbols | None = None,
    source: str | None = None,
) -> Page:
    """The lines of a text, or of the pieces of a document.

    syntax   "text" or "latex"; found from the text when it is None
    context  the symbols of a forward system: then this is a backward pass of it, and a bar is an error signal
    source   the document that the pieces come from; messages show its lines

    Raises EquationError for what cannot be read.
    """
    pieces = [Passage(text, 0, syntax or guess_syntax(text))] if isinstance(text, str) else list(text)
    whole = source if source is not None else text if isinstance(text, str) else "\n".join(p.text for p in pieces)
    shown = Source(whole)
    check_size(shown, sum(len(piece.text) for piece in pieces))
    try:
        return SystemReader(pieces, shown, context).read()
    except RecursionError:
        # The depth limits keep the parser within Python's stack unless the caller has nearly used it up already.
        raise shown.error("The equations nest too deeply to be read.", Span(0, 1), NEST_REPAIR) from None


def read_expression(text: str, context: Symbols | None = None, *, syntax: str | None = None) -> Expr:
    """One expression, in the context of a system."""
    parser = _single(text, context, syntax)
    try:
        return parser.expression()
    except RecursionError:
        raise parser.source.error("The expression nests too deeply to be read.", Span(0, 1), NEST_REPAIR) from None


def read_name(text: str, context: Symbols | None = None) -> Ref:
    """One name as on the command line: w, w^(1), L_reg, zbar, w⁽¹⁾_ij."""
    parser = _single(text, context, None)
    if parser.token.kind == "name":
        parser.advance()
        tree = references.reference(parser, parser.tokens[0])
        if isinstance(tree, Ref) and parser.token.kind == "end":
            return tree
        if isinstance(tree, Index) and parser.token.kind == "end":
            return Ref(tree.letter, span=tree.span)
    place = parser.tokens[0].span
    raise parser.source.error(
        "This is not the name of a quantity.", place, "Write a name such as 'w', 'w^(1)' or 'L_reg'."
    )


def _single(text: str, context: Symbols | None, syntax: str | None) -> Parser:
    source = Source(text)
    check_size(source, len(text))
    syntax = syntax or guess_syntax(text)
    known = replace(context, backward=True) if context is not None else Symbols()
    tokens = _without_separators(_tokens(Passage(text, 0, syntax), source))
    while tokens and tokens[-1].kind in ("dot", "comma"):
        tokens.pop()
    if not tokens:
        raise source.error("There is nothing to read.", Span(0, len(text)), "Write, for example:  σ(w x + b)")
    symbols = scan([Chunk(tokens)], [], known, source)
    return Parser(tokens, source, symbols, [], syntax, reads_signals=context is not None)


def chunks_of(piece: Passage, source: Source, warnings: list[str]) -> list[Chunk]:
    """The equations and declarations of one piece, not parsed yet."""
    return cut(_tokens(piece, source), source, piece.syntax, warnings)


def read_chunks(chunks: Sequence[Chunk], source: Source, syntax: str, context: Symbols | None = None) -> Page:
    """The lines of equations that are cut already; with a context, lines of a backward pass of that system.

    Raises EquationError for the first that cannot be read.
    """
    reader = SystemReader([], source, context)
    reader.syntax = syntax
    try:
        return reader.read_chunks(chunks)
    except RecursionError:
        raise source.error("The equations nest too deeply to be read.", chunks[0].span, NEST_REPAIR) from None


def _tokens(piece: Passage, source: Source) -> list[Token]:
    tokenizer = tokens_latex if piece.syntax == "latex" else tokens_text
    tokens = tokenizer.tokenize(piece.text, source, piece.start, piece.places)
    return match_brackets(with_primed_letters(tokens, piece.syntax), source, piece.syntax)


def _without_separators(tokens: list[Token]) -> list[Token]:
    """The tokens without line ends, gaps and & outside brackets."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        step = tokens[at].reach + 1 if tokens[at].kind == "open" else 1
        if tokens[at].kind not in ("newline", "soft", "amp", "hard", "row"):
            out.extend(tokens[at : at + step])
        at += step
    return out


class SystemReader:
    """The reading of one text: chunks, then symbols, then lines."""

    def __init__(self, pieces: list[Passage], source: Source, context: Symbols | None) -> None:
        self.pieces, self.source = pieces, source
        self.context = replace(context, backward=True) if context is not None else Symbols()
        self.warnings: list[str] = []
        self.lines: list[Line] = []
        self.syntax = pieces[0].syntax if pieces else "text"
        self.signals = self.context.backward
        self.loss = self.context.assigned[-1] if self.context.assigned else ""

    def read(self) -> Page:
        chunks: list[Chunk] = []
        for piece in self.pieces:
            chunks.extend(chunks_of(piece, self.source, self.warnings))
        return self.read_chunks(chunks)

    def read_chunks(self, chunks: Sequence[Chunk]) -> Page:
        declaring = [chunk for chunk in chunks if is_declaration(chunk)]
        equations = [chunk for chunk in chunks if not is_declaration(chunk)]
        declarations = [read_declaration(chunk, self.source) for chunk in declaring]
        if self.syntax == "latex":
            equations = with_long_names(equations, self.context.bases)
        equations, layered = with_layers(equations, self.context.layered, self.source)
        layer = self.context.layer if self.context.backward else general_layer(equations)
        equations = with_general_layers(equations, layer, forward=not self.context.backward)
        equations = equations if self.context.backward else with_both_names(equations)
        symbols = scan(equations, declarations, self.context, self.source)
        self.symbols = replace(symbols, layered=layered, layer=layer)
        self.find_accents(equations)
        for chunk in equations:
            self.line(chunk)
        declarations = [
            self.assumption(chunk) if declaration.kind == "assume" else declaration
            for chunk, declaration in zip(declaring, declarations, strict=True)
        ]
        if not self.lines and not declarations:
            what = "There are no equations here."
            raise self.source.error(what, Span(0, 1), "Write, for example:  z = w x + b")
        return Page(
            tuple(self.lines),
            tuple(declarations),
            tuple(self.warnings),
            self.final_symbols(),
            self.syntax,
            self.source.text,
        )

    # bars

    def find_accents(self, chunks: list[Chunk]) -> None:
        """Bars over a name that nothing before the line has: an accent, with a warning (decision 7)."""
        seen: set[str] = set()
        accents: set[str] = set()
        for chunk in chunks if not self.context.backward else ():
            for at, token in enumerate(chunk.tokens):
                if token.kind == "name" and token.bars and token.text.casefold() not in seen:
                    name = self.unbarred(chunk.tokens, at)
                    if name not in accents:
                        accents.add(name)
                        self.warn_accent(token)
            seen |= {t.text.casefold() for t in chunk.tokens if t.kind == "name" and not t.bars}
        self.symbols = replace(self.symbols, accents=self.symbols.accents | accents)

    def unbarred(self, tokens: list[Token], at: int) -> str:
        """The canonical name, without its bar, that starts at a token."""
        parser = self.parser(tokens, set())
        parser.at = at + 1
        tree = references.reference(parser, replace(tokens[at], bars=0))
        return next((node.name for node in walk(tree) if isinstance(node, Ref)), tokens[at].text)

    def warn_accent(self, token: Token) -> None:
        self.warnings.append(
            self.source.warning(
                f"The bar over '{token.text}' is read as part of the name, because '{token.text}' has no line before this one.",
                token.span,
                f"If it is an error signal, give the equations in which '{token.text}' stands first.",
            )
        )

    # lines

    def parser(self, tokens: list[Token], scope: set[str]) -> Parser:
        return Parser(tokens, self.source, self.symbols, self.warnings, self.syntax, scope, reads_signals=self.signals)

    def line(self, chunk: Chunk) -> None:
        """One equation, or the continuation of the one before it."""
        tokens = chunk.tokens
        signs = relations(tokens)
        if not signs:
            raise self.no_relation(chunk)
        notes = tuple(chunk.notes) + (("+=",) if tokens[signs[0]].text == "+=" else ())
        edges = [*signs, len(tokens)]
        matrix: Expr | None = None
        negated = False  # −∂L/∂w = …
        if signs[0] == 0:
            if not self.lines:
                raise self.source.error(
                    "The left side is missing.", tokens[0].span, "Write a quantity before the equals sign."
                )
            last = self.lines.pop()
            left, before = last.left, last.rights
            notes, span = last.notes + notes, Span(last.span.start, chunk.span.end)
        else:
            negated = (
                signs[0] > 1
                and tokens[0].text == "-"
                and (self.signals or tokens[1].kind in ("frac", "partial", "nabla"))
            )
            matrix, rest = solved(self, tokens[negated : signs[0]])
            left, extra = left_side(self, rest)
            before, notes, span = (), extra + notes, chunk.span
        scope = {node.letter for node in walk(left) if isinstance(node, Index)}
        rights: list[Expr] = list(before)
        for start, end in pairwise(edges):
            if end == start + 1:
                remark = f"; '{chunk.notes[0]}' is taken for a remark" if chunk.notes and end == len(tokens) else ""
                raise self.source.error(
                    f"Nothing stands after this equals sign{remark}.", tokens[start].span, "Write the right side."
                )
            rights.append(self.parser(tokens[start + 1 : end], set(scope)).expression())
        left = with_alias(self, left, rights)
        if negated:
            rights = [Neg(right, span=right.span) for right in rights]
        if matrix is not None:
            rights = [Product((Inverse(matrix, span=matrix.span), right), span=right.span) for right in rights]
        if isinstance(left, Ref) and not left.barred and not self.signals:
            self.loss = left.name
        self.lines.append(Line(left, tuple(rights), span, notes))

    def no_relation(self, chunk: Chunk) -> Exception:
        tokens = chunk.tokens
        compared = [t for t in tokens if t.kind == "rel"]
        if compared:
            return self.source.error(
                "This compares and defines nothing.", compared[0].span, "Write:  name = expression"
            )
        return self.source.error(
            "This line has no equals sign.", chunk.span, "Write 'name = expression', or put remarks after '#'."
        )

    def assumption(self, chunk: Chunk) -> Declaration:
        """assume Σ_k t_k = 1"""
        tokens = [t for t in chunk.tokens[1:] if t.kind != "colon"]
        if not tokens:
            raise self.source.error("Nothing is assumed here.", chunk.span, "Write, for example:  assume Σ_k t_k = 1")
        parser = self.parser(tokens, set())
        condition = parser.comparison()
        if parser.token.kind != "end":
            raise parser.unexpected()
        check_tree_depth(condition, parser)
        return Declaration("assume", condition=condition, span=chunk.span)

    def final_symbols(self) -> Symbols:
        """The symbols with every name that the lines really hold."""
        refs = refs_of(self.lines)
        counts = {name: set(found) for name, found in self.symbols.counts.items()}
        for ref in refs:
            if ref.indices is not None:
                counts.setdefault(ref.name, set()).add(len(ref.indices))
        lefts = [line.left.name for line in self.lines if isinstance(line.left, Ref) and not line.left.barred]
        used = {ref.name for ref in refs} | set(self.context.names) | set(self.symbols.declared)
        return replace(
            self.symbols,
            assigned=tuple(dict.fromkeys((*self.context.assigned, *lefts))),
            names=frozenset(used),
            counts={name: frozenset(found) for name, found in counts.items()},
        )


__all__ = ["Page", "Passage", "guess_syntax", "read", "read_expression", "read_name"]

"""Left sides: a quantity, an error signal in any notation, a derivative, and x of a system of linear equations A x = b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from wengert.notes.notation import references
from wengert.notes.notation.expr import Call, Derive, Expr, Index, Partial, Ref, Span, Spelling, Transpose
from wengert.notes.notation.function_names import function_op
from wengert.notes.notation.scripts import next_script
from wengert.notes.notation.symbols import LOSSES
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.notation.reader import SystemReader


def solved(reader: SystemReader, tokens: list[Token]) -> tuple[Expr | None, list[Token]]:
    """A of A x = b or Aᵀ x = b, a system of linear equations that x solves, and the tokens of x; None where the left side is one name.

    In lines about a system x is an error signal, or a name that they define.
    """
    first, last = tokens[0], tokens[-1]
    if first.kind != "name" or first.bars or first.text in ("d", "Δ") or last.kind != "name" or len(tokens) < 2:
        return None, tokens
    if (
        reader.signals
        and not last.bars
        and (reader.symbols.is_quantity(last.text) or last.text in reader.context.names)
    ):
        return None, tokens
    parser = reader.parser(tokens, set())
    if references.is_call(parser) or references.is_split_word(parser, first):
        return None, tokens
    parser.advance()
    matrix = references.reference(parser, first)
    script = next_script(parser.tokens, parser.at, reader.source)
    if script is not None and len(script.content) == 1 and parser.is_plain_transpose(script.content[0], matrix):
        parser.at = script.end
        matrix = Transpose(matrix, span=Span(matrix.span.start, script.span.end))
    whole = matrix.operand if isinstance(matrix, Transpose) else matrix
    if parser.at == len(tokens) - 1 and isinstance(whole, Ref) and whole.indices is None:
        return matrix, tokens[-1:]
    return None, tokens


def left_side(reader: SystemReader, tokens: list[Token]) -> tuple[Expr, tuple[str, ...]]:
    """The left side: a quantity, an entry of it, an error signal in any of its notations (K38), or the σ'(z) of a function."""
    parser = reader.parser(tokens, set())
    parser.reads_signals = reader.signals or bool(reader.lines)
    parser.on_left = True
    span = Span(tokens[0].span.start, tokens[-1].span.end)
    arguments: tuple[str, ...] = ()
    kind = tokens[0].kind
    slope = kind == "name" and reader.context.backward and parser.ahead().kind == "prime"
    if kind in ("frac", "partial", "nabla") or (slope and references.is_call(parser)):
        tree = parser.factor()
    elif kind == "name":
        parser.advance()
        tree = references.differential(parser, tokens[0]) or references.reference(parser, tokens[0])
        if isinstance(tree, Ref) and parser.token.kind == "open" and tree.name in parser.symbols.calls:
            arguments = (quoted(reader, Span(parser.token.span.start, span.end)),)
            parser.at = len(tokens)
        elif (
            parser.at == len(tokens)
            and tokens[-1].kind == "close"
            and isinstance(tree, Ref)
            and tree.name in parser.symbols.calls
        ):
            opening = next((t for t in tokens if t.kind == "open" and t.text == "("), None)
            arguments = () if opening is None else (quoted(reader, Span(opening.span.start, span.end)),)
    else:
        tree = None
    if isinstance(tree, Index):
        tree = Ref(tree.letter, span=tree.span)
    if isinstance(tree, Partial):
        tree = as_signal(reader, tree)
    operator = isinstance(tree, Derive) and parser.reads_signals
    if isinstance(tree, Call) and tree.primes and parser.token.kind == "end":
        check_known(reader, tree)
        operator = True
    if not (isinstance(tree, Ref | Partial) or operator) or parser.token.kind != "end":
        what, repair = why_not_one(tokens)
        raise reader.source.error(what, span, repair)
    assert tree is not None
    if not isinstance(tree, Ref) or tree.barred:
        reader.signals = True
    return tree, arguments


def check_known(reader: SystemReader, slope: Call) -> None:
    """Raises EquationError for f'(x) = … of a function that is none of the known ones."""
    if function_op(slope.function) is None:
        raise reader.source.error(
            f"No equation says what the function '{slope.function}' is.",
            slope.span,
            f"Write it before:  {slope.function}(x) = expression",
        )


def quoted(reader: SystemReader, span: Span) -> str:
    return " ".join(reader.source.text[span.start : span.end].split())


def as_signal(reader: SystemReader, tree: Partial) -> Expr:
    """∂L/∂w of the loss is w̄; another derivative stays as it is."""
    above, below = tree.numerator, tree.denominator
    if (
        isinstance(above, Ref)
        and above.indices is None
        and is_loss(reader, above.name)
        and isinstance(below, Ref)
        and not below.barred
    ):
        return replace(below, barred=True, span=tree.span, spelling=Spelling(tree.symbol, above.name))
    return tree


def is_loss(reader: SystemReader, name: str) -> bool:
    """Whether a name is that of the last line's quantity, or one of what is minimised somewhere outside."""
    return name == reader.loss or (name in LOSSES and name not in reader.context.names | set(reader.symbols.assigned))


def with_alias(reader: SystemReader, left: Expr, rights: list[Expr]) -> Expr:
    """δ_i = ∂L/∂z_i makes δ_i the error signal of z (K40), as G = ∂L/∂Y does a new name G; δ with other indices may be another one."""
    if not isinstance(left, Ref):
        return left
    name = left.spelling.name if left.spelling is not None and left.spelling.sign == "δ" else left.name
    if (left.barred and left.spelling is None) or name in reader.context.names:
        return left
    if not name.startswith("δ") and not (rights and isinstance(rights[0], Partial) and reader.context.backward):
        return left
    key = (name, references.letters_of(left.indices))
    signal = as_signal(reader, rights[0]) if rights and isinstance(rights[0], Partial) else None
    if isinstance(signal, Ref) and signal.indices == left.indices:
        reader.signals = True
        reader.symbols = replace(reader.symbols, aliases={**reader.symbols.aliases, key: signal.name})
        return replace(signal, span=left.span, spelling=Spelling("δ", name))
    if left.barred and key not in reader.symbols.aliases:
        reader.symbols = replace(reader.symbols, aliases={**reader.symbols.aliases, key: ""})
        return Ref(name, left.indices, span=left.span)
    return left


def why_not_one(tokens: Sequence[Token]) -> tuple[str, str]:
    """Why a left side is no quantity, and what to write instead."""
    kinds = [token.kind for token in tokens]
    if kinds[:2] == ["name", "name"] and tokens[0].text == "Δ":
        return "A change Δ of a quantity is none of the quantities.", "Give it a name of its own:  s = expression"
    if (
        kinds[0] == "name"
        and "sup" in kinds
        and all(k in ("name", "sub", "sup", "op", "num", "open", "close") for k in kinds)
    ):
        return (
            "A power stands on the left side, or a layer without a number.",
            "Write it solved for the name, or a layer with its number:  z^{(1)}",
        )
    return "The left side must be one quantity.", "Write it solved for the name:  name = expression"

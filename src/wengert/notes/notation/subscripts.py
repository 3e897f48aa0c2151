"""What stands in subscripts and labels: the indices of an entry, or a part of the name."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from wengert.notes.notation import names
from wengert.notes.notation.expr import Expr, Index, Num, Ref, Span
from wengert.notes.notation.index_letters import is_name_subscript
from wengert.notes.notation.scripts import ScriptTokens, clusters, elements, is_roman, shape, spelled, split_at_commas
from wengert.notes.notation.tokens import Token

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


def is_label(parser: Parser, script: ScriptTokens) -> bool:
    """Whether a superscript is a label in brackets: ^{(1)}, ^(1), ⁽ᵗ⁻¹⁾, ^{(2)\\top}."""
    content = script.content
    if script.kind != "sup":
        return False
    if script.bracketed:
        kinds = [t.kind for t in content]
        if kinds in (["num"], ["name"]):
            return True
        arithmetic = kinds in (["name", "op", "num"], ["name", "op", "name"]) and content[1].text in "+-"
        return arithmetic and (content[0].text in parser.symbols.labels or content[0].text in parser.scope)
    return is_label_with_transpose(script)


def is_label_with_transpose(script: ScriptTokens) -> bool:
    """^{(2)\\top} and ^{(2)T}"""
    content = script.content
    if script.bracketed or len(content) < 4 or content[0].text != "(" or content[0].reach != len(content) - 2:
        return False
    return content[-1].kind == "transpose" or (content[-1].kind == "name" and content[-1].text == "T")


def read_label(parser: Parser, script: ScriptTokens) -> tuple[str, list[Expr]]:
    """The label's text, or the index that it is when its letter runs over time."""
    content = script.content
    if is_label_with_transpose(script):
        if content[-1].kind == "name" and content[-1].font != "transpose" and "T" in parser.symbols.names:
            parser.warn("The 'T' after the label is read as a transpose.", content[-1].span, "Write '\\top' for it.")
        content = content[1:-2]
    letter = content[0].text
    if content[0].kind == "name" and (letter in parser.symbols.labels or letter in parser.scope):
        return "", [index_expression(parser, content)]
    return spelled(content), []


def read_subscript(
    parser: Parser, base: str, label: str, script: ScriptTokens | None, indexed: bool
) -> tuple[str, tuple[Expr, ...] | None]:
    """The name subscript, or the indices, of a name."""
    if script is None:
        return "", None
    content = script.content
    if not indexed and is_name_subscript(base, label, content, parser.symbols):
        return spelled(content), None
    kind = shape(content)
    if kind != "list" and is_even_step(parser, base, label, content):
        return "", (index_expression(parser, content),)
    if kind != "list":
        parts = elements(content)
        suffix = "0" if parts.count("0") == 1 and not any(part.isdigit() for part in parts if part != "0") else ""
        if suffix and len(parts) > 1:  # the bias w_k0 beside the weights w_kj, which count from 1
            parser.warn(
                f"'{base}_{''.join(parts)}' is read as an entry of an array '{base}_0' of its own.",
                script.span,
                f"Write commas for an entry of '{base}':  {base}_{{{','.join(parts)}}}",
            )
            parts.remove("0")
        else:
            suffix = ""
        if (base, "".join(parts)) in parser.symbols.chosen and not parser.symbols.backward:
            (place,) = parts
            parser.warn(
                f"'{base}_{place}' is read as the entry of '{base}' at an integer '{place}'.",
                script.span,
                f"Declare it if it is a name of its own:  data {base}_{place}",
            )
        return suffix, tuple(index_token(parser, part, script.span) for part in parts)
    suffix, out = "", []
    for part in split_at_commas(content):
        if not part:
            raise parser.error("An index is missing between the commas.", script.span, "Write, for example:  x_{i,j}")
        if not suffix and is_suffix(parser, base, label, part):
            suffix = spelled(part)
        else:
            out.append(index_expression(parser, part))
    return suffix, tuple(out) or None


def is_even_step(parser: Parser, base: str, label: str, content: list[Token]) -> bool:
    """Whether 2i is twice i, in x_{2i} beside x_{2i+1}, and not the entry of row 2."""
    one_index = 1 in parser.symbols.counts.get(names.join(base, label), frozenset())
    return one_index and [t.kind for t in content] == ["num", "name"] and len(clusters(content[1].text)) == 1


def is_suffix(parser: Parser, base: str, label: str, part: list[Token]) -> bool:
    """Whether one element of a list subscript belongs to the name: L_{reg,i}, and z_{i,t} of a gate i_t, whose values are no places."""
    if len(part) != 1 or part[0].kind != "name":
        return False
    full = names.join(base, label, part[0].text)
    known = parser.symbols.is_quantity(full) or full in parser.symbols.names
    return (
        is_roman(part[0])
        or known
        or (part[0].text in parser.symbols.assigned and part[0].text not in parser.symbols.letters | parser.scope)
        or (len(clusters(part[0].text)) > 1 and not set(clusters(part[0].text)) <= parser.symbols.letters)
    )


def index_expression(parser: Parser, content: list[Token]) -> Expr:
    """One index: a letter, arithmetic on letters (t−1, 2i+k), or a lookup (y_i)."""
    if len(content) == 1 and content[0].kind in ("name", "num") and len(clusters(content[0].text)) == 1:
        return index_token(parser, content[0].text, content[0].span)
    if len(content) > 1 and content[0].kind == "num" and content[1].kind == "name":
        content = [content[0], *_letters_apart(parser, content[1]), *content[2:]]
    return parser.index_script(content)


def _letters_apart(parser: Parser, token: Token) -> list[Token]:
    parts = clusters(token.text)
    if len(parts) == 1 or not all(part in parser.symbols.letters for part in parts):
        return [token]
    return [replace(token, text=part) for part in parts]


def index_token(parser: Parser, text: str, span: Span) -> Expr:
    """One letter or number as an index; a quantity that is no index letter is a lookup."""
    if text.isdigit():
        return Num(Fraction(int(text)), text, span=span)
    symbols = parser.symbols
    known = text in symbols.letters or text in parser.scope
    chosen = any(letter == text for _, letter in symbols.chosen)
    seen = text in symbols.names and symbols.backward and not parser.on_left
    if not known and (symbols.is_quantity(text) or text in symbols.sizes or seen or chosen):
        return Ref(text, span=span)
    return index_letter(parser, text, span)


def is_index(parser: Parser, text: str) -> bool:
    """Whether a bare letter is an index here: it is bound by a Σ or free on the left of this line."""
    return text in parser.scope or (
        parser.in_index and len(clusters(text)) == 1 and not (
            parser.symbols.is_quantity(text) or (text in parser.symbols.names and text not in parser.symbols.letters)
        )
    )  # fmt: skip


def index_letter(parser: Parser, letter: str, span: Span) -> Index:
    if letter not in parser.scope:
        parser.loose.append((letter, Span(parser.name_start if parser.name_start >= 0 else span.start, span.end)))
    return Index(letter, span=span)

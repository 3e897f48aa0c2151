"""Σ, ∏, max and min over an index, with what stands under and over the sign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wengert.notes.notation import names, references
from wengert.notes.notation.cases import condition_in
from wengert.notes.notation.expr import BigOp, Call, Expr, Index, Ref, Span, walk
from wengert.notes.notation.scripts import ScriptTokens, clusters, list_letters, next_script
from wengert.notes.notation.tokens import Token, letter_of

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


SUM_EXAMPLE = {"text": "Write, for example:  Σ_j w_j x_j", "latex": r"Write, for example:  \sum_j w_j x_j"}


@dataclass
class Reach:
    """A Σ whose term has not been closed by a bracket: its letters and where it stands."""

    letters: tuple[str, ...]
    span: Span
    body: Span


def big_sign(parser: Parser) -> Expr:
    """Σ or Π over an index; without one, before an operator or a transpose or with an exponent, the letter is the name of a quantity."""
    start = parser.at
    token = parser.advance()
    letter = letter_of(token, parser.source)
    follower = parser.token
    if letter and follower.kind == "sup":
        script = next_script(parser.tokens, parser.at, parser.source)
        named = script is not None and (script.content[0].text == "-" or script.content[0].kind == "transpose")
    elif follower.kind == "name":
        after = next_script(parser.tokens, parser.at + 1, parser.source)
        turned = after is not None and after.content[0].kind == "transpose"  # A Σ Aᵀ
        named = turned or parser.symbols.is_quantity(letter)
    else:
        named = follower.kind in ("op", "rel", "end", "close", "comma", "bar", "norm", "prime")
    if letter and named:
        return references.reference(parser, replace(token, kind="name", text=letter))
    return big(parser, token.text, start)


def big(parser: Parser, op: str, start: int) -> Expr:
    """Σ_{j} body, with a range or a condition; it reaches to the end of the term."""
    head = parser.tokens[start]
    subscript: ScriptTokens | None = None
    upper: Expr | None = None
    while (script := next_script(parser.tokens, parser.at, parser.source)) is not None and script.kind != "prime":
        if script.kind == "sub":
            subscript = script
            parser.at = script.end
        else:
            upper = parser.script_expression(script.content, script.end)
    if subscript is None and upper is None and op == "sum":
        return sum_of_all(parser, start)
    if subscript is None:
        raise parser.error("This needs an index letter.", head.span, SUM_EXAMPLE[parser.syntax])
    letters, condition, lower = limits(parser, subscript)
    new = set(letters) - parser.scope
    parser.scope |= new
    if condition is None and any(t.kind == "rel" for t in subscript.content) and lower is None:
        condition = condition_in_scope(parser, subscript)
    head_span = Span(head.span.start, max(subscript.span.end, parser.tokens[parser.at - 1].span.end))
    parser.deeper()
    mark = len(parser.reaches)
    body = parser.term()
    del parser.reaches[mark:]
    parser.depth -= 1
    parser.scope -= new
    span = parser.span_from(start)
    parser.reaches.append(Reach(letters, head_span, Span(head_span.end, span.end)))
    return BigOp(op, letters, body, condition, lower, upper, span=span)


def sum_of_all(parser: Parser, start: int) -> Expr:
    """Σ (y − t)² without an index, over all entries of an array."""
    parser.deeper()
    body = parser.term()
    parser.depth -= 1
    if any(_lacks_index(part, parser) for part in walk(body)):
        raise parser.error("This needs an index letter.", parser.tokens[start].span, SUM_EXAMPLE[parser.syntax])
    tree = Call("sum", (body,), span=parser.span_from(start))
    parser.warn(
        "The Σ without an index is read as the sum of all entries.",
        parser.tokens[start].span,
        SUM_EXAMPLE[parser.syntax],
    )
    return tree


def _lacks_index(tree: Expr, parser: Parser) -> bool:
    """Whether a letter in a subscript is bound by no Σ: the i of Σ x_i."""
    if isinstance(tree, Index):
        return tree.letter not in parser.scope
    named = isinstance(tree, Ref) and not tree.indices and not parser.symbols.is_quantity(tree.name)
    return named and isinstance(tree, Ref) and len(clusters(names.split(tree.name).subscript)) == 1


def limits(parser: Parser, script: ScriptTokens) -> tuple[tuple[str, ...], Expr | None, Expr | None]:
    """The letters under a Σ and its lower limit; conditions are read later, when the letters are bound."""
    content = script.content
    texts = [t.text for t in content]
    if any(t.kind == "name" and len(clusters(t.text)) > 1 and t.font.startswith("\\") for t in content) or "∈" in texts:
        raise parser.error(
            "A sum over a set is not read.", script.span, "Sum over an index letter, with '⟦…⟧' for the condition."
        )
    found = list(dict.fromkeys(letter for letter in list_letters(content) if letter[0].isalpha()))
    if not found:
        raise parser.error("This needs an index letter.", script.span, SUM_EXAMPLE[parser.syntax])
    if len(content) > 2 and content[0].kind == "name" and content[1].text == "=":
        lower = parser.script_expression(content[2:], parser.at)
        return (content[0].text,), None, lower
    colon = _colon(content)
    if colon:
        return tuple(dict.fromkeys(list_letters(content[:colon]))), None, None
    if any(t.kind == "rel" for t in content):
        fresh = [letter for letter in found if letter not in parser.scope and not parser.symbols.is_quantity(letter)]
        first = [letter for letter in found if letter in fresh] or found[:1]
        return tuple(first[:2] if len(fresh) > 1 and _all_letters(content) else first[:1]), None, None
    return tuple(found), None, None


def _colon(content: list[Token]) -> int:
    """Where the condition of Σ_{m,n: 0 ≤ p − m < I} begins behind its letters; 0 where there is none."""
    at = next((k for k, token in enumerate(content) if token.kind == "colon"), 0)
    return at if all(token.kind in ("name", "comma") for token in content[:at]) else 0


def _all_letters(content: list[Token]) -> bool:
    return all(t.kind in ("name", "rel") for t in content)


def condition_in_scope(parser: Parser, script: ScriptTokens) -> Expr:
    content = script.content
    colon = _colon(content)
    if colon:
        content = content[colon + 1 :]
    end = parser.at
    condition = condition_in(parser, replace(script, content=content))
    parser.at = end
    return condition

"""Names with their scripts: what is a call, a quantity, an entry of it, an index letter.

Decisions 2 to 5, 8, 17 and 19 of the notation live here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wengert.notes.notation import derivatives, names
from wengert.notes.notation.expr import Expr, Index, Product, Ref, Span, Spelling, Transpose
from wengert.notes.notation.names import BAR
from wengert.notes.notation.occurrences import REDUCTIONS
from wengert.notes.notation.scripts import ScriptTokens, clusters, next_script, spelled
from wengert.notes.notation.subscripts import (
    index_letter,
    is_index,
    is_label,
    is_label_with_transpose,
    read_label,
    read_subscript,
)
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notes.notation.tokens import Token
from wengert.notes.notation.tokens_text import ascii_letter

if TYPE_CHECKING:
    from wengert.notes.notation.parser import Parser


def is_call(parser: Parser) -> bool:
    """Whether the name at the current place is a function that is applied here."""
    token = parser.token
    name = OTHER_SPELLINGS.get(token.text, token.text)
    symbols = parser.symbols
    if name == "e" and not token.bars:
        return parser.ahead().kind == "sup" and is_exponential(parser)
    if token.bars or symbols.is_quantity(name) or symbols.is_quantity(token.text) or has_own_name(parser, name):
        return False
    if name in REDUCTIONS and parser.ahead().kind == "sub":
        return True
    if name not in symbols.functions:
        return False
    return not (name in parser.scope and len(name) == 1)


def has_own_name(parser: Parser, function: str) -> bool:
    """Whether a function's name with its subscript or label is a quantity: the mean_x of a line mean_x = mean(x), the σ² of a variance."""
    symbols = parser.symbols
    at, parts = parser.at + 1, dict[str, str]()
    while (script := next_script(parser.tokens, at, parser.source)) is not None and script.kind in ("sub", "sup"):
        parts.setdefault(script.kind, spelled(script.content))
        at = script.end
    label, subscript = parts.get("sup", ""), parts.get("sub", "")
    full = [names.join(function, label.removeprefix("(").removesuffix(")"))] if label else []
    full += [names.join(function, subscript=subscript)] if subscript else []
    return any(symbols.is_quantity(name) or (symbols.backward and name in symbols.names) for name in full)


def is_exponential(parser: Parser) -> bool:
    """Whether e^… is the exponential function (K50): not where e has a line of its own. An array with entries e_i leaves it so,
    save for its transpose and the powers by numbers of the whole array."""
    symbols = parser.symbols
    if not symbols.is_quantity("e"):
        return True
    script = next_script(parser.tokens, parser.at + 1, parser.source)
    if not symbols.counts.get("e") or script is None or script.kind != "sup":
        return False
    if script.content[-1].kind == "transpose" or [token.text for token in script.content] in (["T"], ["top"]):
        return False
    if parser.scope:
        return True
    if all(token.kind in ("num", "op") for token in script.content):
        return False
    parser.warn(
        "'e^…' is read as the exponential function, though there are entries of a quantity 'e'.",
        Span(parser.token.span.start, script.span.end),
        "Write 'exp(…)' for the function, and indices on 'e' if its power is meant.",
    )
    return True


def name(parser: Parser) -> Expr:
    """A quantity, an entry of it, or an index letter, with the scripts that belong to its name."""
    token = parser.advance()
    if derivative := differential(parser, token):
        return derivative
    if is_split_word(parser, token):
        return split_word(parser, token)
    return reference(parser, token)


@dataclass
class WrittenName:
    """A name as it is written: its base with bars and primes, and the scripts that belong to the name."""

    base: str
    bars: int
    primes: int = 0
    subscript: ScriptTokens | None = None
    label: ScriptTokens | None = None

    @property
    def is_plain(self) -> bool:
        return self.subscript is None and self.label is None and not self.bars and not self.primes


def reference(parser: Parser, token: Token) -> Expr:
    """The quantity that one token with its scripts names. The exponent and transpose are left for the parser."""
    start = parser.at - 1
    parser.name_start = token.span.start
    written = written_name(parser, token)
    if written.is_plain and is_index(parser, written.base):
        parser.name_start = -1
        return index_letter(parser, written.base, parser.span_from(start))
    label, before = read_label(parser, written.label) if written.label is not None else ("", [])
    suffix, indices = read_subscript(parser, written.base, label, written.subscript, bool(before))
    parser.name_start = -1
    if before:
        indices = (*before, *(indices or ()))
    span = parser.span_from(start)
    full = names.join(written.base, label, suffix, written.primes)
    if written.primes and is_slope(parser, written, names.join(written.base, label, suffix), full):
        plain = Ref(names.join(written.base, label, suffix), indices, span=span)
        return derivatives.slope(parser, plain, written.primes)
    if written.primes:
        check_primes(parser, token, names.join(written.base, label, suffix), full, span)
    plain_delta = written.base == "δ" and not (written.bars or written.primes or label)
    if plain_delta and parser.reads_signals and suffix in parser.symbols.names:
        return Ref(suffix, indices, True, span=span)  # δ_z, the error signal of z
    tree = quantity(parser, full, indices, written.bars, token.bold, span)
    step_over_arguments(parser, full)
    if written.label is not None and is_label_with_transpose(written.label):
        return Transpose(tree, span=span)
    return tree


def is_slope(parser: Parser, written: WrittenName, plain: str, full: str) -> bool:
    """Whether f'(x) in a line about a system is the derivative of a quantity f that a line of the system computes."""
    symbols, opening = parser.symbols, parser.token
    known = full in symbols.assigned or full in symbols.names or written.bars
    applied = opening.kind == "open" and opening.text == "(" and not opening.space
    named = applied and opening.reach > 1 and parser.ahead().kind == "name"
    return parser.reads_signals and symbols.backward and named and not known and plain in symbols.assigned


def written_name(parser: Parser, token: Token) -> WrittenName:
    """The scripts after a name, as far as they belong to the name."""
    written = WrittenName(token.text, token.bars)
    known = parser.symbols.names
    if token.text.endswith("bar") and token.text not in known and token.text[:-3] in known:
        written.base, written.bars = token.text[:-3], token.bars + 1  # lossbar, the bar of a word in ASCII
    primed = parser.symbols.dialect != "matlab"
    while (script := next_script(parser.tokens, parser.at, parser.source)) is not None:
        kinds = {t.kind for t in script.content}
        if script.kind == "sub" and written.subscript is not None:
            raise parser.error("A name has one subscript.", script.span, "Write the indices with commas:  x_{i,j}")
        if script.kind == "sub":
            written.subscript = script
        elif kinds == {"prime"} and primed:
            written.primes += len(script.content)
        elif kinds == {"star"}:
            written.base += "⋆"
        elif written.label is None and is_label(parser, script):
            written.label = script
        elif written.subscript is None and swap_scripts(parser, script):
            continue
        else:
            break
        parser.at = script.end
    return written


def swap_scripts(parser: Parser, raised: ScriptTokens) -> bool:
    """x^2_i is (x_i)²: where a subscript follows an exponent or a transpose, it is put first."""
    lowered = next_script(parser.tokens, raised.end, parser.source)
    if lowered is None or lowered.kind != "sub":
        return False
    start, middle, end = parser.at, raised.end, lowered.end
    parser.tokens[start:end] = parser.tokens[middle:end] + parser.tokens[start:middle]
    return True


def quantity(parser: Parser, full: str, indices: tuple[Expr, ...] | None, bars: int, bold: bool, span: Span) -> Ref:
    """The Ref of a canonical name, with the bar as an error signal or as an accent."""
    symbols = parser.symbols
    if bars and full in symbols.accents:
        parts = names.split(full)
        full = names.join(parts.base + BAR, parts.label, parts.subscript, parts.primes)
        bars -= 1
    if bars > 1:
        raise parser.error("Two bars stand over one name.", span, "Use one bar for the error signal.")
    meant = symbols.meant(full, letters_of(indices)) if not bars else []
    if len(meant) > 1:
        signals = " and ".join(f"'{each or full}'" for each in meant)
        raise parser.error(
            f"'{full}' stands for the error signals of {signals} here.",
            span,
            f"Write it with the indices with which it is defined, or a name of its own for each:  {full}_y",
        )
    if any(meant):
        return Ref(meant[0], indices, True, span=span, spelling=Spelling("δ", full))
    return Ref(full, indices, bool(bars), bold, span=span)


def letters_of(indices: tuple[Expr, ...] | None) -> tuple[str, ...]:
    """The index letters of an entry; none for a whole array, or for indices that are computed."""
    return tuple(index.letter for index in indices or () if isinstance(index, Index))


def check_primes(parser: Parser, token: Token, plain: str, full: str, span: Span) -> None:
    """A prime on a quantity is part of its name if that name, or the plain one, has a line (decision 3)."""
    symbols = parser.symbols
    if full in symbols.assigned or full in symbols.names or plain in symbols.assigned:
        return
    raise parser.error(
        f"'{token.text}′' is neither a function nor a quantity with a line of its own.",
        span,
        f"Write '{token.text}ᵀ' for a transpose (or declare 'dialect: matlab'), or '{token.text}: function' for a derivative.",
    )


def step_over_arguments(parser: Parser, full: str) -> None:
    """f(x, y) where f(x, y) = … defines the quantity f: the same arguments say nothing new, others are an error."""
    arguments = parser.symbols.calls.get(full)
    opening = parser.token
    if arguments is None or opening.kind != "open" or opening.text != "(" or opening.space:
        return
    inside = tuple(t.text for t in parser.tokens[parser.at + 1 : parser.at + opening.reach])
    if inside == arguments:
        parser.at += opening.reach + 1
    elif len(inside) == len(arguments) and all(t == "," or t[0].isalnum() for t in inside):
        raise parser.error(
            f"'{full}' is defined for its own arguments and is applied to others here.",
            opening.span,
            f"Write the line of '{full}' out for these arguments, under another name.",
        )


def is_split_word(parser: Parser, token: Token) -> bool:
    """Whether a text word is a product of known letters: wx, when w and x are known and wx is not (decisions 8 and 19)."""
    symbols = parser.symbols
    parts = clusters(token.text)
    if len(parts) < 2 or token.font.startswith("\\") or symbols.is_quantity(token.text) or token.text in FUNCTIONS:
        return False
    if symbols.backward and token.text in symbols.names:
        return False
    known = symbols.names | symbols.declared | set(symbols.assigned)
    return all(part in known or (part == parts[-1] and part in symbols.functions) for part in parts)


def check_short_word(parser: Parser, slash: Token, word: Token) -> None:
    """a/bc without a space, where bc is not known as one name, can mean two things (K52)."""
    parts = clusters(word.text)
    symbols = parser.symbols
    if word.kind != "name" or len(parts) != 2 or word.font or not word.text.isalpha() or slash.space or word.space:
        return
    if (
        symbols.is_quantity(word.text)
        or word.text in symbols.functions
        or (symbols.backward and word.text in symbols.names)
    ):
        return
    raise parser.error(
        f"'/{word.text}' can mean two things.",
        Span(slash.span.start, word.span.end),
        f"Write '…/({' '.join(parts)})' or '(…/{parts[0]}) {parts[1]}', or declare '{word.text}' if it is one name.",
    )


def split_word(parser: Parser, token: Token) -> Expr:
    """The product, with a warning that shows both readings; scripts belong to the last letter."""
    parts = clusters(token.text)
    spaced = " ".join(parts)
    known = " and ".join(f"'{part}'" for part in parts)
    parser.warn(
        f"'{token.text}' is read as the product '{spaced}', because {known} are known and '{token.text}' is not.",
        token.span,
        f"Write '{spaced}' for the product, or declare '{token.text}' if it is one name:  data {token.text}",
    )
    factors: list[Expr] = [
        quantity(parser, part, None, token.bars, token.bold, token.span)
        if not is_index(parser, part)
        else Index(part, span=token.span)
        for part in parts[:-1]
    ]
    last = replace(token, text=parts[-1])
    parser.tokens[parser.at - 1] = last
    parser.at -= 1
    tree = parser.factor()
    factors.extend(tree.factors if isinstance(tree, Product) and tree.sign == "" else (tree,))
    return Product(tuple(factors), span=token.span)


def is_quotient_of_words(parser: Parser, token: Token) -> bool:
    """dL/dw as two words of plain text, which is a derivative also where d is a quantity."""
    below = parser.ahead()
    words = len(clusters(token.text)) > 1 and len(clusters(below.text)) > 1 and below.text[0] == "d"
    return words and parser.token.text == "/" and not (parser.token.space or below.space)


def differential(parser: Parser, token: Token) -> Expr | None:
    """dW or dL/dz where W, L and z are quantities and d is not (decision 7)."""
    symbols = parser.symbols
    if token.text[0] != "d" or token.bars or not parser.reads_signals:
        return None
    if symbols.is_quantity("d") and not is_quotient_of_words(parser, token):
        return None
    if (
        token.text == "d"
        and parser.token.text == "/"
        and parser.ahead().kind == "name"
        and parser.ahead().text[0] == "d"
    ):
        start = parser.at - 1
        parser.advance()
        return derivatives.derive(parser, derivatives.below_the_line(parser), start)
    if token.text == "d" and parser.token.kind == "sup" and any(t.text == "/" for t in parser.tokens[parser.at :]):
        raise derivatives.second_order(parser, parser.at - 1)  # d²L/dw²
    if len(clusters(token.text)) > 1:
        rest = ascii_letter(token.text[1:])[0]
        if not {rest, rest.swapcase()} & symbols.bases or token.text in symbols.names:
            return None
        parser.tokens[parser.at - 1] = replace(token, text=rest)
        parser.at -= 1
    elif (
        parser.token.kind != "name"
        or parser.token.space
        or token.text != "d"
        or not {parser.token.text, parser.token.text.swapcase()} & symbols.bases
    ):
        return None
    inner = parser.advance()
    tree = reference(parser, inner)
    if isinstance(tree, Transpose) and isinstance(tree.operand, Ref):  # dZ^{(1)T}
        return replace(tree, operand=replace(tree.operand, barred=True, spelling=Spelling("d")))
    if not isinstance(tree, Ref) or tree.barred:
        return None
    slash = parser.token
    if (
        slash.kind == "op"
        and slash.text == "/"
        and parser.ahead().kind == "name"
        and parser.ahead().text.startswith("d")
    ):
        return derivatives.partial_below(parser, tree, "d")
    return replace(tree, barred=True, spelling=Spelling("d"))

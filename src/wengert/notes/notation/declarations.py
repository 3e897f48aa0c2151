"""Lines that declare: params, data, shapes, sizes, functions, assumptions, dialect.

`assume` holds an equation, which the parser reads; everything else is read here from the tokens.
"""

from __future__ import annotations

from wengert.notes.notation import names
from wengert.notes.notation.chunks import Chunk, relations
from wengert.notes.notation.expr import Declaration, Span
from wengert.notes.notation.scripts import next_script, spelled
from wengert.notes.notation.symbols import OTHER_SPELLINGS
from wengert.notes.notation.tokens import Source, Token, letter_of

DIALECTS = frozenset({"matlab", "implicit sums"})


def is_declaration(chunk: Chunk) -> bool:
    """Whether a chunk declares: by its keyword, by ∈, by 'size of' or by ': function'."""
    tokens = chunk.tokens
    if chunk.keyword:
        return True
    return bool(relations(tokens, frozenset({"∈"}))) or _size_of(tokens) >= 0 or _is_function(tokens)


def read_declaration(chunk: Chunk, source: Source) -> Declaration:
    """One declaration. The condition of `assume` is left to the parser."""
    tokens = chunk.tokens
    if chunk.keyword in ("params", "data", "function"):
        return Declaration(chunk.keyword, tuple(_names(tokens[1:], source, chunk.span)), span=chunk.span)
    if chunk.keyword == "assume":
        return Declaration("assume", span=chunk.span)
    if chunk.keyword in ("dialect", "implicit"):
        return _dialect(chunk, source)
    if _is_function(tokens):
        return Declaration("function", tuple(_names(tokens[:-2], source, chunk.span)), span=chunk.span)
    if _size_of(tokens) >= 0:
        return _size(chunk, source)
    return _shape(chunk, source)


def _dialect(chunk: Chunk, source: Source) -> Declaration:
    text = " ".join(token.text for token in chunk.tokens[(chunk.keyword == "dialect") :] if token.kind == "name")
    if text not in DIALECTS:
        raise source.error(
            f"The dialect '{text}' is not known.", chunk.span, "Write 'dialect: matlab' or 'implicit sums'."
        )
    return Declaration("dialect", (text,), span=chunk.span)


def _is_function(tokens: list[Token]) -> bool:
    """φ: function"""
    return (
        len(tokens) > 2
        and tokens[-2].kind == "colon"
        and tokens[-1].kind in ("name", "remark")
        and tokens[-1].text == "function"
    )


def _size_of(tokens: list[Token]) -> int:
    """Where '= size of' stands, as words or as one \\text{size of}; −1 if it does not."""
    for at in relations(tokens, frozenset({"="})):
        words = " ".join(token.text for token in tokens[at + 1 : at + 3])
        if words.startswith("size of"):
            return at
    return -1


def _size(chunk: Chunk, source: Source) -> Declaration:
    tokens = chunk.tokens
    at = _size_of(tokens)
    rest = [token for token in tokens[at + 1 :] if token.text not in ("size", "of", "size of")]
    named = _names(tokens[:at], source, chunk.span)
    if len(rest) != 1 or rest[0].kind != "name" or len(named) != 1:
        raise source.error("A size is declared for one index letter.", chunk.span, "Write, for example:  N = size of n")
    return Declaration("size", (named[0],), letter=rest[0].text, span=chunk.span)


def _names(tokens: list[Token], source: Source, place: Span) -> list[str]:
    """Names with commas (or nothing) between them; every subscript is part of the name."""
    out: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind in ("comma", "colon", "and") or (token.kind == "name" and token.text == "and"):
            at += 1
            continue
        if letter_of(token, source):
            out.append(letter_of(token, source))
            at += 1
            continue
        if token.kind != "name":
            raise source.error("A declaration lists names.", token.span, "Write, for example:  params w, b")
        name, at = read_plain_name(tokens, at, source)
        out.append(name)
    if not out:
        raise source.error("This declaration names nothing.", place, "Write, for example:  params w, b")
    return out


def read_plain_name(tokens: list[Token], at: int, source: Source) -> tuple[str, int]:
    """The canonical name that starts here, its subscript taken as part of it, and the position after it."""
    base = OTHER_SPELLINGS.get(tokens[at].text, tokens[at].text)
    label = subscript = ""
    primes = 0
    at += 1
    while (script := next_script(tokens, at, source)) is not None:
        if script.kind == "prime":
            primes += 1
        elif script.kind == "sub":
            subscript = spelled(script.content)
        elif script.bracketed:
            label = spelled(script.content)
        else:
            break
        at = script.end
    return names.join(base, label, subscript, primes), at


def _shape(chunk: Chunk, source: Source) -> Declaration:
    """w ∈ ℝ^(m×n), x ∈ ℝⁿ, λ ∈ ℝ, W \\in \\mathbb{R}^{m \\times n}, W ∈ ℝ^{3, 4}"""
    tokens = chunk.tokens
    at = relations(tokens, frozenset({"∈"}))[0]
    after = tokens[at + 1 :]
    if not after or after[0].kind != "name" or after[0].text not in ("ℝ", "R"):
        raise source.error("A shape is declared over the real numbers.", chunk.span, "Write, for example:  W ∈ ℝ^(m×n)")
    script = next_script(after, 1, source)
    sizes: list[str] = []
    if script is not None and script.kind == "sup":
        for token in script.content:
            if token.kind in ("name", "num"):
                sizes.append(token.text)
            elif not (token.kind == "comma" or (token.kind == "op" and token.text in "×*·")):
                raise source.error(
                    "A size is a number or a letter.", token.span, "Write, for example, 'ℝ^(m×n)' or 'ℝ^(3×4)'."
                )
    if len(sizes) > 2 and all(size == "x" for size in sizes[1::2]):
        sizes = sizes[::2]  # R^(m x n) in ASCII
    rest = after[script.end if script else 1 :]
    if rest:
        raise source.error("Something follows this shape.", rest[0].span, "Write one declaration a line.")
    return Declaration("shape", tuple(_names(tokens[:at], source, chunk.span)), tuple(sizes), span=chunk.span)

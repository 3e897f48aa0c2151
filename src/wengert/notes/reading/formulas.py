"""The neutral grammar: one pass over the signs of a formula, without a symbol table."""

from __future__ import annotations

from fractions import Fraction

from wengert.notes.reading.tokens import CJK, END, MathToken
from wengert.notes.reading.trees import (
    Big,
    Both,
    Call,
    Frac,
    Func,
    Group,
    Listing,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
)

RELATIONS = "=≈←≤≥<>≠~∈"
PRODUCTS = {"·": "·", "×": "·", "∘": "∘", "*": "*", "/": "/", "⊗": "⊗", "∗": "*"}
LOOKED_UP = frozenset("yct")
"""Names whose values stand in the place of an index."""
INDEX_LETTERS = "ijklmnpqrst"
MAX_DEPTH = 60


class NotNeutral(Exception):
    """A formula that the parser does not take apart, with the reason."""


class Formula:
    """Sums, products, factors with their scripts and brackets, one sign after the other."""

    def __init__(self, signs: list[MathToken]) -> None:
        self.signs, self.at, self.depth = signs, 0, 0
        self.bars: list[str] = []
        self.named: list[tuple[Tree, Tree]] = []

    # signs

    def peek(self, ahead: int = 0) -> MathToken:
        return self.signs[self.at + ahead] if self.at + ahead < len(self.signs) else END

    def next(self) -> MathToken:
        token = self.peek()
        self.at += 1
        return token

    def take(self, text: str) -> bool:
        if self.peek().text == text and self.peek().kind != "num":
            self.at += 1
            return True
        return False

    def rest(self) -> list[MathToken]:
        """What is left besides the signs that end a sentence."""
        left = self.signs[self.at :]
        if _is_range(left):
            return []
        return [] if all(token.text in (".", ",", ";", ":", "\\", "&", "⇒", "") for token in left) else left

    def command(self) -> Tree | None:
        """What begins with a backslash."""
        raise NotImplementedError

    # sums, products, factors

    def condition(self) -> Tree:
        left = self.sum()
        if self.peek().kind == "sign" and self.peek().text in "=≠<>≤≥∈":
            return Relation(self.next().text, left, self.sum())
        return left

    def sum(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotNeutral("the brackets are nested too deeply")
        sign = -1 if self.take("-") else 1
        if sign > 0:
            self.take("+")
        terms = [(sign, self.term())]
        while self.peek().kind == "sign" and self.peek().text in ("+", "-"):
            sign = 1 if self.next().text == "+" else -1
            while self.peek() == MathToken("sign", "-"):
                self.next()
                sign = -sign
            terms.append((sign, self.term()))
        self.depth -= 1
        return terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else Sum(tuple(terms))

    def term(self) -> Tree:
        items: list[tuple[str, Tree]] = []
        sign = ""
        while True:
            kind, text = self.peek()
            if kind == "sign" and text in PRODUCTS and items:
                self.next()
                sign = PRODUCTS[text]
                if self.peek() == MathToken("sign", "-"):
                    self.next()
                    items.append((sign, Num(Fraction(-1))))
                    sign = ""
                continue
            factor = self.factor()
            if factor is None:
                break
            items.append((sign, factor))
            sign = ""
            if isinstance(factor, Big):
                break
        if not items or sign:
            raise NotNeutral(
                f"nothing stands before '{self.peek().text}'" if self.peek() != END else "the formula breaks off"
            )
        items = _slanted_derivatives(items)
        return items[0][1] if len(items) == 1 else Row(tuple(items))

    def factor(self) -> Tree | None:
        base = self.atom()
        if base is None:
            return None
        sub: Tree | None = None
        sup: Tree | None = None
        primes = 0
        braced = False
        while True:
            kind, text = self.peek()
            if kind != "sign":
                break
            if text == "{" and self.peek(1).text in ("_", "^") and not braced:
                self.next()
                braced = True
            elif text == "}" and braced:
                self.next()
                braced = False
            elif text == "_" and sub is None:
                self.next()
                sub = _label_and_indices(self.argument())
            elif text == "^":
                self.next()
                above, more = _without_primes(self.argument())
                primes += more
                if above is not None:
                    sup = above if sup is None else Both((sup, above))
            elif text == "'":
                self.next()
                primes += 1
            elif text == "[" and isinstance(base, Name | Word) and (indices := self.indices()) is not None:
                sup = sup if sub is None else Group("(", sub) if sup is None else Both((sup, Group("(", sub)))
                sub = indices
            else:
                break
        if isinstance(sub, Relation) and base == Num(Fraction(1)):
            base = Word("𝟙")  # 1_{i = j}
        return Script(base, sub, sup, primes) if sub is not None or sup is not None or primes else base

    def indices(self) -> Tree | None:
        """[i, j] behind a name: the entry at these indices; None where the brackets hold something else."""
        start = self.at
        self.next()
        try:
            inner = self.listing("]")
        except NotNeutral:
            inner = None
        parts = inner.items if isinstance(inner, Listing) else () if inner is None else (inner,)
        several = len(parts) > 1 and all(_is_index(part) for part in parts)
        if several:
            return inner
        if isinstance(inner, Name) and inner.text in INDEX_LETTERS:
            return Group("[", inner)
        self.at = start
        return None

    def listing(self, close: str) -> Tree:
        """What stands up to a closing bracket: one thing, or several with commas."""
        parts: list[Tree] = []
        while True:
            if self.peek().text == close and self.peek().kind != "num":
                self.next()
                break
            if self.peek() == END:
                raise NotNeutral("a bracket is left open")
            if parts and (self.take(",") or self.take(";")):
                continue
            if parts and self.take("|"):
                parts.append(Relation("|", parts.pop(), self.listing(close)))
                break
            parts.append(self.condition())
        return parts[0] if len(parts) == 1 else Listing(tuple(parts))

    def argument(self) -> Tree:
        """What a command or a script sign takes: a group, or one sign."""
        if self.take("{"):
            return self.signs_alone() or self.listing("}")
        kind, text = self.next()
        if kind == "num":
            if len(text) > 1:
                self.at -= 1
                self.signs[self.at] = MathToken("num", text[1:])
            return Num(Fraction(text[0]))
        if kind == "name":
            return Name(text)
        if kind == "word":
            return Word(text)
        if kind == "command":
            self.at -= 1
            inner = self.atom()
            if inner is None:
                raise NotNeutral(f"'\\{text}' stands in a script")
            return inner
        if kind == "sign" and text in "([":
            return Group(text, self.listing(")" if text == "(" else "]"))
        if text in "*⊤'+-…":
            return Sign(text)
        raise NotNeutral(f"'{text}' stands in a script")

    def signs_alone(self) -> Tree | None:
        """A script of signs that are no formula: {*}, {\\prime\\prime}, {+}."""
        width = 0
        while self.peek(width).kind == "sign" and self.peek(width).text in "*'+-⊤":
            width += 1
        if not width or self.peek(width).text != "}":
            return None
        text = "".join(self.next().text for _ in range(width))
        self.next()
        return Sign(text)

    # atoms

    def atom(self) -> Tree | None:
        kind, text = self.peek()
        if kind == "num":
            self.next()
            return Num(Fraction(text), len(text.partition(".")[2]) if "." in text else None)
        if kind == "name":
            return self.letters()
        if kind == "word":
            self.next()
            return Word(text)
        if kind == "open":
            return self.braces()
        if kind == "sign":
            return self.sign(text)
        return self.command() if kind == "command" else None

    def letters(self) -> Tree:
        """One letter; syllables that stand together are one word."""
        text = self.next().text
        if ord(text[0]) <= CJK:
            return Name(text)
        while self.peek().kind == "name" and ord(self.peek().text[0]) > CJK:
            text += self.next().text
        return Word(text)

    def braces(self) -> Tree | None:
        if self.peek().text != "{":
            return None
        self.next()
        return Group("(", self.listing("}"))

    def sign(self, text: str) -> Tree | None:
        if text in "∂∇…⊤":
            self.next()
            return Name(text)
        if text in "([":
            self.next()
            return Group(text, self.listing(")" if text == "(" else "]"))
        if text == "⟨":
            self.next()
            return Call("inner", self.listing("⟩"))
        if text == "{":
            if self.dissolved():
                return self.atom()
            self.next()
            return self.unbraced()
        if text in "‖|" and not (self.bars and self.bars[-1] == text) and self.is_closed(text):
            return self.barred(text)
        return None

    def is_closed(self, bar: str) -> bool:
        """Whether a bar has its partner within the brackets in which it stands."""
        depth = 0
        for kind, text in self.signs[self.at + 1 :]:
            depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            if depth < 0:
                return False
            if depth == 0 and text == bar and kind == "sign":
                return True
        return False

    def dissolved(self) -> bool:
        """Take away braces that nothing shows: {a - b}(c) is set as a - b(c). Those with a script or a font have a meaning."""
        depth, close = 0, self.at
        for close in range(self.at, len(self.signs)):
            depth += (self.signs[close] == MathToken("sign", "{")) - (self.signs[close] == MathToken("sign", "}"))
            if not depth:
                break
        behind = self.signs[close + 1].text if close + 1 < len(self.signs) else ""
        first = self.peek(1)
        if depth or close == self.at + 1 or behind in ("^", "_", "'") or first.text in ("rm", "bf", "it", "cal"):
            return False
        del self.signs[close], self.signs[self.at]
        return True

    def unbraced(self) -> Tree:
        """{…} without a command before it; old fonts stand within it."""
        if self.peek().kind == "command" and self.peek().text in ("rm", "bf", "it", "cal"):
            bold = self.next().text == "bf"
            inner = self.listing("}")
            return Name(inner.text, bold) if isinstance(inner, Name) else inner
        inner = self.listing("}")
        return inner if isinstance(inner, Name | Num | Script | Frac | Word | Func) else Group("{", inner)

    def barred(self, bar: str) -> Tree:
        self.next()
        doubled = bar == "|" and self.peek().text == "|"
        if doubled:
            self.next()
        self.bars.append(bar)
        inner = self.sum()
        self.bars.pop()
        if not self.take(bar) or (doubled and not self.take(bar)):
            raise NotNeutral("a bar is left open")
        return Call("norm" if bar == "‖" or doubled else "abs", inner)


def _is_range(signs: list[MathToken]) -> bool:
    """Whether what is left says over what an index runs: , n = 1, …, N."""
    signs = [token for token in signs if token.text not in ("quad", "qquad")]
    kinds = "".join(token.kind[0] if token.kind in ("name", "num") else token.text[:1] for token in signs[:5])
    return len(kinds) == 5 and kinds[:3] == ",n=" and kinds[3] == "n" and signs[3].kind == "num" and kinds[4] in ",…."


def _is_index(tree: Tree) -> bool:
    """Whether something may stand in the place of an index."""
    if isinstance(tree, Script):
        return isinstance(tree.base, Name) and isinstance(tree.sub, Name) and tree.sup is None
    return isinstance(tree, Name | Num | Sum) and all(isinstance(node, Name | Num | Sum) for node in tree.nodes)


def _label_and_indices(sub: Tree) -> Tree:
    """h[i,j] below a name: its label and its indices; y[i] is looked up."""
    if isinstance(sub, Script) and isinstance(sub.base, Name | Word) and sub.sub is not None and not sub.sup:
        if isinstance(sub.sub, Listing):
            return Listing((sub.base, *sub.sub.items))
        if isinstance(sub.sub, Group) and sub.base.text not in LOOKED_UP:
            return Listing((sub.base, sub.sub.inner))
    return sub


def _without_primes(above: Tree) -> tuple[Tree | None, int]:
    """What stands above a base, and how many primes it is."""
    if isinstance(above, Sign) and above.text == "'":
        return None, 1
    if isinstance(above, Name) and set(above.text) == {"'"}:
        return None, len(above.text)
    return above, 0


def _slanted_derivatives(items: list[tuple[str, Tree]]) -> list[tuple[str, Tree]]:
    """∂L/∂w and dL/dw written with a slash as the fractions that they are."""
    for sign in ("∂", "d"):
        at = 0
        while at < len(items):
            width = _slanted(items, at, sign)
            if width:
                low_end = at + width + 2
                top = Row(tuple(("", item) for _, item in items[at : at + width])) if width > 1 else items[at][1]
                low = Row(tuple(("", item) for _, item in items[at + width : low_end]))
                items = [*items[:at], (items[at][0], Frac(top, low)), *items[low_end:]]
            at += 1
    return items


def _slanted(items: list[tuple[str, Tree]], at: int, sign: str) -> int:
    """How many factors the numerator of a slanted derivative has that begins here; 0 where none does."""
    if not _begins(items[at][1], sign):
        return 0
    for width in (1, 2):
        low = at + width
        if low + 1 < len(items) and items[low][0] == "/" and _begins(items[low][1], sign) and items[low + 1][0] == "":
            between = items[at + 1 : low]
            return width if all(s == "" for s, _ in between) else 0
    return 0


def _begins(tree: Tree, sign: str) -> bool:
    return (isinstance(tree, Name) and tree.text == sign) or (isinstance(tree, Script) and tree.base == Name(sign))

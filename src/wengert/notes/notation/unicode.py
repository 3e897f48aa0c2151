"""The one-line form in Unicode, or in ASCII: copyable, and read back as the same tree."""

from __future__ import annotations

import unicodedata

from wengert.notes.notation import names
from wengert.notes.notation.expr import (
    Bars,
    BigOp,
    Call,
    Cases,
    Declaration,
    Expr,
    Index,
    Inverse,
    Line,
    Neg,
    Norm,
    Num,
    Partial,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Transpose,
)
from wengert.notes.notation.names import ACCENTS, BAR, LETTER_WORDS, OVERLINE, SUPERSCRIPTS
from wengert.notes.notation.precedence import ATOM, POWER, RUN, SIGNED, SUM
from wengert.notes.notation.printing import GLYPHS, Printer, decimal, has_bars, is_spaced
from wengert.notes.notation.scripts import clusters
from wengert.notes.notation.symbols import FUNCTIONS, Symbols

ASCII_RELATIONS = {"≤": "<=", "≥": ">=", "≠": "!=", "∈": "in"}
BIG_SIGNS = {"sum": "Σ", "prod": "Π"}


def show(tree: Expr | Line | Declaration, ascii: bool = False, symbols: Symbols | None = None) -> str:
    """The tree, line or declaration on one line."""
    printer = TextPrinter(ascii, symbols)
    if isinstance(tree, Line):
        text = printer.line(tree)
    elif isinstance(tree, Declaration):
        text = printer.declaration(tree)
    else:
        text = printer.show(tree)
    return unicodedata.normalize("NFC", text)


def show_name(name: str) -> str:
    """A canonical name in a sentence, another step of time as it is written: h_{t−1}."""
    return TextPrinter().name(name) if names.is_step(names.split(name).subscript) else name


class TextPrinter(Printer):
    """Unicode or ASCII text."""

    def __init__(self, ascii: bool = False, symbols: Symbols | None = None) -> None:
        super().__init__(symbols)
        self.ascii = ascii
        self.product_signs = {"·": ".", "∘": ".*", "*": "*"} if ascii else {"·": "·", "∘": "∘", "*": "*"}

    def line(self, line: Line) -> str:
        sign = "+=" if "+=" in line.notes else "="
        rights = " = ".join(self.show(right) for right in line.rights)
        return f"{self.show(line.left)} {sign} {rights}"

    def declaration(self, declaration: Declaration) -> str:
        listed = ", ".join(self.name(name) for name in declaration.names)
        match declaration.kind:
            case "shape":
                times = " x " if self.ascii else "×"
                sizes = declaration.sizes
                power = "" if not sizes else f"^{sizes[0]}" if len(sizes) == 1 else f"^({times.join(sizes)})"
                return f"{listed} in R{power}" if self.ascii else f"{listed} ∈ ℝ{power}"
            case "size":
                return f"{listed} = size of {self.index_letter(declaration.letter)}"
            case "function":
                return f"{listed}: function"
            case "assume":
                return f"assume {self.show(declaration.condition)}" if declaration.condition is not None else "assume"
            case "dialect":
                return declaration.names[0] if declaration.names[0] == "implicit sums" else f"dialect: {listed}"
            case kind:
                return f"{kind} {listed}"

    # levels

    def number_level(self, tree: Num) -> int:
        text = self.number(tree)
        return RUN if "/" in text else ATOM

    def quotient_level(self, tree: Quotient) -> int:
        return RUN

    def begins_with_number(self, tree: Expr) -> bool:
        if isinstance(tree, Quotient):
            return self.begins_with_number(tree.numerator) and self.level(tree.numerator) >= POWER
        if isinstance(tree, Product) and not tree.sign:
            return False
        return super().begins_with_number(tree)

    # signs

    def minus(self) -> str:
        return "-" if self.ascii else "−"

    def both(self) -> str:
        return " and "

    def relation(self, op: str) -> str:
        return ASCII_RELATIONS.get(op, op) if self.ascii else op

    def ones(self) -> str:
        return "ones" if self.ascii else "𝟏"

    def index_letter(self, letter: str) -> str:
        return LETTER_WORDS.get(letter, letter) if self.ascii else letter

    def number(self, tree: Num) -> str:
        value = tree.value
        if value < 0:
            return self.minus() + self.number(Num(-value))
        if value.denominator == 1:
            return str(value.numerator)
        if "/" not in tree.text and tree.text and tree.text[0] in "0123456789.":
            return tree.text
        if not self.ascii and value in GLYPHS:
            return GLYPHS[value]
        plain = decimal(value) if value.denominator > 100 else ""
        return plain or f"{value.numerator}/{value.denominator}"

    # names

    def name(self, name: str, bars: int = 0) -> str:
        """A canonical name, with bars over its base."""
        base, label, subscript, primes = names.split(name)
        text = self.base(base, bars)
        if label and name in self.symbols.squares:
            text += f"^{label}" if self.ascii else names.superscript(label)
        elif label:
            text += f"^({label})" if self.ascii else f"⁽{names.superscript(label)}⁾"
        if names.is_step(subscript):
            text += f"_{{{subscript}}}" if self.ascii else "_{" + subscript.replace("-", "−") + "}"
        elif subscript:
            digits = subscript.isdigit() and not self.ascii
            text += "".join(names.SUBSCRIPTS[c] for c in subscript) if digits else "_" + self.word(subscript)
        return text + "'" * primes

    def word(self, word: str) -> str:
        return "".join(LETTER_WORDS.get(c, c) for c in word) if self.ascii else word

    def base(self, base: str, bars: int) -> str:
        star = base.endswith("⋆")
        letters = clusters(base.removesuffix("⋆"))
        if self.ascii:
            text = "".join(
                LETTER_WORDS.get(c[0], c[0]) + "".join("bar" if m == BAR else ACCENTS.get(m, "") for m in c[1:])
                for c in letters
            )
            return text + "bar" * bars + ("^*" if star else "")
        mark = BAR if len(letters) == 1 else OVERLINE
        return "".join(letter + mark * bars for letter in letters) + ("⋆" if star else "")

    def ref(self, tree: Ref) -> str:
        if tree.indices is None:
            return self.name(tree.name, int(tree.barred))
        base, label, subscript, primes = names.split(tree.name)
        text = self.name(names.join(base, label), int(tree.barred))
        if subscript:
            inner = ",".join([self.word(subscript), *(self.index(i) for i in tree.indices)])
            return f"{text}_{{{inner}}}" + "'" * primes
        plain = all(
            isinstance(i, Index) and (not self.ascii or len(self.index_letter(i.letter)) == 1) for i in tree.indices
        ) and not (len(tree.indices) > 1 and any(i.letter.isupper() for i in tree.indices if isinstance(i, Index)))
        if plain:
            letters = "".join(self.index(i) for i in tree.indices)
            return (f"{text}_{{{letters}}}" if "'" in letters else f"{text}_{letters}") + "'" * primes
        place = tree.indices[0] if len(tree.indices) == 1 else None
        chosen = isinstance(place, Ref) and (tree.name, place.name) in self.symbols.chosen
        if place is not None and (chosen or isinstance(place, Num | Index)):
            return f"{text}_{self.index(place)}" + "'" * primes
        return f"{text}_{{{','.join(self.index(i) for i in tree.indices)}}}" + "'" * primes

    def index(self, tree: Expr) -> str:
        """One index, written tight: t−1, 2i+k."""
        text = self.show(tree)
        if isinstance(tree, Sum | Product):
            for sign in (f" {self.minus()} ", " + "):
                text = text.replace(sign, sign.strip())
            parts = [f for _, f in tree.terms] if isinstance(tree, Sum) else [tree]
            for part in parts:
                if (
                    isinstance(part, Product)
                    and len(part.factors) == 2
                    and isinstance(part.factors[0], Num)
                    and not self.ascii
                ):
                    text = text.replace(self.show(part), self.show(part.factors[0]) + self.show(part.factors[1]))
        return text

    # structures

    def is_apart(self, tree: Quotient) -> bool:
        return is_spaced(tree.numerator, tree.denominator)

    def quotient(self, tree: Quotient, last: bool) -> str:
        above, below = tree.numerator, tree.denominator
        fraction = isinstance(above, Num) and self.number_level(above) < ATOM
        text_above = self.show(above, POWER if fraction else RUN, last=False)
        if isinstance(below, Partial):
            text_below = self.bracket(self.show(below))
        else:
            text_below = self.show(below, POWER, last=last)
        slash = " / " if is_spaced(above, below) else "/"
        return f"{text_above}{slash}{text_below}"

    def raised(self, tree: Power | Transpose | Inverse) -> str:
        operand = tree.base if isinstance(tree, Power) else tree.operand
        if isinstance(tree, Transpose) and isinstance(operand, Inverse):
            return self.show(operand.operand, ATOM, last=False) + ("^(-T)" if self.ascii else "⁻ᵀ")
        base = self.show(operand, ATOM, last=False)
        if isinstance(tree, Transpose):
            return base + (("^top" if "T" in self.symbols.names else "^T") if self.ascii else "ᵀ")
        if isinstance(tree, Inverse):
            return base + ("^(-1)" if self.ascii else "⁻¹")
        if isinstance(operand, Ref) and isinstance(tree.exponent, Sum):
            return f"{base}^{{{self.show(tree.exponent)}}}"  # in round brackets it would be a label of the name
        return base + self.exponent(tree.exponent)

    def exponent(self, tree: Expr) -> str:
        inner = tree.operand if isinstance(tree, Neg) else tree
        if isinstance(inner, Num) and inner.value >= 0 and inner.value.denominator == 1 and not self.ascii:
            sign = "⁻" if tree is not inner else ""
            return sign + "".join(SUPERSCRIPTS[c] for c in str(inner.value.numerator))
        if isinstance(inner, Num) and inner.value >= 0 and inner.value in GLYPHS:
            sign = self.minus() if tree is not inner else ""
            return f"^({sign}{inner.value.numerator}/{inner.value.denominator})"
        simple = isinstance(tree, Index) or (isinstance(tree, Num) and self.level(tree) == ATOM)
        named = isinstance(tree, Ref) and tree.indices is None and not set("_⁽'⋆") & set(tree.name)
        return f"^{self.show(tree)}" if simple or named else f"^({self.show(tree)})"

    def call(self, tree: Call, last: bool) -> str:
        plain = not tree.primes and tree.power is None
        if tree.function == "exp" and plain and not self.symbols.is_quantity("e"):
            argument = tree.args[0]
            simple = (
                isinstance(argument, Ref) and argument.indices is None and set("_⁽'⋆").isdisjoint(argument.name)
            ) or isinstance(argument, Index)
            return f"e^{self.show(argument)}" if simple else f"e^({self.show(argument)})"
        if tree.function == "sqrt" and plain and not self.ascii:
            return f"√{self.show(tree.args[0], ATOM, last=False)}"
        head = self.function(tree.function) + "'" * tree.primes
        if tree.power is not None:
            head += self.exponent(tree.power)
        if last and self.is_bare(tree):
            return f"{head} {self.show(tree.args[0])}"
        return f"{head}({', '.join(self.show(argument) for argument in tree.args)})"

    def function(self, name: str) -> str:
        known = FUNCTIONS.get(name)
        text = name if known is None or name == "sqrt" else known.text
        return self.word(text) if self.ascii else text

    def big(self, tree: BigOp) -> str:
        head = tree.op if self.ascii else BIG_SIGNS.get(tree.op, tree.op)
        letters, conditions = self.limits(tree)
        if letters and conditions:
            under = f"_{{{','.join(letters)}: {', '.join(conditions)}}}"
        elif conditions:
            under = f"_({conditions[0]})"
        elif tree.lower is not None:
            under = f"_{{{letters[0]}={self.index(tree.lower)}}}"
        else:
            single = all(len(clusters(text)) == 1 and "'" not in text for text in letters)
            under = "_" + ("".join(letters) if single else f"{{{','.join(letters)}}}")
        over = f"^{{{self.index(tree.upper)}}}" if tree.upper is not None else ""
        return f"{head}{under}{over} {self.show(tree.body, SIGNED)}"

    def bars(self, tree: Norm | Bars) -> str:
        inner = self.show(tree.operand)
        if has_bars(tree.operand):
            inner = self.bracket(inner)
        if isinstance(tree, Bars):
            return f"|{inner}|"
        sign = "||" if self.ascii else "‖"
        return f"{sign}{inner}{sign}" + (f"_{tree.order}" if tree.order != "2" else "")

    def cases(self, tree: Cases) -> str:
        rows = [
            f"{self.show(value, SUM)} otherwise"
            if condition is None
            else f"{self.show(value, SUM)} if {self.show(condition)}"
            for value, condition in tree.branches
        ]
        return "{ " + "; ".join(rows) + " }"

    def indicator(self, text: str) -> str:
        return f"[[{text}]]" if self.ascii else f"⟦{text}⟧"

    def entries(self, rows: list[list[str]]) -> str:
        inner = "; ".join(", ".join(row) for row in rows)
        return ("[ " if inner.startswith("[") else "[") + inner + "]"  # [[ would open an indicator

    def partial(self, tree: Partial) -> str:
        if tree.symbol == "∇" and not self.ascii:
            return f"∇_{self.show(tree.denominator)} {self.show(tree.numerator)}"
        if tree.symbol == "'":
            return f"{self.show(tree.numerator, ATOM)}'({self.show(tree.denominator)})"
        d = "d" if tree.symbol == "d" or self.ascii else "∂"
        return f"{d}{self.show(tree.numerator, ATOM)}/{d}{self.show(tree.denominator, POWER)}"

    def derive(self, denominator: Expr, body: Expr) -> str:
        d = "d" if self.ascii else "∂"
        text = self.show(body, POWER, last=False)
        return f"{d}/{d}{self.show(denominator, ATOM)} {text if text.startswith('(') else self.bracket(text)}"

"""Random systems of equations as text: named lines with sums, functions, quotients, cases, extremes and look-ups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[Any], Any]
CLASSES = {"n": "ijl", "m": "kqr"}
"""Letters of each size class."""
SHAPES = {"u": "n", "v": "n", "w": "m", "A": "(m×n)", "Q": "(n×n)"}
INPUTS = {"a": "", "b": "", "u": "n", "v": "n", "w": "m", "A": "mn", "Q": "nn"}
DEFINED = ("c", "d", "f", "g", "h", "s")
FUNCTIONS = ("tanh", "exp", "σ", "sin")


@dataclass
class Writer:
    """Draws the right sides of one system; `known` holds the size classes of every quantity so far."""

    draw: Draw
    known: dict[str, str] = field(default_factory=lambda: dict(INPUTS))
    used: set[str] = field(default_factory=set)

    def among(self, *items: Any) -> Any:
        return self.draw(st.sampled_from(items))

    def leaf(self, letters: str) -> str:
        """An entry of a quantity at letters in scope."""
        fit: list[str] = []
        for name, classes in self.known.items():
            choices = [[q for q in letters if q in CLASSES[c]] for c in classes]
            if all(choices):
                fit.append(name)
        late = [name for name in fit if name not in INPUTS]
        name = self.among(*fit, *late, *late)
        self.used.add(name)
        places = "".join(self.among(*[q for q in letters if q in CLASSES[c]]) for c in self.known[name])
        return f"{name}_{places}" if places else name

    def fresh(self, letters: str) -> str:
        group = self.among(*CLASSES.values())
        return next((q for q in group if q not in letters), "")

    def expression(self, letters: str, depth: int) -> str:
        """An expression in which at most `letters` are free, to be put anywhere (it brings its brackets)."""
        if depth == 0:
            return self.leaf(letters)
        kinds = (self.two, self.two, self.product, self.product, self.total, self.total, self.function, self.other)
        return self.among(*kinds)(letters, depth - 1)

    def two(self, letters: str, depth: int) -> str:
        sign = self.among("+", "−")
        return f"({self.expression(letters, depth)} {sign} {self.expression(letters, depth)})"

    def product(self, letters: str, depth: int) -> str:
        left, right = self.expression(letters, depth), self.expression(letters, depth)
        return self.among(
            f"({left} ({right}))", f"({left} ({right}))", f"(½ {left} ({right}))", f"({left} / (2 + ({right})²))"
        )

    def total(self, letters: str, depth: int) -> str:
        letter = self.fresh(letters)
        if not letter:
            return self.leaf(letters)
        body = self.expression(letters + letter, depth)
        if letter not in indices_of(body):
            body = f"({body} ({self.over(letter)}))"
        return f"(Σ_{letter} {body})"

    def over(self, letter: str) -> str:
        name = "w" if letter in CLASSES["m"] else self.among("u", "v")
        return f"{name}_{letter}"

    def function(self, letters: str, depth: int) -> str:
        inner = self.expression(letters, depth)
        return self.among(*(f"{f}({inner})" for f in FUNCTIONS), f"√(1 + ({inner})²)", f"log(2 + ({inner})²)")

    def other(self, letters: str, depth: int) -> str:
        x, y, z = (self.expression(letters, depth) for _ in range(3))
        return self.among(
            f"max(0, {x})",
            f"|{x}|",
            f"({x})²",
            f"({x})³",
            f"{{ {x} if {z} > 0; {y} otherwise }}",
            f"({x} ⟦{z} > ½⟧)",
        )


def indices_of(text: str) -> set[str]:
    """The letters that stand in subscripts of entries (not under Σ)."""
    found: set[str] = set()
    for k, sign in enumerate(text):
        if sign == "_" and text[k - 1] != "Σ":
            for letter in text[k + 1 :]:
                if letter not in "ijlkqr":
                    break
                found.add(letter)
    return found


@st.composite
def systems(draw: Draw, lines: int = 4, depth: int = 3) -> str:
    """A system with a scalar loss L that uses the lines before it."""
    writer = Writer(draw)
    text: list[str] = []
    for name in DEFINED[: draw(st.integers(1, lines))]:
        classes = draw(st.sampled_from(("", "n", "n", "m", "mn", "nn")))
        letters = ""
        for group in classes:
            letters += next(q for q in CLASSES[group] if q not in letters)
        right = writer.expression(letters, draw(st.integers(1, depth)))
        missing = [q for q in letters if q not in indices_of(right)]
        right += "".join(f" + {writer.over(q)}" for q in missing)
        text.append(f"{name}{'_' if letters else ''}{letters} = {right}")
        writer.known[name] = classes
    ends = []
    for name, classes in writer.known.items():
        if name in DEFINED:
            letters = ""
            for group in classes:
                letters += next(q for q in CLASSES[group] if q not in letters)
            ends.append(f"½ Σ_{letters} {name}_{letters}²" if letters else f"sin({name})")
    text.append("L = " + " + ".join(ends))
    body = "\n".join(text)
    return "\n".join([*(f"{name} ∈ ℝ^{shape}" for name, shape in SHAPES.items() if f"{name}_" in body), body])

"""Random NumPy programs as source text: statements over every kind of operand, each tried by plain NumPy as it is written.

They know nothing of derivatives. Numbers stay of moderate size; seldom are they whole, so that there are zeros and ties.
"""

from __future__ import annotations

import linecache
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LARGEST = 60.0
"""No value of a program is larger, so that results can be compared."""
UNARY = (
    "np.sin({})",
    "np.cos({})",
    "np.tanh({})",
    "np.exp(-{0}*{0})",
    "np.log1p({0}**2)",
    "np.arctan({})",
    "np.sqrt({0}*{0} + 0.5)",
    "1/(1 + np.exp(-{}))",
    "np.log(1 + np.exp({}))",
    "-{}",
    "{}**2",
    "0.1*{}**3",
    "abs({})",
    "np.abs({})",
    "np.square({})",
    "np.maximum({}, 0.1)",
    "np.minimum({}, np.float64(0.7))",
    "np.clip({}, -0.8, 0.9)",
    "np.where({0} > 0.2, {0}, 0.3*{0})",
    "np.where({0} > 0, np.log(np.where({0} > 0, {0}, 1.0)), 0.0)",
    "np.where({0} > 0.05, np.sqrt(np.abs({0})), {0})",
    "np.sinh(0.3*{})",
    "np.hypot({}, 1.5)",
    "np.expm1(0.5*{})",
    "{}.copy()",
    "1/({0}*{0} + 1)",
    "(lambda t: t*np.cos(t))({})",
)
BINARY = ("{} + {}", "{} - {}", "{} * {}", "{0}/({1}*{0} + 30)", "np.multiply({}, {})", "np.add({}, {})")
BINARY += ("np.maximum({}, {})", "np.arctan2({}, 0.5 + np.abs({}))", "np.hypot({}, {})", "np.logaddexp({}, {})")
BINARY += ("np.where({0} > {1}, {0}, {1})", "np.minimum({}, {})", "np.power(1.5 + np.sin({0}), {1} + 0.0*{0})")
WHOLE = ("np.sum({})", "np.mean({})", "{}.sum()", "{}.mean()", "np.max({})", "np.min({})", "np.linalg.norm({})")
WHOLE += ("np.std({})", "np.var({})", "np.sum({0}*{0})", "np.log(np.sum(np.exp({})))", "np.prod(np.tanh({}))")
WHOLE += ("np.dot(np.ravel({0}), np.ravel({0}))", "{}.max()", "sum(np.ravel({}))", "sum([t*t for t in np.ravel({})])")
LISTED = ("np.array({})", "np.asarray({})", "np.sum(np.array({}))", "np.array({}).T")
ALONG = ("np.sum({}, axis={})", "np.mean({}, axis={}, keepdims=True)", "{}.max(axis={})", "np.cumsum({}, axis={})")
ALONG += ("np.sort({}, axis={})", "np.flip({}, axis={})", "np.diff({}, axis={})", "np.std({}, axis={})")
ALONG += (
    "np.roll({}, 1, axis={})",
    "np.expand_dims({}, {})",
    "np.prod(np.cos({}), axis={})",
    "np.concatenate([{0}, {0}], axis={1})",
)


@dataclass(frozen=True)
class Program:
    """A function f as source text, with the values of its arguments and of what it reads from outside."""

    statements: tuple[str, ...]
    """Each of one line or of several."""
    terms: tuple[str, ...]
    """The result is their sum."""
    arguments: Mapping[str, Any]
    held: Mapping[str, Any]
    module: str = "numpy"
    """What it knows as np: numpy, or wengert.numpy, whose np.array and np.zeros take traced values too."""

    @property
    def source(self) -> str:
        """The text of the function."""
        lines = [line for statement in self.statements for line in statement.splitlines()]
        body = [*lines, f"return {' + '.join(self.terms)}"]
        return "\n".join([f"def f({', '.join(self.arguments)}):", *(f"    {line}" for line in body)]) + "\n"

    def function(self, module: str = "numpy") -> Callable[..., Any]:
        """The function over a module. Its text can be looked up, as that of a file can."""
        name = f"<program {abs(hash(self.source))}>"
        linecache.cache[name] = (len(self.source), None, self.source.splitlines(keepends=True), name)
        namespace: dict[str, Any] = {"np": import_module(module), **self.held}
        exec(compile(self.source, name, "exec"), namespace)
        return namespace["f"]

    def values(self) -> tuple[Any, ...]:
        """Copies of the arguments."""
        return tuple(v.copy() if isinstance(v, np.ndarray) else v for v in self.arguments.values())

    def script(self) -> str:
        """A file that shows the gradient."""
        read = {name: v for name, v in self.held.items() if re.search(rf"\b{name}\b", self.source)}
        given = [f"{name} = {literal(value)}" for name, value in (read | dict(self.arguments)).items()]
        count = len(self.arguments)
        call = f"g = wg.value_and_grad(f, {tuple(range(count))!r})\nprint(g({', '.join(self.arguments)}))\n"
        return "\n".join([f"import {self.module} as np", "import wengert as wg", *given, "", self.source, call])


def literal(value: Any) -> str:
    """Python text for a value."""
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()!r}, {str(value.dtype)!r})"
    return f"np.{type(value).__name__}({value.item()!r})" if isinstance(value, np.generic) else repr(value)


class Refused(Exception):
    """A statement that does not fit."""


class Writer:
    """A program in the making, with the values that its names have."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.module = "numpy" if rng.random() < 0.5 else "wengert.numpy"
        self.size = int(rng.integers(2, 5))
        dtype = "float32" if rng.random() < 0.12 else "float64"
        self.arguments = self._arguments(dtype)
        self.held = self._held()
        self.values: dict[str, Any] = dict(self.arguments)
        self.statements: list[str] = []

    def _arguments(self, dtype: str) -> dict[str, Any]:
        n, rng = self.size, self.rng
        shapes = [(n,), (n,), (n, n), (n, 3), (2, n, n), (1, n), ()]
        x = rng.normal(size=self.pick(shapes[:-1]))
        made: dict[str, Any] = {"x": np.asarray(np.round(x) if rng.random() < 0.1 else x, dtype)}
        kind = rng.random()
        if kind < 0.35:
            made["y"] = float(rng.normal())
        elif kind < 0.5:
            made["y"] = np.float64(rng.normal())
        elif kind < 0.9:
            made["y"] = np.asarray(rng.normal(size=self.pick(shapes)), dtype)
        return made

    def _held(self) -> dict[str, Any]:
        n, rng = self.size, self.rng
        held = {"c": rng.normal(size=n), "k": rng.integers(-2, 4, size=n), "at": rng.integers(0, n, size=3)}
        return held | {"m": rng.random(n) < 0.5, "w": rng.normal(size=(n, n)), "s": np.float32(0.75), "t": 2}

    # choosing

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of them."""
        if not choices:
            raise Refused
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability: float) -> bool:
        """True so often."""
        return bool(self.rng.random() < probability)

    def name(self, rank: int | None = None, least: int = 0) -> str:
        """A variable of floats, the later ones more often; of a rank, or of at least one."""
        fitting = [n for n, v in self.values.items() if self._fits(v, rank, least)]
        return self.pick(fitting[-4:] if fitting and self.chance(0.6) else fitting)

    def _fits(self, value: Any, rank: int | None, least: int) -> bool:
        if isinstance(value, bool | int | list | tuple) or np.asarray(value).dtype.kind != "f":
            return False
        return (rank is None or np.ndim(value) == rank) and np.ndim(value) >= least and np.size(value) > 0

    def value(self, text: str) -> Any:
        """What plain NumPy says that an expression is."""
        return eval(text, {"np": np, **self.held}, dict(self.values))

    def scalar(self) -> str:
        """An expression of a single number: an entry, a number of any kind, a total."""
        kind = self.rng.integers(6)
        if kind < 3:
            return self.entry(self.name(least=1))
        if kind == 3:
            return self.pick((f"{self.rng.normal():.3f}", "2", "np.float64(0.5)", "s", "np.array(1.25)", "t"))
        return self.pick(WHOLE).format(self.name(least=1)) if kind == 4 else self.name(rank=0)

    def entry(self, name: str) -> str:
        """One entry of an array, written in one of the ways."""
        shape = np.shape(self.values[name])
        places = [int(self.rng.integers(-n, n)) for n in shape]
        if len(places) > 1 and self.chance(0.3):
            return name + "".join(f"[{p}]" for p in places)
        return f"{name}[{', '.join(map(str, places))}]"

    def entries(self, size: int, depth: int = 1) -> str:
        """A list or a tuple of numbers, some of which are entries of arrays; or nested ones."""
        parts = [self.scalar() for _ in range(size)] if depth == 1 else [self.entries(size) for _ in range(2)]
        return f"[{', '.join(parts)}]" if depth > 1 or self.chance(0.7) else f"({', '.join(parts)},)"

    def beside(self, name: str) -> str:
        """An operand that broadcasts with an array: another variable, a number, a list of entries, what is held."""
        shape = np.shape(self.values[name])
        kind = self.rng.integers(10)
        if kind < 4:
            fitting = [n for n, v in self.values.items() if self._fits(v, None, 0) and _broadcast(np.shape(v), shape)]
            return self.pick(fitting)
        if kind < 6 and shape and shape[-1] < 6:
            return self.entries(shape[-1], 2 if len(shape) > 1 and shape[-2] == 2 and self.chance(0.5) else 1)
        if kind < 8:
            return self.scalar()
        size = shape[-1] if shape else 1
        return self.pick(
            ("c", "k", "m", "w[0]", f"np.arange({size})", f"np.ones({size})") + ("[1, 2.5, True][:1]",) * bool(shape)
        )

    # growing

    def grow(self, count: int) -> None:
        """So many statements more."""
        tries = 0
        while len(self.statements) < count and tries < 20 * count:
            tries += 1
            new = f"v{len(self.statements)}"
            try:
                self.take(getattr(self, self.pick(STATEMENTS))(new))
            except (Refused, ValueError, IndexError, TypeError, ZeroDivisionError, AttributeError):
                continue

    def take(self, statement: str) -> None:
        """Run all statements with one more, and keep it if its values are of moderate size.

        Raises Refused, or NumPy's own error.
        """
        values = {name: v.copy() if isinstance(v, np.ndarray) else v for name, v in self.arguments.items()}
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec("\n".join([*self.statements, statement]), {"np": np, **self.held}, values)
        if not all(_moderate(v) for v in values.values() if not callable(v)):
            raise Refused
        self.values = values
        self.statements.append(statement)

    # statements: each gives the text of one

    def unary(self, new: str) -> str:
        """A function of one array."""
        if self.module != "numpy" and self.chance(0.1):
            return f"{new} = {self.pick(('np.array({})', 'np.asarray({})')).format(self.name())}"
        return f"{new} = {self.pick(UNARY).format(self.name())}"

    def binary(self, new: str) -> str:
        """A function of two operands, in either order."""
        a = self.name()
        pair = (a, self.beside(a))
        text = self.pick(BINARY).format(*(pair if self.chance(0.7) else pair[::-1]))
        if "np.sin(m)" in text:  # a float16, which graphs have not
            raise Refused
        return f"{new} = {text}"

    def whole(self, new: str) -> str:
        """All entries together."""
        return f"{new} = {self.pick(WHOLE).format(self.name(least=1))}"

    def along(self, new: str) -> str:
        """Along an axis."""
        a = self.name(least=1)
        return f"{new} = {self.pick(ALONG).format(a, int(self.rng.integers(-1, np.ndim(self.values[a]))))}"

    def part(self, new: str) -> str:
        """Some of the entries."""
        a = self.name(least=1)
        rank = np.ndim(self.values[a])
        ways = [
            "[1:]",
            "[::-1]",
            "[..., :2]",
            "[None]",
            "[..., None]",
            "[[0, 1]]",
            "[at]",
            "[-1]",
            "[:, 0]",
            "[0, ...]",
        ]
        ways += [
            f"[{a} > 0.1]",
            "[..., ::2]",
            "[np.array([0, 1, 0])]",
            "[m]",
            "[1:, :-1]",
            ".ravel()",
            ".T",
            ".flatten()",
        ]
        return f"{new} = {a}{self.pick(ways if rank > 1 else [w for w in ways if w not in ('[:, 0]', '[1:, :-1]')])}"

    def product(self, new: str) -> str:
        """A product of matrices or vectors."""
        a, b = self.name(least=1), self.pick((self.name(least=1), "w", "c"))
        ways = (
            "{} @ {}",
            "np.dot({}, {})",
            "np.matmul({}, {})",
            "np.outer({}, {})",
            "np.einsum('...i,...i->...', {}, {})",
        )
        return f"{new} = {self.pick(ways).format(a, b)}"

    def moved(self, new: str) -> str:
        """The same entries elsewhere."""
        a = self.name(least=1)
        size = np.size(self.values[a])
        ways = [f"np.reshape({a}, (-1,))", f"{a}.reshape({size}, 1)", f"np.transpose({a})", f"np.stack([{a}, {a}*2])"]
        ways += [f"np.broadcast_to({a}, (2, *np.shape({a})))", f"np.squeeze({a})", f"np.swapaxes({a}, 0, -1)"]
        ways += [f"np.concatenate(({a}, {a}))", f"np.tile({a}, 2)", f"np.repeat({a}, 2)", f"np.pad({a}, 1)"]
        return f"{new} = {self.pick(ways)}"

    def listed(self, new: str) -> str:
        """An array of a list of entries, or the list itself where it becomes an operand later."""
        numpy = self.module == "numpy"
        text = self.entries(int(self.rng.integers(1, 5)), 1 if numpy else int(self.rng.integers(1, 3)))
        if numpy:  # which sees a traced value only beside another, or as a part
            text = f"[{self.entry(self.name(least=1))}, *{text}]"
        ways = ("np.stack({})", "np.hstack({})", "np.sum(np.stack({}))") if numpy else LISTED
        return f"{new} = {self.pick(ways).format(text)}"

    def used_list(self, new: str) -> str:
        """A list that has a name and is an operand."""
        a = self.name(least=1)
        return f"{new}_l = {self.entries(np.shape(self.values[a])[-1])}\n{new} = {self.pick(('{0}*{1}', '{1} + {0}', 'np.dot({0}, {1})')).format(a, new + '_l')}"

    def unpacked(self, new: str) -> str:
        """Several names at once."""
        a = self.name(least=1)
        if len(self.values[a]) < 2:
            raise Refused
        return f"{new}, *{new}_r = {a}\n{new} = {new} * {new}_r[-1]"

    def written(self, new: str) -> str:
        """A copy or a new array that is written into, also through a view."""
        a = self.name(least=1)
        ways = [f"{a}.copy()", f"np.copy({a})", f"{a} * 1.0", f"np.zeros_like({a})"]
        start = self.pick(ways + [f"np.zeros(np.shape({a}))"] * 2 * (self.module != "numpy"))
        lines = [f"{new} = {start}"]
        for _ in range(int(self.rng.integers(1, 4))):
            place = self.pick(("[0]", "[1:]", "[..., -1]", "[::2]", "[...]", f"[{a} > 0.3]", "[at]", "[-1]"))
            source = self.pick((self.scalar(), self.scalar(), f"{a}{place}", f"{new}{place}*0.5"))
            lines.append(f"{new}{place} {self.pick(('=', '=', '+=', '*=', '-='))} {source}")
        if self.chance(0.4):
            place = self.pick(("[1:]", "[0:1]", "[::-1]", "[..., :1]"))
            lines += [f"{new}_v = {new}{place}", f"{new}_v[...] = {new}_v*0.5 + {self.scalar()}"]
        return "\n".join(lines)

    def updated(self, new: str) -> str:
        """A name that stands for something new from here on: by an augmented assignment, of arrays and of numbers."""
        a, b = self.name(), self.scalar()
        return f"{new} = {a}*1.0\n{new} {self.pick(('+=', '*=', '-='))} {b}\n{new} = {new}/2"

    def branch(self, new: str) -> str:
        """A choice by a value."""
        a, b = self.name(), self.name()
        test = self.pick(("np.sum({0}) > {1:.2f}", "np.mean({0})*2 < {1:.2f}", "not np.any({0} > {1:.2f})"))
        sides = [self.pick(UNARY).format(self.pick((a, b))) for _ in range(2)]
        if self.chance(0.3):
            return f"{new} = {sides[0]} if {test.format(a, self.rng.normal())} else {sides[1]}"
        return f"if {test.format(a, self.rng.normal())}:\n    {new} = {sides[0]}\nelse:\n    {new} = {sides[1]}"

    def counted(self, new: str) -> str:
        """A loop over numbers or over rows, with a value that is carried or a list that grows."""
        a = self.name(least=1)
        step = self.pick(UNARY)
        rows = self.pick((f"for r in {a}:", f"for i, r in enumerate({a}):", f"for r in list({a})[::-1]:"))
        ways = [
            f"{new} = 0.1\n{rows}\n    {new} = {new}*0.5 + np.sum({step.format('r')})",
            f"{new} = {a}[0]\nfor i in range(1, len({a})):\n    {new} = {step.format(new)} + {a}[i]*i",
            f"{new}_l = []\n{rows}\n    {new}_l.append({step.format('r')})\n{new} = np.stack({new}_l)",
            f"{new} = np.zeros_like({a})\nfor i in range(len({a})):\n    {new}[i] = {a}[i]*0.5 + {new}[i - 1]",
            f"{new} = {a}\nfor i in range({int(self.rng.integers(0, 5))}):\n    {new} = {step.format(new)}*0.8 + 0.1*i",
            f"{new} = np.stack([{step.format('r')} for r in {a}])",
            f"{new} = 0\nfor p, q in zip(np.ravel({a}), c):\n    if p > q:\n        {new} += p*q\n    else:\n        {new} -= q",
        ]
        return self.pick(ways)

    def repeated(self, new: str) -> str:
        """A loop whose length depends on values."""
        a = self.name()
        limit = self.pick((0.3, 1.0, 2.0))
        return (
            f"{new} = {a}*1.0\n{new}_n = 0\nwhile np.sum({new}*{new}) > {limit} and {new}_n < 6:\n"
            f"    {new} = {new}*0.7 + 0.01*np.sin({new})\n    {new}_n += 1"
        )

    # the result

    def finish(self) -> Program:
        """The program: the sum of what some names stand for."""
        floats = [n for n, v in self.values.items() if self._fits(v, None, 0)]
        chosen = dict.fromkeys([*floats[-2:], *(self.pick(floats) for _ in range(2)), *self.arguments])
        terms = [
            self.pick(("np.sum({})", "0.5*np.sum({0}*{0})", "np.mean({})", "np.sum(np.sin({}))")).format(n)
            for n in chosen
        ]
        return Program(tuple(self.statements), tuple(terms), self.arguments, self.held, self.module)


STATEMENTS = (
    ("unary",) * 4 + ("binary",) * 6 + ("whole", "along", "along", "part", "part", "product", "moved", "listed")
)
STATEMENTS += (
    "used_list",
    "unpacked",
    "written",
    "written",
    "updated",
    "branch",
    "counted",
    "counted",
    "repeated",
    "listed",
)


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False)) and len(a) <= 3


def _moderate(value: Any) -> bool:
    """Of at most so many entries, each finite and not large."""
    if isinstance(value, list | tuple):
        return len(value) < 20 and all(_moderate(v) for v in value)
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.size > 200:
        return False
    return bool(np.all(np.abs(array.astype(float)) < LARGEST))


def random_program(seed: int) -> Program:
    """A program by its seed."""
    writer = Writer(np.random.default_rng(seed))
    writer.grow(int(writer.rng.integers(2, 12)))
    return writer.finish()


def without(program: Program, statements: Sequence[int] = (), term: int | None = None) -> Program:
    """The program with some of its statements and a term left out."""
    kept = tuple(s for k, s in enumerate(program.statements) if k not in statements)
    return replace(program, statements=kept, terms=tuple(t for k, t in enumerate(program.terms) if k != term))

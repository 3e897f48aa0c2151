"""Values for the inputs of a system as a person types them: `w=0.5`, `x=[1, 2, 3]`, `W=[[1,2],[3,4]]`, `x=file.npy`.

Nothing that is typed is evaluated as code; numbers and lists are read by a grammar of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.names import bar, is_bar, unbar
from wengert.core.ir.types import ArrayType, Dim, bind_shape
from wengert.core.ops.evaluate import Array, evaluate
from wengert.errors import DataError, EquationError, place
from wengert.notes.derive.random_points import DRAWS, satisfy_assumptions, sizes_for
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Ref
from wengert.notes.notation.reader import read_name
from wengert.notes.notation.unicode import show

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+\-−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?(?:/\d+)?|[+\-−]?(?:inf|∞)|nan)(?![\w.])"
    r"|(?P<open>\[)|(?P<close>\])|(?P<comma>,))"
)
DEEPEST = 8
"""Nested lists may be this deep."""


def parse_setting(text: str) -> tuple[str, Array]:
    """The name, as it was typed, and the value of `name=value`: float64, or int64 where every number is an integer.

    Raises DataError where the text is not of that form, the rows of a list differ in length, or a file cannot be read.
    """
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise DataError(
            "This is not a value for an input.",
            place(text, 0, len(text)),
            "Write 'name=number', 'name=[1, 2, 3]', 'name=[[1, 2], [3, 4]]' or 'name=file.npy'.",
        )
    if value.strip().lower().endswith(".npy"):
        return name.strip(), _load(name.strip(), value.strip())
    return name.strip(), _Value(text, len(name) + 1).read()


def _load(name: str, path: str) -> Array:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as failure:
        reason = getattr(failure, "strerror", None) or "it is not an array of numbers in NumPy's npy format"
        raise DataError(
            f"The value of '{name}' cannot be read from a file: {reason}.",
            f"  {path}",
            "Give a file that 'numpy.save' has written.",
        ) from failure
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise DataError(
            f"The file for '{name}' does not hold real numbers.",
            f"  {path}",
            "Save an array of numbers with 'numpy.save'.",
        )
    return array


class _Value:
    """A reader of numbers and nested lists; it keeps a stack, so depth is bounded by a rule and not by Python's stack."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.at, self.start = text, start, start

    def error(self, what: str, start: int, end: int, repair: str = "") -> DataError:
        return DataError(what, place(self.text, start, end), repair or "Write 'name=0.5' or 'name=[1, 2, 3]'.")

    def blank(self) -> int:
        """The place of the next character that is no blank."""
        rest = self.text[self.at :]
        return self.at + len(rest) - len(rest.lstrip())

    def token(self) -> tuple[str, str]:
        if not self.text[self.at :].strip():
            return "end", ""
        match = _TOKEN.match(self.text, self.at)
        if match is None or match.lastgroup is None:
            raise self.error("This is not a number or a list of numbers.", self.blank(), len(self.text))
        self.at = match.end()
        return match.lastgroup, match.group(match.lastgroup)

    def read(self) -> Array:
        stack: list[list[Any]] = [[]]
        wanted = True
        while True:
            begin = self.blank()
            kind, text = self.token()
            if kind in ("number", "open") and not wanted:
                raise self.error("A comma is missing before this.", begin, self.at, "Separate the numbers by commas.")
            if kind == "number":
                stack[-1].append(self.number(text, begin))
                wanted = False
            elif kind == "open":
                if len(stack) > DEEPEST:
                    raise self.error(f"Lists are nested more than {DEEPEST} deep.", begin, self.at)
                stack.append([])
                wanted = True
            elif kind == "close" and len(stack) > 1 and not (wanted and stack[-1]):
                done = self.checked(stack.pop())
                stack[-1].append(done)
                wanted = False
            elif kind == "comma" and len(stack) > 1 and not wanted:
                wanted = True
            elif kind == "end" and len(stack) == 1 and not wanted:
                return self.array(stack[0][0])
            elif kind == "end" and len(stack) > 1:
                raise self.error("A bracket is not closed.", self.start, len(self.text), "Write ']' at the end.")
            else:
                raise self.error("This does not fit here.", begin, self.at or begin + 1)

    def number(self, text: str, begin: int) -> int | float:
        plain = text.replace("−", "-").replace("∞", "inf")
        above, slash, below = plain.partition("/")
        if re.fullmatch(r"[+-]?\d{1,18}", above) and not slash:
            return int(above)
        if slash and not int(below):
            raise self.error("This divides by zero.", begin, self.at)
        return float(above) / (float(below) if slash else 1.0)

    def checked(self, items: list[Any]) -> list[Any]:
        """A list whose items have one shape."""
        shapes = [np.shape(item) for item in items]
        if any(shape != shapes[0] for shape in shapes):
            raise self.error(
                "The rows of this list differ in length.",
                self.start,
                len(self.text),
                "Give every row the same number of entries.",
            )
        return items

    def array(self, value: Any) -> Array:
        array = np.asarray(value)
        return array.astype(np.float64) if array.dtype.kind not in "i" else array


def resolve(system: SystemData, name: str) -> str:
    """The input that a typed name means: w⁽¹⁾, w^(1), the identifier w_1, the matrix name W; ȳ for an error signal.

    Raises DataError where there is no such input.
    """
    found = _quantity(system, name)
    if found is None:
        raise DataError(
            f"There is no input '{name}'.", f"  --set {name}=…", f"Set one of the inputs:  {', '.join(system.inputs)}"
        )
    if system.defines(found) and not is_bar(found):
        raise DataError(
            f"'{name}' is computed by a line of the system, so it has no value of its own.",
            f"  --set {name}=…",
            f"Set one of the inputs:  {', '.join(system.inputs)}",
        )
    return found


def _quantity(system: SystemData, name: str) -> str | None:
    if name in system.quantities or (is_bar(name) and unbar(name) in system.quantities):
        return name
    for key, quantity in system.quantities.items():
        if name in (quantity.identifier, quantity.whole, quantity.indexed):
            return key
    try:
        tree = read_name(name, system.symbols)
    except EquationError:
        return None
    for key, quantity in system.quantities.items():
        if tree.name in (key, quantity.whole, quantity.indexed):
            return bar(key) if tree.barred else key
    return None


def complete(
    system: SystemData,
    values: Mapping[str, Any],
    signal: str | None = None,
    fill: np.random.Generator | None = None,
    sizes: Mapping[str, int] | None = None,
) -> dict[str, Array]:
    """A value for every input, and for the error signal `signal` where one is given from outside.

    Names are resolved; what is missing is drawn with `fill`, at a point where every line is finite if one is found. `sizes` are
    the named sizes of what is drawn, where no value decides them.

    Raises DataError where values are missing and nothing may be drawn.
    """
    given = {resolve(system, name): np.asarray(value) for name, value in values.items()}
    needed = [*system.inputs, *([signal] if signal else [])]
    missing = [name for name in needed if name not in given]
    if not missing:
        return given
    if fill is None:
        raise _missing(system, missing, given)
    return _drawn(system, given, missing, fill, sizes or {})


def _type(system: SystemData, name: str) -> ArrayType:
    return system.quantities[unbar(name)].type


def known_sizes(system: SystemData, values: Mapping[str, Array]) -> dict[str, int]:
    """The named sizes that the values decide; a value of the wrong rank decides none (evaluation reports it)."""
    sizes: dict[str, int] = {}
    for name, array in values.items():
        type = _type(system, name)
        if np.ndim(array) == type.rank:
            for size, number in zip(type.shape, np.shape(array), strict=True):
                if isinstance(size, Dim):
                    sizes.setdefault(size.name, number)
    return sizes


def _drawn(
    system: SystemData,
    given: dict[str, Array],
    missing: Sequence[str],
    rng: np.random.Generator,
    wished: Mapping[str, int],
) -> dict[str, Array]:
    sizes = sizes_for(system) | dict(wished) | known_sizes(system, given)
    names = tuple(line.name for line in system.lines)
    point: dict[str, Array] = {}
    for attempt in range(40):
        draw = DRAWS[attempt % len(DRAWS)]
        point = {name: _one_draw(_type(system, name), sizes, draw, rng) for name in missing} | given
        satisfy_assumptions(system, point)
        point |= given
        inputs = {name: point[name] for name in system.inputs}
        if all(np.all(np.isfinite(value)) for value in evaluate(system.graph(names), inputs, sizes)):
            break
    return point


def _one_draw(type: ArrayType, sizes: Mapping[str, int], draw: Any, rng: np.random.Generator) -> Array:
    shape = tuple(int(n) for n in bind_shape(type.shape, sizes) if isinstance(n, int))
    if type.dtype == "int64":
        return rng.integers(0, min([*sizes.values(), 2]), size=shape)
    return np.asarray(draw(rng, shape))


def _missing(system: SystemData, missing: Sequence[str], given: Mapping[str, Array]) -> DataError:
    sizes = known_sizes(system, given)
    types = {name: bind_shape(_type(system, name).shape, sizes) for name in missing}
    plural = "inputs have" if len(missing) > 1 else "input has"
    shapes = [f"{_spelled(n)}: {'×'.join(map(str, shape)) if shape else 'a number'}" for n, shape in types.items()]
    return DataError(
        f"{len(missing)} {plural} no value.",
        "  " + ", ".join(shapes),
        "Draw values with --seed 0, or give them:  " + " ".join(template(_spelled(n), s) for n, s in types.items()),
    )


def _spelled(name: str) -> str:
    return show(Ref(unbar(name), None, is_bar(name)))


def template(name: str, shape: Sequence[Any]) -> str:
    """What to write for an array of this shape: entries where they are few and their number is known, else a file."""
    if not shape:
        return f"--set {name}=0.5"
    known = all(isinstance(n, int) and n > 0 for n in shape)
    if known and math.prod(shape) <= 12:
        entries = np.arange(1, 1 + math.prod(shape)).reshape(tuple(shape)).tolist()
        return f"--set {name}={str(entries).replace(' ', '')}"
    return f"--set {name}={'[…]' if len(shape) == 1 else 'file.npy'}"

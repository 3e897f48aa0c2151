"""The routes by which one derivative can be had, as Python text: what is printed about a failure is what ran.

A route is a template for a function of arrays, or of numbers, and the calls of it that count: the first is run entry by entry
without machine code, the third makes the machine code, the fifth runs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

import wengert as wg

Array = np.ndarray[Any, Any]
LONG = 1 << 18
"""So many entries are shared by threads."""


@dataclass(frozen=True)
class Route:
    """How a derivative is had. `gives` are the derivatives that its results are, `at` what it is called with."""

    name: str
    template: str
    gives: tuple[str, ...]
    calls: tuple[int, ...] = (1, 3, 5)
    at: str = "array"
    """array; alone (each number by itself); long (the array many times over, by two threads and by one)."""

    @property
    def order(self) -> int:
        """The order of what it gives."""
        return len(self.gives[0])

    def source(self, expression: str) -> str:
        """The text of the function."""
        return self.template.replace("H", expression)


def _compiled(routes: Sequence[Route]) -> list[Route]:
    return [
        Route(f"compiled {r.name}", f"wg.compile({r.template})", r.gives, (1,), r.at) for r in routes if r.at != "long"
    ]


_SUM, _ONES = "lambda x: np.sum(H)", "(x,), (np.ones_like(x),)"
_GRAD = f"wg.grad({_SUM})"
GRAD = Route("grad", _GRAD, ("x",))
FORWARD = Route("jvp", f"lambda x: wg.jvp(lambda x: H, {_ONES})[1]", ("x",), (1, 3))
BATCH = Route("vmap of grad", "wg.vmap(wg.grad(lambda x: H))", ("x",), (1, 3))
TWICE = Route("grad of grad", f"wg.grad(lambda x: np.sum({_GRAD}(x)))", ("xx",))
MIXED = Route("jvp of grad", f"lambda x: wg.jvp({_GRAD}, {_ONES})[1]", ("xx",), (1, 3))
BATCH_TWICE = Route("vmap of grad of grad", "wg.vmap(wg.grad(wg.grad(lambda x: H)))", ("xx",), (1,))
ALONE = Route("grad", "wg.grad(lambda x: H)", ("x",), (1, 5), "alone")
ALONE_FORWARD = Route("jvp", "lambda x: wg.jvp(lambda x: H, (x,), (1.0,))[1]", ("x",), (1,), "alone")
ALONE_TWICE = Route("grad of grad", "wg.grad(wg.grad(lambda x: H))", ("xx",), (1,), "alone")
THREADS = Route("compiled grad", f"wg.compile({_GRAD})", ("x",), (1,), "long")

QUICK = [Route("grad", _GRAD, ("x",), (1,)), Route("grad", ALONE.template, ("x",), (1,), "alone")]
QUICK_FORWARD = [Route("jvp", FORWARD.template, ("x",), (1,)), ALONE_FORWARD]
FIRST = [GRAD, *_compiled([GRAD]), FORWARD, *_compiled([FORWARD]), BATCH, *_compiled([BATCH])]
FIRST += [ALONE, *_compiled([ALONE]), ALONE_FORWARD]
SECOND = [TWICE, *_compiled([TWICE]), MIXED, *_compiled([MIXED]), BATCH_TWICE, ALONE_TWICE]
SINGLE = [Route("grad", _GRAD, ("x",), (1, 5)), *_compiled([GRAD]), Route("jvp", FORWARD.template, ("x",), (1,))]


def _of_two() -> tuple[list[Route], list[Route]]:
    """Those of a function of two variables, of first and second order."""
    total = "lambda x, y: np.sum(H)"
    grad = Route("grad", f"wg.grad({total}, (0, 1))", ("x", "y"))
    batch = Route("vmap of grad", "wg.vmap(wg.grad(lambda x, y: H, (0, 1)))", ("x", "y"), (1, 3))
    alone = Route("grad", "wg.grad(lambda x, y: H, (0, 1))", ("x", "y"), (1, 5), "alone")
    first, second = [grad, *_compiled([grad]), batch, alone], []
    for k, name in enumerate("xy"):
        ones = ("np.ones_like(x), np.zeros_like(y)", "np.zeros_like(x), np.ones_like(y)")[k]
        by = Route("jvp", f"lambda x, y: wg.jvp(lambda x, y: H, (x, y), ({ones}))[1]", (name,), (1, 3))
        one = f"wg.grad({total}, {k})"
        pair = (name + "x", name + "y")
        twice = Route("grad of grad", f"wg.grad(lambda x, y: np.sum({one}(x, y)), (0, 1))", pair)
        mixed = Route("jvp of grad", f"lambda x, y: wg.jvp({one}, (x, y), ({ones}))[1]", (name + name,), (1, 3))
        first += [by, *_compiled([by])]
        second += [twice, *_compiled([twice]), mixed]
    return first, second


FIRST_OF_TWO, SECOND_OF_TWO = _of_two()
QUICK_OF_TWO = [replace(r, calls=(1,)) for r in FIRST_OF_TWO if r.name in ("grad", "jvp")]
COMPILED = _compiled([GRAD])[0]
COMPILED_OF_TWO = _compiled([r for r in FIRST_OF_TWO if r.name == "grad"])[0]

NAMES = {"np": np, "wg": wg, "special": special}


def callable_of(source: str) -> Any:
    """The function that a text of this module is."""
    return eval(compile(source, "<a route>", "eval"), dict(NAMES))


def values(
    route: Route, expression: str, points: Sequence[Array], alone: Sequence[int]
) -> Iterator[tuple[str, str, Mapping[int, float]]]:
    """What the route gives: (label, which derivative, the values by the place of the point)."""
    run = {"array": _of_arrays, "alone": _of_numbers, "long": _by_threads}[route.at]
    for label, results in run(route, route.source(expression), points, alone):
        for name, column in zip(route.gives, results, strict=True):
            yield label, name, column


def _columns(route: Route, result: Any) -> list[Array]:
    parts = result if isinstance(result, tuple) else (result,)
    assert len(parts) == len(route.gives), f"{len(parts)} results"
    return [np.asarray(part) for part in parts]


def _of_arrays(route: Route, source: str, points: Sequence[Array], alone: Sequence[int]) -> Iterator[tuple[str, Any]]:
    f = callable_of(source)
    for call in range(1, max(route.calls) + 1):
        result = f(*(p.copy() for p in points))
        if call in route.calls:
            columns = _columns(route, result)
            yield _label(route, call), [dict(enumerate(c.tolist())) for c in columns]


def _of_numbers(route: Route, source: str, points: Sequence[Array], alone: Sequence[int]) -> Iterator[tuple[str, Any]]:
    """The first call is that of a new function for each number; the later ones are of one function."""
    if 1 in route.calls and "compile" not in source:
        yield _label(route, 1), _gathered(route, [(k, callable_of(source)) for k in alone], points)
    if max(route.calls) > 1 or "compile" in source:
        f = callable_of(source)
        for _ in range(max(route.calls) - 1):
            f(*(p[alone[0]].item() for p in points))
        yield _label(route, max(route.calls)), _gathered(route, [(k, f) for k in alone], points)


def _gathered(route: Route, calls: Sequence[tuple[int, Any]], points: Sequence[Array]) -> list[dict[int, float]]:
    found: list[dict[int, float]] = [{} for _ in route.gives]
    for k, f in calls:
        for column, value in zip(found, _columns(route, f(*(p[k].item() for p in points))), strict=True):
            column[k] = float(value)
    return found


def _by_threads(route: Route, source: str, points: Sequence[Array], alone: Sequence[int]) -> Iterator[tuple[str, Any]]:
    f = callable_of(source)
    count = LONG // points[0].size
    long = [np.tile(p, count) for p in points]
    try:
        for threads in (1, 2):
            wg.set_threads(threads)
            (column,) = _columns(route, f(*long))
            rows = column.reshape(count, -1)
            for which, row in (("first", rows[0]), ("last", rows[-1])):
                yield f"{_label(route, 1)}, {threads} threads, {which} part", [dict(enumerate(row.tolist()))]
    finally:
        wg.set_threads(2)


def _label(route: Route, call: int) -> str:
    number = f", call {call}" if not route.name.startswith("compiled") else ""
    return f"{route.name}{number}" + (", alone" if route.at == "alone" else "")


def reproduction(
    route: Route, expression: str, points: Sequence[Array], k: int, call: int, gives: str, dtype: str
) -> str:
    """A line of Python that shows the value of an entry."""
    f = route.source(expression)
    which = route.gives.index(gives)
    pick = f"[{which}]" if len(route.gives) > 1 else ""
    if route.at == "alone":
        return f"f = {f}; [f({', '.join(repr(p[k].item()) for p in points)}) for _ in range({call})][-1]{pick}"
    given = ", ".join(f"np.array([{p[k].item()!r}, 0.5], {dtype!r})" for p in points)
    return f"f = {f}; [f({given}) for _ in range({call})][-1]{pick}[0]"

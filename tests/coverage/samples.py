"""Samples of the functions that traced values answer to: what is called, with what, and how closely its derivatives are tested.

A family file of this folder has a tuple SAMPLES; `test_coverage.py` tests every sample in the same way, and the table of
`docs/coverage.md` is made of them. `cases` makes samples of one function in a line.
"""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.thorough import part
from wengert.functions.tracing.array_writes import added_at, of_parts, updated
from wengert.functions.tracing.callbacks import CALLBACKS
from wengert.functions.tracing.standin import FUNCTIONS, UFUNCS, StandIn

Entry = Any
"""A key of UFUNCS or FUNCTIONS: a function of NumPy, "method name", (ufunc, "reduce"); or a function of wengert.scipy."""

NAMED = {
    "getitem": "ndarray[…]",
    updated: "ndarray[…] = …",
    added_at: "numpy.add.at",
    of_parts: "ndarray.real = …",
}
"""What is no function of NumPy by itself."""


@dataclass(frozen=True)
class Sample:
    """A call of a function that is covered.

    The floating-point arrays among the arguments, also inside of lists and tuples, are what is differentiated; Python
    numbers, arrays of whole numbers and what stands at the places `fixed` are not.
    """

    entry: Entry
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict[str, Any])
    call: Callable[..., Any] | None = None
    """What is called instead of the entry itself."""
    reference: Callable[..., Any] | None = None
    """An independent function with the same value; by default the entry with arrays of NumPy."""
    fixed: tuple[int | str, ...] = ()
    """Places and keywords of arguments that are not differentiated."""
    value: float = 1e-12
    """How far the value may be from NumPy's, relative to its largest entry; for float32, eps of float32 over eps of float64 times that."""
    first: float = 1e-10
    """How far JVPs may be from the numeric ones where these are differences; the complex step is held to 1e-12 or `exact`."""
    exact: float = 1e-12
    """How far JVPs may be from the complex step."""
    second: float = 1e-8
    """How far second derivatives may be from differences of first ones."""
    dot: float = 100
    """How far the two modes may be apart, in units of eps."""
    orders: int = 2
    """Up to which order there are derivatives: 0 where the results are whole numbers or shapes."""
    complex_step: bool = True
    """Whether NumPy's function of complex arrays is the analytic continuation of that of real ones."""
    single: bool = True
    """Whether NumPy's result for float32 is tested too."""
    at_values: bool = False
    """Whether the shape of the result depends on values, so that the function is followed while it runs and not without numbers."""
    note: str = ""
    """What the table should say."""

    @property
    def name(self) -> str:
        """The name of the entry."""
        return name_of(self.entry)


def name_of(entry: Entry) -> str:
    """How an entry is called in the table: numpy.sum, ndarray.sum, numpy.add.reduce, scipy.special.erf."""
    if isinstance(entry, tuple):
        return f"{name_of(entry[0])}.{entry[1]}"
    if entry in NAMED:
        return NAMED[entry]
    if isinstance(entry, str):
        return "ndarray." + entry.removeprefix("method ")
    if isinstance(entry, np.ufunc):
        return ("numpy." if getattr(np, entry.__name__, None) is entry else "scipy.special.") + entry.__name__
    public = ".".join(part for part in entry.__module__.split(".") if not part.startswith("_"))
    return f"{public}.{entry.__name__}"


def call_of(sample: Sample) -> Callable[..., Any]:
    """The function of the arguments that a sample tests."""
    entry = sample.entry
    if sample.call is not None:
        return sample.call
    if isinstance(entry, tuple):
        return getattr(entry[0], entry[1])
    if entry == "getitem":
        return operator.getitem
    if entry in (updated, added_at, of_parts):
        return lambda *args: next(x for x in args if isinstance(x, StandIn)).call(entry, args, {})
    if isinstance(entry, str):
        return lambda self, *args, **kwargs: getattr(self, entry.removeprefix("method "))(*args, **kwargs)
    return entry


def cases(entry: Entry, *arguments: Any, **options: Any) -> tuple[Sample, ...]:
    """Samples of one entry: each of `arguments` is a tuple of positional arguments, whose last may be a dict of keywords."""
    made: list[Sample] = []
    for given in arguments:
        args = given if isinstance(given, tuple) else (given,)
        kwargs = args[-1] if args and isinstance(args[-1], dict) else {}
        made.append(Sample(entry, args[: len(args) - bool(kwargs)], kwargs, **options))
    return tuple(made)


def families() -> Iterator[str]:
    """The names of the files with samples."""
    others = {"samples", "names", "routes"}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in others and not path.stem.startswith(("test_", "__")):
            yield path.stem


@cache
def every_sample() -> tuple[Sample, ...]:
    """The samples of all families."""
    return tuple(s for name in families() for s in importlib.import_module(f"tests.coverage.{name}").SAMPLES)


def labelled(samples: Sequence[Sample]) -> dict[str, Sample]:
    """The samples with a name each: the entry's, and a number."""
    counts: dict[str, int] = {}
    found: dict[str, Sample] = {}
    for sample in samples:
        counts[sample.name] = counts.get(sample.name, 0) + 1
        found[f"{sample.name}-{counts[sample.name]}"] = sample
    return found


def tried(samples: dict[str, Sample], each: int) -> dict[str, Sample]:
    """The samples that a run takes: every day so many of each function, all in a thorough run."""
    return dict(part(samples.items(), each, lambda case: case[1].name))


OWN = ("wengert.functions.transforms", "wengert.scipy")


def entries() -> list[Entry]:
    """Everything of NumPy and SciPy that a traced value answers to; what the transforms and `wengert.scipy` enter is tested with them."""
    found = [*UFUNCS, *FUNCTIONS, *CALLBACKS]
    return [entry for entry in found if not getattr(entry, "__module__", "").startswith(OWN)]

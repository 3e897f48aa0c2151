"""The front end for NumPy: Python functions run once on traced values, which leave a graph behind. It knows no derivative.

    function ──▶ standin.StandIn, what user code sees ─┬─▶ tracer: a graph in the making
                 (NumPy's two protocols, operators)    └─▶ tape: calls with their values
    ufuncs, reductions, indexing, linalg, …: what each function of NumPy means, in ops
    composed: functions whose meaning is other functions of NumPy, written in NumPy
    views, in_place, writes: what it means to write into an array

In go a function and its arguments; out comes `record.TracedProgram`: a graph and how its results are put together. Read first `standin.py`,
then `ufuncs.py`.
"""

from wengert.functions.tracing import (
    assignment,
    choosing,
    complex_rules,
    composed,
    counting,
    creating,
    filling,
    fourier,
    indexing,
    joining,
    linalg,
    moving,
    multiplying,
    norms,
    reductions,
    replacing,
    rounding,
    running,
    shapes,
    sliding,
    sorting,
    ufunc_methods,
    ufuncs,
)

__all__ = [
    "assignment",
    "choosing",
    "complex_rules",
    "composed",
    "counting",
    "creating",
    "filling",
    "fourier",
    "indexing",
    "joining",
    "linalg",
    "moving",
    "multiplying",
    "norms",
    "reductions",
    "replacing",
    "rounding",
    "running",
    "shapes",
    "sliding",
    "sorting",
    "ufunc_methods",
    "ufuncs",
]
"""Imported with the package: they enter the NumPy functions that a traced value answers to. Those of `scipy.special` are entered
by `special`, which is imported when the first of them is called."""

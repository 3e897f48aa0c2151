"""Sparse matrices of derivatives: their structure found in the graph, columns that meet in no row computed together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any, Literal, ParamSpec

import numpy as np

from wengert.core.autodiff.batch import batched
from wengert.core.autodiff.forward import jvp as push
from wengert.core.autodiff.pattern import SparsityPattern, coloured, stacked
from wengert.core.autodiff.reverse import vjp as pull
from wengert.core.autodiff.sparsity import Sparsity, UnknownSparsity, everything
from wengert.core.ir.graph import Node, input_node
from wengert.core.ops.loop import filled
from wengert.errors import MissingPackageError, ShapeError, TraceError
from wengert.functions.run.runs import Facts, FunctionRun, Transform, seen
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.trees import name_of
from wengert.functions.transforms.analytic import argument_types
from wengert.functions.transforms.chosen import Argnames, Argnums, choose
from wengert.functions.transforms.derivatives import check_number, listed, slopes

P = ParamSpec("P")
Form = Literal["csr", "csc", "coo", "entries"]
FORMS: tuple[Form, ...] = ("csr", "csc", "coo", "entries")
BACKWARD = 2.0
"""A signal of reverse mode takes so many times as long as one of forward mode."""


@dataclass(frozen=True, eq=False)
class SparsePlan:
    """The places of a sparse matrix, and which signals are sent together to get its entries."""

    pattern: SparsityPattern
    colours: Any
    """A colour for each column, or for each row in reverse mode."""
    reverse: bool
    rows: Any
    columns: Any

    @property
    def count(self) -> int:
        """The number of signals."""
        return int(self.colours.max(initial=0)) + 1

    def seeds(self, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[str]) -> list[Any]:
        """For each colour the sum of the unit signals of its columns, or rows."""
        whole = (self.colours == np.arange(self.count)[:, None]).astype(float)
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        parts = np.split(whole, ends, axis=1)
        return [p.reshape(-1, *s).astype(d) for p, s, d in zip(parts, shapes, dtypes, strict=True)]

    def entries(self, found: Sequence[Any]) -> Any:
        """The entries at the places, from what the signals have become."""
        flat = [np.reshape(x, (self.count, -1)) for x in found]
        both = flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)
        if self.reverse:
            return both[self.colours[self.rows], self.columns]
        return both[self.colours[self.columns], self.rows]


def _size(node: Node) -> int:
    return math.prod(int(size) for size in node.shape)  # pyright: ignore[reportArgumentType]


def _pattern(inputs: Sequence[Node], outputs: Sequence[Node], facts: Facts) -> SparsityPattern:
    """Which entries of the inputs each entry of the outputs depends on, from the tangents."""
    sizes = [_size(x) for x in inputs]
    width, first = sum(sizes), 0
    signals: dict[Node, SparsityPattern] = {}
    for k, (x, size) in enumerate(zip(inputs, sizes, strict=True)):
        signals[input_node(f"signal {k}", x.type)] = SparsityPattern.diagonal(size, first, width)
        first += size
    moved = push(outputs, inputs, list(signals))
    present = [t for t in moved if t is not None]
    try:
        found = iter(Sparsity(facts).of(present, signals))
    except UnknownSparsity:
        found = iter([everything(stacked(list(signals.values())), _size(y)) for y in present])
    empty = SparsityPattern(np.zeros(1, np.int64), np.zeros(0, np.int64), width)
    parts = [None if t is None else next(found) for t in moved]
    return stacked([empty.take(np.full(_size(y), -1)) if p is None else p for y, p in zip(outputs, parts, strict=True)])


def _planned(pattern: SparsityPattern, mode: Literal["auto", "forward", "reverse"]) -> SparsePlan:
    forward = (
        None if mode == "reverse" else SparsePlan(pattern, coloured(pattern), False, pattern.rows, pattern.columns)
    )
    if mode == "forward":
        assert forward is not None
        return forward
    backward = SparsePlan(pattern, coloured(pattern.transposed()), True, pattern.rows, pattern.columns)
    return backward if forward is None or BACKWARD * backward.count < forward.count else forward


def jacobian_plan(inputs: Sequence[Node], outputs: Sequence[Node], facts: Facts) -> SparsePlan:
    """The plan of a Jacobian in the mode with less work."""
    return _planned(_pattern(inputs, outputs, facts), "auto")


def forward_plan(inputs: Sequence[Node], outputs: Sequence[Node], facts: Facts) -> SparsePlan:
    """The plan of a Jacobian by columns."""
    return _planned(_pattern(inputs, outputs, facts), "forward")


def reverse_plan(inputs: Sequence[Node], outputs: Sequence[Node], facts: Facts) -> SparsePlan:
    """The plan of a Jacobian by rows."""
    return _planned(_pattern(inputs, outputs, facts), "reverse")


def hessian_plan(inputs: Sequence[Node], outputs: Sequence[Node], facts: Facts) -> SparsePlan:
    """The plan of a Hessian, the Jacobian of the gradient by columns."""
    return forward_plan(inputs, slopes(inputs, outputs, ())[len(outputs) :], facts)


def pushed(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """J Ẋ of each output for signals Ẋ with an axis in front, one after another: what depends on none is computed once."""
    signals = [input_node(f"signal {k}", x.type) for k, x in enumerate(inputs)]
    moved = push(outputs, inputs, signals, masked=True)
    whole = [filled(t, y.type) for t, y in zip(moved, outputs, strict=True)]
    return batched(whole, dict(zip(signals, extra, strict=True)), extra[0].shape[0])


def pulled(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """Jᵀ Ȳ for each input, for signals Ȳ with an axis in front."""
    signals = [input_node(f"signal {k}", y.type) for k, y in enumerate(outputs)]
    back = pull(outputs, inputs, signals, masked=True)
    whole = [filled(g, x.type) for g, x in zip(back, inputs, strict=True)]
    return batched(whole, dict(zip(signals, extra, strict=True)), extra[0].shape[0])


def curved(inputs: Sequence[Node], outputs: Sequence[Node], extra: Sequence[Node]) -> list[Node]:
    """H Ẋ of one real output."""
    return pushed(inputs, slopes(inputs, outputs, ())[len(outputs) :], extra)


PUSHED, PULLED, CURVED = Transform(pushed), Transform(pulled), Transform(curved)


def _shapes(types: Sequence[Any]) -> tuple[list[tuple[int, ...]], list[str]]:
    return [tuple(map(int, type.shape)) for type in types], [type.dtype for type in types]


def _matrix(plan: SparsePlan, values: Any, form: Form) -> Any:
    """The matrix as it was asked for; of traced values by its entries, as a function that is followed has it."""
    shape = (plan.pattern.count, plan.pattern.width)
    if form == "entries":
        return plan.rows, plan.columns, values
    if isinstance(values, StandIn):
        return import_module("wengert.scipy.sparse").SparseEntries(values, plan.rows, plan.columns, shape)
    try:
        sparse = import_module("scipy.sparse")
    except ImportError:
        raise MissingPackageError(
            "A sparse matrix is one of SciPy, which is not installed.",
            f"  form='{form}'",
            "Install it:  pip install scipy;  or take rows, columns and values:  form='entries'",
        ) from None
    if form == "csr":
        return sparse.csr_array((values, plan.columns, plan.pattern.starts), shape=shape)
    made = sparse.coo_array((values, (plan.rows, plan.columns)), shape=shape)
    return made if form == "coo" else made.tocsc()


def _check_form(form: str) -> None:
    if form not in FORMS:
        raise TraceError(
            f"There is no form '{form}' of a sparse matrix.",
            f"  form={form!r:.60}",
            f"Write one of:  {', '.join(FORMS)}",
        )


def sparse_jacobian(
    f: Callable[P, Any],
    argnums: Argnums | None = None,
    argnames: Argnames = (),
    *,
    mode: Literal["auto", "forward", "reverse"] = "auto",
    form: Form = "csr",
) -> Callable[P, Any]:
    """J_ij = ∂y_i/∂x_j as a sparse matrix of SciPy: the entries of the results one after another by those of the arguments.

    Which entries can be other than 0 is found in the graph of f, once for each way through it and for the whole numbers (indices) and
    places of zeros that it reads beside x. Columns that meet in no row are computed together, as many times as there are colours of columns;
    in reverse mode rows; an entry that is NaN or infinite may therefore make others of its row NaN (of its column in reverse mode).
    `form` is "csr", "csc", "coo" or "entries": (rows, columns, values), in the order of the rows.

    Raises TraceError where f does what a graph cannot hold, ShapeError where its results are not real, MissingPackageError where the form is
    one of SciPy and that is not there.

    Source: A. H. Gebremedhin, F. Manne, A. Pothen, What color is your Jacobian?, SIAM Review 47 (2005).
    """
    plans = {"auto": jacobian_plan, "forward": forward_plan, "reverse": reverse_plan}
    if mode not in plans:
        raise TraceError(
            f"There is no mode '{mode}' of a Jacobian.",
            f"  mode={mode!r}",
            "Write:  mode='auto', mode='forward' or mode='reverse'",
        )
    _check_form(form)

    @wraps(f)
    def matrix(*args: P.args, **kwargs: P.kwargs) -> Any:
        run = seen(*choose(f, args, kwargs, argnums, argnames).call)
        _check_real(f, run)
        plan: SparsePlan = run.structure(plans[mode])
        types = run.types if plan.reverse else argument_types(run)
        return _matrix(
            plan, plan.entries(run.run(PULLED if plan.reverse else PUSHED, plan.seeds(*_shapes(types)))), form
        )

    return matrix


def sparse_hessian(
    f: Callable[P, Any], argnums: Argnums | None = None, argnames: Argnames = (), *, form: Form = "csr"
) -> Callable[P, Any]:
    """H_ij = ∂²L/∂x_i∂x_j of one real number as a sparse matrix of SciPy, found and computed as that of `sparse_jacobian`.

    Raises as `sparse_jacobian` does; ShapeError where f returns something else than one real number.
    """
    _check_form(form)

    @wraps(f)
    def matrix(*args: P.args, **kwargs: P.kwargs) -> Any:
        run = seen(*choose(f, args, kwargs, argnums, argnames).call)
        check_number(f, run, False)
        plan: SparsePlan = run.structure(hessian_plan)
        return _matrix(plan, plan.entries(run.run(CURVED, plan.seeds(*_shapes(argument_types(run))))), form)

    return matrix


def _check_real(f: Callable[..., Any], run: FunctionRun) -> None:
    types = [*run.types, *argument_types(run)]
    if not run.types or not all(type.is_float and not type.is_complex for type in types):
        raise ShapeError(
            f"A sparse Jacobian is one of real results by real arguments, and '{name_of(f)}' has others.",
            f"{user_line()}\n  it returns {listed(run.types)}",
            "Return real numbers alone; take complex ones apart:  np.real(z), np.imag(z)",
        )

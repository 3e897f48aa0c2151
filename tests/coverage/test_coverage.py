"""Every sample of every function: NumPy's value, both modes, second derivatives, native code; and nothing is without samples."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

import wengert as wg
from tests.coverage.names import EVERY, named
from tests.coverage.routes import (
    Call,
    complex_step,
    derived,
    differences,
    drawn,
    evaluated,
    noise,
    outputs_of,
    second,
)
from tests.coverage.samples import Sample, entries, every_sample, labelled, name_of, tried
from wengert.core.ir.verify import verify
from wengert.functions.tracing.trees import flatten, unflatten
from wengert.targets import compiled

ALL = labelled(every_sample())
SAMPLES = {name: sample for name, sample in ALL.items() if not sample.at_values}
TRIED = tried(SAMPLES, 2)
AT_VALUES = {name: sample for name, sample in ALL.items() if sample.at_values}
COMPILED = 2
"""One sample of so many is run as native code too."""
ATOL = 1e-12
EPS = float(np.finfo(np.float64).eps)


def close(mine: Any, theirs: Any, rtol: float, what: str, atol: float = ATOL) -> None:
    """|mine − theirs| ≤ atol + rtol of the largest entry, where both are finite; equal where they are not."""
    mine, theirs = (a + 0 if a.dtype == bool else a for a in (np.asarray(mine), np.asarray(theirs)))
    assert mine.shape == theirs.shape, f"{what}: the shape is {mine.shape}, not {theirs.shape}"
    finite = np.isfinite(theirs)
    assert np.array_equal(mine[~finite], theirs[~finite], equal_nan=True), what
    scale = float(np.max(np.abs(theirs[finite]), initial=0.0))
    gap = float(np.max(np.abs(mine[finite] - theirs[finite]), initial=0.0))
    assert gap <= atol + rtol * scale, f"{what}: off by {gap:.3g} at a size of {scale:.3g}"


def same_value(mine: list[Any], theirs: list[Any], rtol: float) -> None:
    assert len(mine) == len(theirs), "the number of results"
    for a, b in zip(mine, theirs, strict=True):
        assert a.dtype == b.dtype, f"the dtype is {a.dtype}, not {b.dtype}"
        close(a, b, rtol, "the value")


def wide(arrays: list[Any]) -> list[Any]:
    """Whole numbers as those of graphs are: a run gives NumPy's own, whose rank of a matrix is narrow."""
    return [a.astype(np.int64) if a.dtype.kind == "i" else a for a in arrays]


@pytest.mark.parametrize("sample", TRIED.values(), ids=TRIED.keys())
def test_a_sample_is_numpys_with_its_derivatives(sample: Sample):
    call = Call(sample)
    rng = np.random.default_rng(7)
    graph = call.graph()
    verify(graph)
    expected = outputs_of(call.expected(call.arrays))
    same_value(evaluated(graph, call.arrays), expected, sample.value)
    if sample.orders == 0 or not call.arrays:
        return
    found = derived(graph)
    first = found.with_outputs([*found.tangents, *found.slopes])
    signals = [drawn(rng, expected[k]) for k in found.moving]
    for _ in range(3):
        directions = [drawn(rng, a) for a in call.arrays]
        results = evaluated(first, [*call.arrays, *directions, *signals])
        tangents, slopes = results[: len(found.tangents)], results[len(found.tangents) :]
        exact = complex_step(call, directions)
        numeric = exact or differences(lambda a: outputs_of(call.expected(a)), call.arrays, directions)
        for k, tangent in zip(found.moving, tangents, strict=True):
            atol = ATOL if exact else max(ATOL, noise(np.asarray(expected[k]), directions))
            close(tangent, numeric[k], sample.exact if exact else sample.first, "forward mode", atol)
        along = [(np.asarray(w) * t).real for w, t in zip(signals, tangents, strict=True)]
        back = [(np.asarray(g) * v).real for g, v in zip(slopes, directions, strict=True)]
        scale = max(sum(float(np.sum(np.abs(t))) for t in along), sum(float(np.sum(np.abs(t))) for t in back), 1e-300)
        gap = abs(sum(float(np.sum(t)) for t in along) - sum(float(np.sum(t)) for t in back))
        assert gap <= sample.dot * EPS * scale, f"forward and reverse mode differ by {gap:.3g} of {scale:.3g}"
    if sample.orders > 1:
        _second_order(sample, call, found, directions, signals)


def _second_order(sample: Sample, call: Call, found: Any, directions: Any, signals: Any) -> None:
    forward, reverse = second(found)
    results = evaluated(found.with_outputs([*forward, *reverse]), [*call.arrays, *directions, *signals])
    back = found.with_outputs(found.slopes)
    numeric = differences(
        lambda arrays: [np.asarray(g) for g in evaluated(back, [*arrays, *directions, *signals])],
        call.arrays,
        directions,
    )
    n = len(forward)
    for mine, other, theirs in zip(results[:n], results[n:], numeric, strict=True):
        close(mine, theirs, sample.second, "forward over reverse")
        close(other, theirs, sample.second, "reverse over reverse")


SINGLE = tried({name: sample for name, sample in SAMPLES.items() if sample.single}, 1)


@pytest.mark.parametrize("sample", SINGLE.values(), ids=SINGLE.keys())
def test_float32_gives_numpys_dtypes(sample: Sample):
    call = Call(sample, "float32")
    mine = evaluated(call.graph(), call.arrays)
    theirs = outputs_of(call.expected(call.arrays))
    assert [a.dtype for a in mine] == [b.dtype for b in theirs]
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, 1e3 * float(np.finfo(np.float32).eps), "the value")


CHOSEN = {name: sample for name, sample in SAMPLES.items() if zlib.crc32(name.encode()) % COMPILED == 0}
NATIVE = tried(CHOSEN, 1)


@pytest.mark.parametrize("sample", NATIVE.values(), ids=NATIVE.keys())
def test_native_code_agrees(sample: Sample):
    call = Call(sample)
    rng = np.random.default_rng(8)
    found = derived(call.graph())
    graph = found.with_outputs([*found.graph.outputs, *found.tangents, *found.slopes])
    values = evaluated(call.graph(), call.arrays)
    given = [*call.arrays, *(drawn(rng, a) for a in call.arrays), *(drawn(rng, values[k]) for k in found.moving)]
    code = compiled.compile(graph, cache=False)
    ours = code(**dict(zip(graph.input_names, given, strict=True)))
    for mine, theirs in zip(ours, evaluated(graph, given), strict=True):
        close(mine, theirs, 1e-12, "native code")


RUN = tried({name: s for name, s in SAMPLES.items() if s.orders and name not in CHOSEN}, 1)


def elsewhere(array: Any) -> Any:
    """The same array, whose entries lie backward in memory with gaps between them, columns before rows."""
    if np.ndim(array) == 0:
        return array
    wide = np.zeros([2 * n for n in array.shape[::-1]], dtype=array.dtype).T
    view = wide[(slice(None, None, -2),) * array.ndim]
    view[...] = array
    return view


@pytest.mark.parametrize("sample", RUN.values(), ids=RUN.keys())
def test_a_run_gives_value_and_gradient_for_any_layout(sample: Sample):
    call = Call(sample)
    rng = np.random.default_rng(9)
    expected = outputs_of(call.expected(call.arrays))
    found = derived(call.graph())
    signals = [drawn(rng, y) if y.dtype.kind in "fc" else np.zeros_like(y) for y in expected]
    wanted = evaluated(
        found.with_outputs(found.slopes),
        [*call.arrays, *(np.zeros_like(a) for a in call.arrays), *(signals[k] for k in found.moving)],
    )
    given = [elsewhere(a) for a in call.arrays]
    value, pull = wg.vjp(lambda *arrays: call.traced(arrays), *given)
    same_value(wide(outputs_of(value)), wide(expected), sample.value)
    leaves, spec = flatten(value)
    assert len(leaves) == len(signals)
    for mine, theirs in zip(pull(unflatten(spec, signals)), wanted, strict=True):
        close(mine, theirs, 1e-12, "the pullback")


@pytest.mark.parametrize("sample", AT_VALUES.values(), ids=AT_VALUES.keys())
def test_a_result_whose_shape_depends_on_values(sample: Sample):
    call = Call(sample)
    rng = np.random.default_rng(10)
    expected = outputs_of(call.expected(call.arrays))
    value, pull = wg.vjp(lambda *arrays: call.traced(arrays), *call.arrays)
    same_value(wide(outputs_of(value)), wide(expected), sample.value)
    signals = [drawn(rng, y) if y.dtype.kind in "fc" else np.zeros_like(y) for y in expected]
    back = pull(unflatten(flatten(value)[1], signals))
    for _ in range(3):
        directions = [drawn(rng, a) for a in call.arrays]
        numeric = differences(lambda a: outputs_of(call.expected(a)), call.arrays, directions)
        along = sum(float(np.sum(w * t)) for w, t in zip(signals, numeric, strict=True))
        close(
            sum(float(np.sum(g * v)) for g, v in zip(back, directions, strict=True)),
            along,
            sample.first,
            "reverse mode",
        )


def test_every_entry_has_samples():
    tried = {entry for s in every_sample() for entry in (s.entry, getattr(s.entry, "__wrapped__", None))}
    assert [name_of(entry) for entry in entries() if entry not in tried] == []


def test_every_function_that_is_promised_has_samples():
    tried = {name_of(s.entry) for s in every_sample()}
    assert [name for name in EVERY if name not in tried and name_of(named(name)) not in tried] == []

"""The benchmarks compute what they say, at small sizes; tables are written from made-up times. Nothing is timed here."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
from benchmarks import first_call, machine, report, shapes
from benchmarks.__main__ import chosen
from benchmarks.agreement import Disagreement, require
from benchmarks.child import agreed_call
from benchmarks.contest import Contestant, Into, Reach, results
from benchmarks.rows import ROWS
from benchmarks.timing import Sampler, best, interleave, median_ratio
from benchmarks.workloads import first_calls, lecture_unit, logistic_regression, mlp, recurrence, rosenbrock, two_moons

TINY = {row.name: row.tiny() for row in ROWS if row.tiny is not None}
WITHOUT_PEERS = [
    (name, c)
    for name, workload in TINY.items()
    for c in workload.contestants
    if set(c.needs) <= {"gcc"} and c.answers in workload.references
]


@pytest.mark.parametrize(("name", "contestant"), WITHOUT_PEERS, ids=lambda v: getattr(v, "name", v))
def test_contestant_agrees_with_the_reference_at_small_sizes(name, contestant):
    if "gcc" in contestant.needs and not machine.has("gcc"):
        pytest.skip("a contestant in C needs gcc")
    agreed_call(contestant, TINY[name], {})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_reaches_name_contestants_and_every_answer_has_a_reference(row):
    workload = TINY.get(row.name) or row.build()
    names = [c.name for c in workload.contestants]
    assert len(set(names)) == len(names)
    assert workload.reaches
    for reach in workload.reaches:
        assert set(reach.ours + reach.theirs) <= set(names)
    assert all(c.answers in workload.references for c in workload.contestants if c.ours)
    assert set(workload.references) == set(workload.tolerance)


def central(f, x, step=1e-6):
    """∂f/∂x entry by entry by central differences."""
    slope = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        move = np.zeros_like(x)
        move[place] = step
        slope[place] = (f(x + move) - f(x - move)) / (2 * step)
    return slope


DOUBLE = np.float64
UNIT = [np.array(v) for v in lecture_unit.POINT]
MOONS = [a.astype(DOUBLE) for part in two_moons.data(6) for a in part]
DEEP = mlp.Network((4, 3, 3, 3), "relu", 5, 0.02)
WIDE = mlp.Network((4, 5, 3), "tanh", 5, 0.02)
BY_HAND = {
    "unit": (lecture_unit.by_hand, UNIT, 2),
    "two moons": (two_moons.by_hand, MOONS, 6),
    "mlp relu": (functools.partial(mlp.gradients_by_hand, DEEP), [a.astype(DOUBLE) for p in DEEP.data() for a in p], 6),
    "mlp tanh": (functools.partial(mlp.gradients_by_hand, WIDE), [a.astype(DOUBLE) for p in WIDE.data() for a in p], 4),
    "logistic": (logistic_regression.by_hand, list(logistic_regression.data(12, 3)), 1),
    "rosenbrock": (rosenbrock.by_hand, [rosenbrock.numbers(7)[0]], 1),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_gradients_by_hand_are_central_differences(name):
    function, arguments, count = BY_HAND[name]
    _, *gradients = function(*arguments)
    for k in range(count):
        slope = central(lambda v, k=k: function(*arguments[:k], v, *arguments[k + 1 :])[0], arguments[k])
        np.testing.assert_allclose(np.squeeze(gradients[k]), np.squeeze(slope), rtol=1e-6, atol=1e-7)


def test_product_with_the_hessian_by_hand_is_the_difference_of_gradients():
    x, v = rosenbrock.numbers(9)
    moved = [rosenbrock.by_hand(x + sign * 1e-6 * v)[1] for sign in (1, -1)]
    np.testing.assert_allclose(rosenbrock.product_by_hand(x, v), (moved[0] - moved[1]) / 2e-6, rtol=1e-6)


def test_derivative_of_the_recurrence_by_hand_is_a_difference(monkeypatch):
    _, tangent = recurrence.by_hand(30)
    ends = []
    for factor in (recurrence.FACTOR + 1e-6, recurrence.FACTOR - 1e-6):
        monkeypatch.setattr(recurrence, "FACTOR", factor)
        ends.append(recurrence.by_hand(30)[0])
    assert tangent == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-7)


def test_chain_has_as_many_operations_as_it_says_and_its_tangent_is_the_complex_step():
    x = np.linspace(-2, 2, 9)
    value, slope = first_call.chain_tangent(x, 40)
    np.testing.assert_array_equal(value, first_call.chain(np, x, 40))
    np.testing.assert_allclose(slope, first_call.chain(np, x + 1e-30j, 40).imag / 1e-30, rtol=1e-12)
    assert not np.allclose(value, first_call.chain(np, x, 39))


def test_code_without_a_pattern_is_derived_by_a_complex_step():
    x = np.linspace(-1, 1, 5)
    total, slope = first_calls.straight_tangent(x, 60)
    value, gradient = wg.value_and_grad(lambda x: np.sum(first_call.straight(np, x, 60)))(x)
    np.testing.assert_allclose(value, total, rtol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-12)


def test_references_of_first_calls_are_reduced_as_the_measured_results_are():
    assert [len(part) for part in first_calls.reference("chain", 10)] == [1, 100]
    assert len(first_calls.reference("mlp-step", 0)) == 5


def test_results_that_differ_are_refused():
    assert require((1.0, [2.0, 3.0]), (1.0, 2.0, 3.0), 0.0) == 0
    assert require(np.array([1.0, 100.0]), np.array([1.0, 100.1]), 1e-2) == pytest.approx(1e-3, rel=1e-2)
    for found, expected in [
        ((1.0, 2.0), (1.0,)),
        ((1.0, 2.1), (1.0, 2.0)),
        (np.array([np.nan, 1.0]), np.ones(2)),
        (np.ones(2), np.ones(3)),
        (np.ones(2), np.zeros(2)),
    ]:
        with pytest.raises(Disagreement):
            require(found, expected, 1e-3)


def test_a_contestant_with_wrong_results_is_not_timed():
    wrong = Contestant("wrong", lambda: lambda: (1.0, 2.0, 3.0))
    with pytest.raises(Disagreement):
        agreed_call(wrong, TINY["unit-call"], {})


def test_results_in_buffers_are_read_after_the_call():
    out = np.zeros(2)
    call = Into(out.fill, 3.0).leaving(out[:1], out[1:])
    assert [float(part[0]) for part in results(call)] == [3.0, 3.0]


def test_every_round_has_a_sample_of_each_contestant_and_the_order_shifts():
    order: list[str] = []

    def measured(name):
        return lambda: order.append(name) or (float(len(order)), None)

    samplers = [Sampler(Contestant(n, lambda: None, measured=True), measured(n), 0.0) for n in "abc"]
    interleave(samplers, 4, limit=60.0)
    assert "".join(order) == "abc" + "bca" + "cab" + "abc"
    assert all(len(sampler.samples) == 4 for sampler in samplers)


def test_rounds_of_a_slow_contestant_are_capped_and_times_are_for_one_unit():
    slow = Contestant("slow", lambda: None, measured=True, rounds=2, units=4)
    sampler = Sampler(slow, lambda: (8.0, None), 0.0)
    interleave([sampler], 5, limit=60.0)
    assert sampler.samples == [2.0, 2.0]


def test_preparation_runs_before_every_sample():
    done: list[int] = []
    contestant = Contestant("one", lambda: None, measured=True, prepare=lambda: done.append(1))
    sampler = Sampler(contestant, lambda: (1.0, None), 0.0)
    interleave([sampler], 3, limit=60.0)
    assert len(done) == 4


def test_ratio_is_the_median_of_ratios_within_rounds():
    assert median_ratio([1.0, 10.0, 3.0], [2.0, 20.0, 3.0]) == 0.5
    assert median_ratio([1.0, 9.0], [2.0]) == 0.5


def test_best_is_the_smallest_median_among_those_measured():
    samples = {"a": [3.0, 3.0, 0.1], "b": [2.0, 2.0, 9.0], "c": []}
    assert best(("a", "b", "c", "d"), samples) == "b"
    assert best(("c", "d"), samples) is None


SAMPLES = {
    "wengert": [2e-6, 2e-6],
    "wengert, value alone": [1e-6, 1e-6],
    "JAX jit": [8e-6, 8e-6],
    "NumPy": [4e-6, 4e-6],
}


@pytest.mark.parametrize(
    ("reach", "measured", "reached"),
    [
        (Reach("a quarter of JAX", ("wengert",), ("JAX jit",), 0.25), "0.25 of JAX jit (reach 0.25)", True),
        (Reach("of the best peer", ("wengert",), (), 0.4), "0.5 of NumPy (reach 0.4)", False),
        (
            Reach("of the value", ("wengert",), ("wengert, value alone",), 3),
            "2 of wengert, value alone (reach 3)",
            True,
        ),
        (Reach("at most 3 µs", ("wengert",), seconds=3e-6), "2.00 µs", True),
        (Reach("at most 1 µs", ("wengert",), seconds=1e-6), "2.00 µs", False),
        (Reach("of C", ("wengert",), ("C",), 1.3), "C was not measured", None),
        (Reach("ours absent", ("wengert loop",), (), 1.3), "wengert loop was not measured", None),
    ],
    ids=lambda v: v.text if isinstance(v, Reach) else None,
)
def test_verdict(reach, measured, reached):
    assert report.verdict(reach, SAMPLES) == report.Verdict(reach.text, measured, reached)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (1.5e-4, "150 µs"), (2.34e-7, "234 ns"), (1.7e-8, "17.0 ns")],
)
def test_durations_have_three_digits(seconds, text):
    assert report.duration(seconds) == text


def made_up():
    found = {
        "title": "a workload",
        "unit": "step",
        "samples": SAMPLES,
        "absent": {"torch": "torch"},
        "failed": {"C": "wrong"},
    }
    return report.outcome("row", 2, found, [Reach("a quarter of JAX", ("wengert",), ("JAX jit",), 0.25)])


def test_terminal_shows_the_fastest_first_and_the_absent_and_the_failed_by_name():
    assert report.terminal(made_up()).splitlines() == [
        "row: a workload; a step, 2 threads",
        "  wengert, value alone  1.00 µs  0.50",
        "  wengert               2.00 µs  1.00",
        "  NumPy                 4.00 µs  2.00",
        "  JAX jit               8.00 µs  4.00",
        "  torch                  absent  torch is not installed",
        "  C                      failed  wrong",
        "  → a quarter of JAX: 0.25 of JAX jit (reach 0.25): yes",
    ]


def test_document_has_the_machine_the_versions_what_was_reached_and_the_times():
    about = {"processor": "a processor", "processors": "2", "system": "Linux x86_64", "jax": "0.10", "torch": "absent"}
    text = report.document([made_up()], about, report.Run("2026-11-24", 21, (0.5, 7.25), realtime=True))
    for line in [
        "* 2026-11-24; a processor, 2 processors, Linux x86_64",
        "* jax 0.10, torch absent",
        "* Up to 21 rounds; in each round one sample of every contestant, in one process for a row, held to as many processors",
        "  elapsed time, at real-time priority, since threads that wait for each other count too. The machine's load average was",
        "  0.5 when the run began and 7.2 when it ended.",
        "| a workload, 2 threads | a quarter of JAX | 0.25 of JAX jit (reach 0.25) | yes |",
        "### a workload, 2 threads",
        "| contestant | a step | times ours |",
        "| JAX jit | 8.00 µs | 4.00 |",
        "| torch | absent | torch is not installed |",
    ]:
        assert line in text.splitlines()


def test_rows_are_chosen_by_the_beginning_of_their_names():
    assert [row.name for row in chosen("unit,small")] == ["unit-call", "unit-loop", "small-call"]
    assert chosen("") == list(ROWS)
    with pytest.raises(SystemExit, match="There is no row 'nothing'"):
        chosen("nothing")


def test_settings_that_hold_a_peer_back_are_not_passed_on(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("UNRELATED", "kept")
    found = machine.settings(2)
    assert "OPENBLAS_CORETYPE" not in found
    assert (found["OMP_NUM_THREADS"], found["UNRELATED"]) == ("2", "kept")


def test_importing_the_benchmarks_imports_no_peer():
    peers = "{'jax', 'torch', 'autograd', 'numba'}"
    code = f"import sys, benchmarks.__main__, benchmarks.child; sys.exit(bool({peers} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_shapes_of_products_are_of_all_sizes_and_their_ratios_are_told_by_band():
    found = shapes.shapes(60)
    assert len(set(found)) > 50
    assert min(map(min, found)) < 8
    assert max(map(max, found)) > 1024
    assert all(m * k * n <= shapes.MOST_WORK for m, k, n in found)
    text = shapes.table({(4, 5, 6): (0.5, 2.0), (70, 900, 80): (1.25, 90.0)})
    assert "| 1–7 | 1 | 0.50 | 0.50 | 0.50 |" in text
    assert text.index("70 × 900 × 80 | 1.25 | 90.0") < text.index("4 × 5 × 6 | 0.50 | 2.0")
    assert shapes.ratio((5, 6, 7))[1] > 0

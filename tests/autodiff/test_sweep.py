"""A fixed part of `scripts/sweep_derivatives.py`: no slope is finite and wrong, no two routes disagree; and its truths are checked."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np
import pytest

from scripts import derivative_routes as ways
from scripts.derivative_truths import FUNCTIONS, ONE_INPUT, TWO_INPUTS
from scripts.exact_derivatives import DIGITS, FORMATS, SEVERAL, of, single, truths
from scripts.sweep_derivatives import Job, Outcome, everything, points, sample, sweep, verdict_of
from tests.thorough import part
from wengert.core.ir.graph import apply, constant
from wengert.core.ir.op import OPS
from wengert.core.ops.primes import opened

NAMES = (*ONE_INPUT, *SEVERAL)
SOME = tuple(k for k, x in enumerate(points("float64", 1)[0]) if abs(x) in (0.0, 1e-200, 0.5, 1.0, 40.0, 800.0, 1e200))
PAIRS = set(
    part(itertools.product(NAMES, NAMES), 4, lambda pair: (pair[0], NAMES.index(pair[1]) % 2), lambda pair: pair[1])
)
"""Each function outside of eight others or more, four by each route, and inside of four or more."""
EXPLAINED: dict[str, str] = {}
"""Entries that may fail, by the label of the composition, each with the reason."""


def unexplained(outcome: Outcome) -> list[str]:
    """What fails, as lines that reproduce it."""
    return [f.line for f in outcome.failures() if f.composition.label not in EXPLAINED] + outcome.raised


@pytest.mark.parametrize("outer", NAMES)
def test_slopes_of_pairs_are_right_by_every_quick_route(outer):
    routes = (ways.QUICK, ways.QUICK_FORWARD)
    jobs = [
        Job(of(outer, inner), tuple(routes[k % 2]), only=SOME)
        for k, inner in enumerate(NAMES)
        if (outer, inner) in PAIRS
    ]
    assert len(jobs) >= 8
    assert not unexplained(sweep(jobs))


@pytest.mark.parametrize("name", TWO_INPUTS)
def test_slopes_of_two_inputs_are_right(name):
    job = Job(single(FUNCTIONS[name]), tuple(ways.QUICK_OF_TWO))
    assert not unexplained(sweep([job]))


def test_a_sample_is_right_by_every_route():
    assert not unexplained(sweep(sample(everything(), 10, seed=1)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_formulas_of_the_sweep_are_derivatives(name):
    f = FUNCTIONS[name]
    with mp.workdps(DIGITS):
        at = [mp.mpf("1.7") if name == "arccosh" else mp.mpf("0.37"), mp.mpf("0.82")][: f.arity]
        for k, slope in enumerate(f.slopes):
            along = tuple(int(i == k) for i in range(f.arity))
            want = mp.diff(f.value, at[0]) if f.arity == 1 else mp.diff(f.value, tuple(at), along)
            assert abs(slope(*at) - want) < 1e-15
        for (k, m), curvature in zip(f.pairs, f.curvatures, strict=True):
            along = tuple(int(i == m) for i in range(f.arity))
            want = mp.diff(f.slopes[k], at[0]) if f.arity == 1 else mp.diff(f.slopes[k], tuple(at), along)
            assert abs(curvature(*at) - want) < 1e-15


@pytest.mark.parametrize(
    "name", [name for name, f in FUNCTIONS.items() if getattr(OPS.get(f.op or name), "exact", None)]
)
def test_the_values_of_the_sweep_are_those_of_the_records(name):
    f = FUNCTIONS[name]
    with mp.workdps(DIGITS):
        at = dict(
            zip("xy", [mp.mpf("1.7") if name == "arccosh" else mp.mpf("0.37"), mp.mpf("0.82")][: f.arity], strict=False)
        )
        want = eval(OPS[f.op or name].exact, vars(mp) | at)
        assert abs(f.value(*at.values()) - want) < 1e-50 * abs(want)


@pytest.mark.parametrize("names", [("tanh", "x³"), ("log", "cosh"), ("√(1+x²)", "sin"), ("x√|x|", "exp")])
def test_the_truths_of_compositions_are_derivatives(names):
    made = of(*names)

    def value(x, part=made):
        return FUNCTIONS[part.function].value(*(value(x, p) for p in part.inner)) if part.inner else x

    with mp.workdps(DIGITS):
        found = truths(made, (0.75,), 2, FORMATS["float64"])
        assert abs(found["x"].value - mp.diff(value, 0.75)) < 1e-15
        assert abs(found["xx"].value - mp.diff(value, 0.75, 2)) < 1e-12


def test_tolerances_are_as_narrow_as_the_problem_allows():
    with mp.workdps(DIGITS):
        well = truths(of("tanh"), (20.0,), 1, FORMATS["float64"])["x"]
        badly = truths(of("tanh", "x³"), (3.0,), 1, FORMATS["float64"])["x"]
    assert well.kind == badly.kind == "within"
    assert float(well.slack / well.value) == pytest.approx(64 * 2**-53 * 2, rel=0.6)
    assert 1e-15 < float(badly.slack / badly.value) < 1e-11
    assert verdict_of(0.0, well, "float64") == "WRONG"
    assert verdict_of(float(well.value) * (1 + 1e-13), well, "float64") == "WRONG"
    assert verdict_of(float(well.value), well, "float64") == "right"
    assert verdict_of(np.nan, well, "float64") == "not finite"


# slopes that are wrong in a tail are found

OWN = {f.op: name for name, f in ONE_INPUT.items() if f.op}
BY_TWO = [(name, k) for name in TWO_INPUTS if name in OPS and OPS[name].partials for k in (0, 1)]


def known_points(name):
    """The points at which the slope of a function is known, not 0 and in the range of floats."""
    x = points("float64", 1)[0]
    with mp.workdps(DIGITS):
        found = {float(v): truths(of(name), (float(v),), 1, FORMATS["float64"]).get("x") for v in x}
    return sorted(v for v, t in found.items() if t is not None and t.kind == "within" and t.value != 0)


@pytest.fixture
def put_wrong():
    """Makes the k-th slope of an op wrong by 1e-6 where a condition of the inputs says so; right again at the end."""
    before = []

    def put(name, k, where):
        op = OPS[name]

        def spoilt(found, y, inputs):
            slopes = list(found)
            if slopes[k] is not None:
                slope = slopes[k] if hasattr(slopes[k], "type") else constant(slopes[k], y.type)
                right, wrong = constant(1, slope.type), constant(1 + 1e-6, slope.type)
                slopes[k] = slope * apply("where", where(*inputs), wrong, right)
            return tuple(slopes)

        rules = {
            "partials": lambda y, *xs, **params: spoilt(right["partials"](y, *xs, **params), y, xs),
            "through": lambda bars, y, *xs, **params: spoilt(right["through"](bars, y, *xs, **params), y, xs),
        }
        right = {rule: getattr(op, rule) for rule in rules if getattr(op, rule, None)}
        before.append((op, right))
        for rule in right:
            object.__setattr__(op, rule, rules[rule])
        opened.cache_clear()

    yield put
    for op, right in before:
        for rule, value in right.items():
            object.__setattr__(op, rule, value)
    opened.cache_clear()


@pytest.mark.parametrize("end", ["left", "right", "centre"])
@pytest.mark.parametrize(("op", "name"), OWN.items(), ids=OWN)
def test_a_slope_that_is_wrong_in_a_tail_is_found(op, name, end, put_wrong):
    known = known_points(name)
    at = {"left": known[0], "right": known[-1], "centre": min((v for v in known if v), key=abs)}[end]
    test = {"left": "less_equal", "right": "greater_equal", "centre": "equal"}[end]
    put_wrong(op, 0, lambda x: apply(test, x, constant(at, x.type)))
    job = Job(of(name), (ways.COMPILED,))
    assert {f.at[0] for f in sweep([job]).failures()} == {at}


@pytest.mark.parametrize(("name", "k"), BY_TWO)
def test_a_slope_of_two_inputs_that_is_wrong_in_a_tail_is_found(name, k, put_wrong):
    put_wrong(name, k, lambda *xs: apply("greater", apply("abs", xs[k]), constant(0.75, xs[k].type)))
    found = sweep([Job(single(FUNCTIONS[name]), (ways.COMPILED_OF_TWO,))]).failures()
    assert found
    assert {f.gives for f in found} == {"xy"[k]}
    assert all(abs(f.at[k]) > 0.75 for f in found)

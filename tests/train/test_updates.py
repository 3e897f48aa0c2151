"""Many updates in one native call: the same numbers however they are cut into calls, those of the interpreter to rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import wengert.train.updates
from tests.thorough import everyday
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError, ShapeError, TrainingError
from wengert.optim.rules import RULES
from wengert.targets import compiled, interpreter
from wengert.targets.native import pool
from wengert.train.advance import epoch_order
from wengert.train.epoch_graph import StepGraph, updates_graph
from wengert.train.equations import task
from wengert.train.loop import StepDone, fit
from wengert.train.model import Plan, Progress
from wengert.train.optimizers import apply_updates, optimizer
from wengert.train.updates import ManyUpdates

NET = """params w, b, v, c
data x, t
h_i = tanh(Σ_j w_ij x_j + b_i)
y = Σ_i v_i h_i + c
L = ½ (y − t)²
"""
LOGARITHM = "params w\ndata x\nL = log(w x)"
ROOT = "params w, b\ndata x\nL = sqrt(w) + b x"
EXAMPLES, BATCH = 50, 16  # three whole batches and one of two
SETTINGS = {"sgd": 0.1, "momentum": 0.02, "adam": 0.01, "adamw": 0.01}


def data(dtype=np.float64, n=EXAMPLES):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 3))
    return {"x": x.astype(dtype), "t": np.sin(x.sum(axis=1)).astype(dtype)}


def network(dtype=np.float64, n=EXAMPLES, backend="native"):
    return task(NET, backend=backend).build(data(dtype, n), {"h": 5})


def start(model, made, dtype=np.float64):
    rng = np.random.default_rng(7)
    params = {name: np.asarray(rng.normal(size=shape) / 2, dtype) for name, shape in model.parameters.items()}
    return Progress(params, made.init(params))


def trained(model, made, training, plan, begin, updates=None, report=lambda event: None):
    return fit(model, made, training, None, plan, begin, report, lambda progress: None, updates)


def bits(progress):
    """Every number of a progress, to the last bit."""
    arrays = [progress.params, *(moment for key, moment in progress.state.items() if key != "count")]
    numbers = [{name: (a.dtype.str, a.shape, a.tobytes()) for name, a in each.items()} for each in arrays]
    return numbers, progress.state["count"], progress.epoch, progress.step, progress.loss_sum, progress.history


@dataclass
class Limited:
    """The same updates, at most so many in a call; Ctrl-C comes in the place of call `stop`."""

    updates: Any
    at_once: int
    stop: int = -1
    calls: int = 0
    at_first: int = 1

    def __call__(self, *arguments):
        self.calls += 1
        if self.calls == self.stop:
            raise KeyboardInterrupt
        assert arguments[-1] <= self.at_once
        return self.updates(*arguments)


@pytest.fixture(params=["in one call", "a call each"])
def way(request, monkeypatch):
    """Updates in a loop of native code, and, as where a step is much work, each in a call of its own."""
    if request.param == "a call each":
        monkeypatch.setattr(wengert.train.updates, "HEAVY", 0)
    return request.param


# rules as graphs


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", RULES)
def test_rule_as_a_graph_is_the_rule_on_arrays(name, dtype):
    made = optimizer(name)
    gradient = np.array([[0.5, -1.0, 0.0], [2.0, 1e-3, -4.0]], dtype)
    params = {"W": np.linspace(-1, 1, 6, dtype=dtype).reshape(2, 3), "b": np.array(0.25, dtype)}
    W, b = (input_node(n, ArrayType(p.shape, dtype)) for n, p in params.items())
    x = input_node("x", ArrayType((1,), dtype))
    scale = apply("sum", x, axes=(0,))
    given = input_node("g", ArrayType((2, 3), dtype))
    spread = apply("broadcast", scale, shape=(2, 3), axes=())
    step = Graph((W, b, x, given), (scale, given * spread, scale * 0.5))
    graph = updates_graph(StepGraph(step, ("W", "b"), ("x",), 1), made.rule, tuple(made.settings), 4, True)
    steps, order = [1.0, -0.5, 2.0, 3.0], np.array([2, 0, 3, 1])
    state = made.init(params)
    values = {"x": np.array(steps, dtype), "g": gradient, "order of examples": order, "updates wanted": 4}
    values |= {"losses so far": np.zeros(256), "update count": 0, "first place": 0, "updates done": 0, **params}
    values |= {f"{m} of {n}": state[m][n] for m in made.rule.moments for n in params}
    values |= {f"setting {key}": value for key, value in made.settings.items()}
    expected = params
    for k in order:
        gradients = {"W": gradient * np.asarray(steps[k], dtype), "b": np.asarray(steps[k] * 0.5, dtype)}
        changes, state = made.update(gradients, state, expected)
        expected = apply_updates(expected, changes)
    for run in (interpreter.compile(graph), compiled.compile(graph)):
        losses, count, *after = run(**values)
        np.testing.assert_array_equal(losses[:4], np.array(steps)[order])
        assert (count, not losses[4:].any()) == (4, True)
        found = [expected[n] for n in params] + [state[m][n] for m in made.rule.moments for n in params]
        for a, e in zip(after, found, strict=True):
            assert np.asarray(a).dtype == dtype
            np.testing.assert_allclose(a, e, rtol=1e-14 if dtype == "float64" else 1e-5, atol=1e-7)


# calls


@everyday(1, lambda name, way: (name, way), "dtype")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", RULES)
def test_cuts_into_calls_do_not_change_a_bit(name, dtype, way):
    model, made, training = network(dtype), optimizer(name, learning_rate=SETTINGS[name]), data(dtype)
    updates, begin, plan = model.updates(made, training, BATCH), start(model, made, dtype), Plan(6, BATCH, 3)
    whole, _ = trained(model, made, training, plan, begin, updates)
    for most in (1, 2):
        parts, _ = trained(model, made, training, plan, begin, Limited(updates, most))
        assert bits(parts) == bits(whole)
    order = epoch_order(EXAMPLES, plan.seed, 0)
    at_once = updates(begin.params, begin.state, order, 0, BATCH, 3)
    params, state, losses = begin.params, begin.state, []
    for k in range(3):
        params, state, loss = updates(params, state, order, k * BATCH, BATCH, 1)
        losses += loss
    assert losses == at_once[2]
    assert all(params[n].tobytes() == at_once[0][n].tobytes() for n in params)


def test_updates_are_those_of_the_rows_in_the_order_of_the_epoch(way):
    model, made, training = network(), optimizer("sgd", learning_rate=0.1), data()
    begin, order = start(model, made), epoch_order(EXAMPLES, 3, 0)
    params, _, losses = model.updates(made, training, BATCH)(begin.params, begin.state, order, 0, BATCH, 3)
    expected = dict(begin.params)
    for k in range(3):
        rows = order[k * BATCH : (k + 1) * BATCH]
        loss, gradients = model.loss_and_gradients(expected, {name: a[rows] for name, a in training.items()})
        assert losses[k] == pytest.approx(loss, rel=1e-13)
        expected = {n: p - 0.1 * gradients[n] for n, p in expected.items()}
    for n in params:
        np.testing.assert_allclose(params[n], expected[n], rtol=1e-12, atol=1e-15)


@everyday(1, "name", "way", "dtype", "batch")
@pytest.mark.parametrize("batch", [BATCH, EXAMPLES], ids=["minibatches", "all at once"])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_thousand_updates_are_those_of_the_interpreter_to_rounding(name, dtype, rtol, batch, way):
    made, training = optimizer(name, learning_rate=0.02 if name == "sgd" else 0.001), data(dtype)
    plan = Plan(1000 // -(-EXAMPLES // batch), batch, 1)
    found = []
    for backend in ("native", "interpreter"):
        model = network(dtype, backend=backend)
        progress, _ = trained(
            model, made, training, plan, start(model, made, dtype), model.updates(made, training, BATCH)
        )
        assert progress.state["count"] == 1000
        assert {p.dtype for p in progress.params.values()} == {np.dtype(dtype)}
        found.append(progress)
    for n, expected in found[1].params.items():
        error = np.max(np.abs(found[0].params[n] - expected)) / np.max(np.abs(expected))
        assert error < rtol, (n, error)
    assert found[0].history[-1].loss == pytest.approx(found[1].history[-1].loss, rel=10 * rtol)


@everyday(1, "dtype", "batch", "way")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("batch", [2048, 4096], ids=["minibatches", "all at once"])
def test_one_thread_and_two_give_the_same_bits(dtype, batch, way):
    model, made, training = network(dtype, 4096), optimizer("adam", learning_rate=0.01), data(dtype, 4096)
    before, found = pool.threads(), []
    try:
        for threads in (1, 2):
            pool.set_threads(threads)
            begin, updates = start(model, made, dtype), model.updates(made, training, BATCH)
            progress, _ = trained(model, made, training, Plan(5, batch, 1), begin, updates)
            found.append((bits(progress), model.repeated().forward(progress.params, training)["y"].tobytes()))
    finally:
        pool.set_threads(before)
    assert found[0] == found[1]


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 9])
def test_interrupted_in_any_call_and_continued_is_bit_identical(stop):
    model, made, training = network(), optimizer("adam"), data()
    updates, begin, plan = model.updates(made, training, BATCH), start(model, made), Plan(5, BATCH, 3)
    whole, _ = trained(model, made, training, plan, begin, updates)
    events = []
    part, interrupted = trained(model, made, training, plan, begin, Limited(updates, 2, stop), events.append)
    assert interrupted
    assert part.state["count"] == sum(isinstance(event, StepDone) for event in events) < 20
    rest, interrupted = trained(model, made, training, plan, part, updates)
    assert not interrupted
    assert bits(rest) == bits(whole)


def test_every_update_is_reported_once_and_in_order():
    model, made, training = network(), optimizer("sgd"), data()
    events = []
    updates = model.updates(made, training, BATCH)
    progress, _ = trained(model, made, training, Plan(4, BATCH, 3), start(model, made), updates, events.append)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [(e.epoch, e.step) for e in steps] == [(epoch, step) for epoch in (1, 2, 3, 4) for step in (1, 2, 3, 4)]
    last = [event.loss for event in steps if event.epoch == 4]
    assert progress.history[-1].loss == pytest.approx(np.dot(last, [16, 16, 16, 2]) / EXAMPLES, rel=1e-15)


def test_what_is_given_is_not_changed(way):
    model, made, training = network(), optimizer("momentum"), data()
    begin, order, updates = start(model, made), epoch_order(EXAMPLES, 0, 0), model.updates(made, training, BATCH)
    before = bits(begin)
    first = updates(begin.params, begin.state, order, 0, BATCH, 3)
    found = {name: value.tobytes() for name, value in first[0].items()}
    assert bits(begin) == before
    updates(*first[:2], order, 0, BATCH, 3)
    assert {name: value.tobytes() for name, value in first[0].items()} == found


def test_what_is_much_work_makes_one_update_in_a_call(monkeypatch):
    looped, repeated = [], []
    for list, name in ((looped, "looped_program"), (repeated, "repeated_program")):
        made = getattr(wengert.train.updates, name)
        monkeypatch.setattr(wengert.train.updates, name, lambda *args, a=list, b=made: (a.append(1), b(*args))[1])
    text, made = "params W\ndata x\ny_i = Σ_j W_ij x_j\nL = ½ Σ_i y_i²", optimizer("sgd")
    for n, examples in ((4, 30), (300, 64)):
        training = {"x": np.ones((examples, n))}
        model = task(text).build(training, {"y": n})
        begin = start(model, made)
        model.updates(made, training, examples)(begin.params, begin.state, None, 0, examples, 2)
    assert (len(looped), len(repeated)) == (1, 1)


# errors


def failing(text, training, params, rate, batch):
    model, made = task(text).build(training, {}), optimizer("sgd", learning_rate=rate)
    begin = Progress({n: np.asarray(p) for n, p in params.items()}, made.init(params))
    kept, events = [], []
    with pytest.raises(TrainingError) as caught:
        fit(
            model,
            made,
            training,
            None,
            Plan(50, batch, 0),
            begin,
            events.append,
            kept.append,
            Limited(model.updates(made, training, BATCH), 8),
        )
    return caught.value, kept, events


@pytest.mark.parametrize("bad", [7, 20, 37])
def test_first_loss_that_is_not_finite_is_named_with_its_epoch_and_step(bad):
    x = np.ones(40)
    x[bad] = -1.0  # log(w x) is nan for this example
    error, kept, events = failing(LOGARITHM, {"x": x}, {"w": np.float64(1.0)}, 1e-3, 1)
    step = int(np.flatnonzero(epoch_order(40, 0, 0) == bad)[0]) + 1
    assert str(error).splitlines() == [
        "The loss is nan.",
        f"  epoch 1, step {step}",
        "Write a smaller --lr, standardise the inputs, or look at the equations' domains.",
    ]
    assert kept == []
    done = [event.step for event in events if isinstance(event, StepDone)]
    assert done == list(range(1, len(done) + 1))
    assert len(done) < step


def test_gradient_that_is_not_finite_is_named():
    error, _, _ = failing(ROOT, {"x": np.ones(4)}, {"w": np.float64(0.0), "b": np.float64(0.0)}, 0.1, 4)
    assert error.what == "The gradient of the loss by 'w' is inf in some entry."
    assert error.where == "  epoch 1, step 1"


def test_parameter_that_overflows_is_named():
    text = "params w, b\ndata x\nL = w x + b"
    error, _, _ = failing(text, {"x": np.ones(4)}, {"w": np.float64(0.0), "b": np.float64(-1e308)}, 1e308, 4)
    assert error.what == "The parameter 'b' is no longer finite after the update."
    assert error.where == "  epoch 1, step 1"


def test_data_that_does_not_fit_has_the_three_lines_of_a_single_step():
    model, made = network(), optimizer("sgd")
    wrong = {**data(), "x": np.ones((EXAMPLES, 4))}
    begin = start(model, made)
    with pytest.raises(ShapeError) as single:
        model.loss_and_gradients(begin.params, wrong)
    with pytest.raises(ShapeError) as several:
        model.updates(made, wrong, EXAMPLES)(begin.params, begin.state, None, 0, EXAMPLES, 1)
    assert str(several.value) == str(single.value)


# back ends


def test_the_interpreter_makes_updates_one_by_one():
    model = network(backend="interpreter")
    assert model.updates(optimizer("sgd"), data(), EXAMPLES) is None
    assert isinstance(network().updates(optimizer("sgd"), data(), EXAMPLES), ManyUpdates)


def test_a_back_end_that_is_not_there_is_refused_before_the_data_is_read():
    with pytest.raises(GraphError, match="There is no back end 'cuda'"):
        task(NET, backend="cuda")


@pytest.mark.parametrize("backend", ["native", "interpreter"])
def test_index_outside_its_axis_has_the_same_three_lines_by_either_back_end(backend):
    text = "params W\ndata x, c\nz_k = Σ_j W_kj x_j\nL = log(Σ_k exp(z_k)) − Σ_k z_k ⟦k = c⟧"
    training = {"x": np.ones((40, 3)), "c": np.zeros(40, np.int64)}
    training["c"][17] = 9
    model, made = task(text, backend=backend).build(training, {"z": 4}), optimizer("sgd")
    begin = start(model, made)
    with pytest.raises(GraphError) as caught:
        trained(model, made, training, Plan(3, 8, 0), begin, model.updates(made, training, BATCH))
    assert str(caught.value).splitlines() == [
        "The index 9 is outside an axis of 4 entries.",
        "  the indices run from 0 to 9",
        "Indices count from 0 to 3; negative ones do not wrap.",
    ]

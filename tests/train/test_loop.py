"""The loop: what an update is, what stops it, and that (seed, epoch, step) decide everything."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.errors import TrainingError
from wengert.train.advance import epoch_order
from wengert.train.loop import FULL_BATCH_UP_TO, MINIBATCH, EpochDone, StepDone, batch_size, fit
from wengert.train.metrics import Metric
from wengert.train.model import Plan, Progress
from wengert.train.optimizers import optimizer

RNG = np.random.Generator(np.random.PCG64(0))
X = RNG.normal(size=(50, 3))
DATA = {"x": X, "t": X @ [1.0, -2.0, 0.5] + 3.0}


@pytest.fixture
def model(linear):
    return linear().build(DATA, {})


def run(model, plan, start=None, *, name="adam", keep=None, report=None, validation=None, **settings):
    made = optimizer(name, **settings)
    params = {"w": np.zeros(3), "b": np.zeros(())}
    start = start or Progress(params, made.init(params))
    return fit(
        model, made, DATA, validation, plan, start, report or (lambda event: None), keep or (lambda progress: None)
    )


def equal(one, two):
    """Two progresses, to the last bit."""
    moments = [key for key in one.state if key != "count"]
    return (
        all(one.params[n].tobytes() == two.params[n].tobytes() for n in one.params)
        and one.state["count"] == two.state["count"]
        and all(one.state[m][n].tobytes() == two.state[m][n].tobytes() for m in moments for n in one.params)
        and (one.epoch, one.step, one.loss_sum, one.history) == (two.epoch, two.step, two.loss_sum, two.history)
    )


def test_batch_size_by_default_is_all_of_a_small_set():
    assert batch_size(FULL_BATCH_UP_TO, None) == FULL_BATCH_UP_TO
    assert batch_size(FULL_BATCH_UP_TO + 1, None) == MINIBATCH
    assert [batch_size(5000, stated) for stated in (0, 32, 9999)] == [5000, 32, 5000]
    with pytest.raises(TrainingError, match="The batch size is -1"):
        batch_size(10, -1)


def test_order_of_an_epoch_depends_on_seed_and_epoch_only():
    np.testing.assert_array_equal(epoch_order(20, 3, 7), epoch_order(20, 3, 7))
    assert not np.array_equal(epoch_order(20, 3, 7), epoch_order(20, 3, 8))
    assert not np.array_equal(epoch_order(20, 3, 7), epoch_order(20, 4, 7))


def test_full_batch_gradient_descent_is_the_recurrence_written_out(model):
    w, b = np.zeros(3), 0.0
    for _ in range(5):
        error = (X @ w + b - DATA["t"]) / 50
        w, b = w - 0.1 * X.T @ error, b - 0.1 * error.sum()
    progress, interrupted = run(model, Plan(5, 50, 0), name="sgd", learning_rate=0.1)
    np.testing.assert_allclose(progress.params["w"], w, rtol=1e-12)
    np.testing.assert_allclose(progress.params["b"], b, rtol=1e-12)
    assert not interrupted


def test_each_epoch_sees_each_example_once(model):
    seen = []

    class Watching:
        loss_name = model.loss_name
        forward = model.forward

        def loss_and_gradients(self, params, batch):
            seen.append(batch["t"])
            return model.loss_and_gradients(params, batch)

    run(Watching(), Plan(2, 16, 0))
    assert [len(batch) for batch in seen] == [16, 16, 16, 2] * 2
    for epoch in (seen[:4], seen[4:]):
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch)), np.sort(DATA["t"]))


def test_epoch_loss_is_the_mean_over_examples(model):
    events = []
    progress, _ = run(model, Plan(1, 16, 0), report=events.append)
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert progress.history[0].loss == pytest.approx(np.dot(losses, [16, 16, 16, 2]) / 50)


def test_validation_and_metric_are_measured_after_each_epoch(model):
    events = []
    metric = Metric("rmse", "y", "t")
    progress, _ = run(model, Plan(3, 50, 0, metric), validation=DATA, report=events.append)
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert [event.record for event in epochs] == list(progress.history)
    last = progress.history[-1]
    error = X @ progress.params["w"] + progress.params["b"] - DATA["t"]
    assert last.validation_loss == pytest.approx(0.5 * np.mean(error**2))
    assert last.metric == pytest.approx(np.sqrt(np.mean(error**2)))
    assert epochs[0].measured_on == "validation"


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "adamw"])
@pytest.mark.parametrize("stop", [1, 4, 6, 7, 17])
def test_interrupted_at_any_update_and_continued_is_bit_identical(model, name, stop):
    plan = Plan(5, 16, 3)
    whole, _ = run(model, plan, name=name, learning_rate=0.01)
    steps = []

    def interrupt(event):
        if isinstance(event, StepDone):
            steps.append(event)
            if len(steps) == stop:
                raise KeyboardInterrupt

    part, interrupted = run(model, plan, name=name, learning_rate=0.01, report=interrupt)
    assert interrupted
    assert part.epoch * 4 + part.step == stop
    rest, _ = run(model, plan, part, name=name, learning_rate=0.01)
    assert equal(whole, rest)


@pytest.mark.parametrize("place", ["loss", "w", "b"])
def test_what_is_not_finite_stops_and_names_epoch_step_and_parameter(model, place):
    kept = []

    class Broken:
        calls = 0
        loss_name = model.loss_name
        forward = model.forward

        def loss_and_gradients(self, params, batch):
            loss, gradients = model.loss_and_gradients(params, batch)
            self.calls += 1
            if self.calls == 6:
                if place == "loss":
                    return float("nan"), gradients
                gradients[place] = gradients[place] * np.inf
            return loss, gradients

    with pytest.raises(TrainingError) as caught:
        run(Broken(), Plan(5, 16, 0), keep=kept.append)
    assert caught.value.where == "  epoch 2, step 2"
    assert ("The loss is nan." if place == "loss" else f"The gradient of the loss by '{place}'") in caught.value.what
    assert [progress.epoch for progress in kept] == [1]


def test_overflow_of_a_parameter_is_named(model):
    with pytest.raises(TrainingError, match="The parameter 'b' is no longer finite after the update"):
        run(model, Plan(5, 50, 0), name="sgd", learning_rate=1e308)


def test_divergence_stops_with_what_to_write(model):
    with pytest.raises(TrainingError) as caught:
        run(model, Plan(10000, 50, 0), name="sgd", learning_rate=1e3)
    assert caught.value.repair.startswith("Write a smaller --lr")


def test_gradients_that_are_not_the_parameters_are_refused(model):
    class Misfit:
        def loss_and_gradients(self, params, batch):
            return 1.0, {"w": np.zeros(2), "b": np.zeros(())}

    with pytest.raises(TrainingError, match=r"The gradient by 'w' has the shape \(2,\), the parameter \(3,\)"):
        run(Misfit(), Plan(1, 50, 0))

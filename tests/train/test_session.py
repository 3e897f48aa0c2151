"""Whole trainings: numbers against scikit-learn, resuming, Ctrl-C, and what is refused with nothing written."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from wengert.errors import DataError, ModelError, WengertError
from wengert.train import loop, session
from wengert.train.data import load
from wengert.train.model_file import load_model
from wengert.train.session import train
from wengert.train.task import Task, TrainOptions


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


DIGITS = TrainOptions("digits", "x=data,t=onehot(target)", standardise=("x",), epochs=10, learning_rate=0.003)


def test_linear_regression_on_diabetes_is_ridge_regression(linear):
    """(1/N) Σ ½ (y − t)² + ½ λ Σ w² has the minimum of Σ (y − t)² + λN Σ w²: Ridge(alpha=λN), whose intercept is not penalised."""
    decay = 0.1
    options = TrainOptions(
        "diabetes",
        "x=data,t=target",
        standardise=("x",),
        validation="0",
        optimizer="momentum",
        learning_rate=0.1,
        epochs=1500,
        batch=0,
    )
    result = train(linear(decay), options, io.StringIO())
    x, t = load("diabetes")["data"], load("diabetes")["target"]
    x = StandardScaler().fit_transform(x)
    ridge = Ridge(alpha=decay * len(t)).fit(x, t)
    rmse = np.sqrt(np.mean((ridge.predict(x) - t) ** 2))
    assert result.saved.metric.statement == "rmse(y, t)"
    assert result.training.value == pytest.approx(rmse, rel=1e-6)  # the issue asks for 1 %
    np.testing.assert_allclose(result.saved.parameters["w"], ridge.coef_, rtol=1e-3, atol=1e-3)
    assert result.saved.parameters["b"] == pytest.approx(ridge.intercept_, rel=1e-6)


def test_logistic_regression_on_breast_cancer(logistic):
    options = TrainOptions("breast_cancer", "x=data,t=target", standardise=("x",), learning_rate=0.05, epochs=60)
    result = train(logistic(), options, io.StringIO())
    assert result.saved.metric.statement == "accuracy(y > 0.5, t)"
    assert result.validation.value >= 0.95
    x = StandardScaler().fit_transform(load("breast_cancer")["data"])
    peer = LogisticRegression().fit(x, load("breast_cancer")["target"]).score(x, load("breast_cancer")["target"])
    assert result.training.value >= peer - 0.02


def test_softmax_regression_on_digits_in_minibatches(softmax):
    result = train(softmax(), replace(DIGITS, epochs=30), io.StringIO())
    assert result.saved.run.batch == loop.MINIBATCH
    assert result.validation.value >= 0.95


def test_ten_epochs_are_five_and_five_more_to_the_last_byte(softmax):
    train(softmax(), replace(DIGITS, model="whole"), io.StringIO())
    train(softmax(), replace(DIGITS, model="parts", epochs=5), io.StringIO())
    middle = Path("parts").read_bytes()
    train(softmax(), TrainOptions("digits", model="parts", epochs=10, resume=True), io.StringIO())
    assert Path("parts").read_bytes() == Path("whole").read_bytes() != middle


def test_same_seed_same_file_and_another_seed_another(softmax):
    files = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(softmax(), replace(DIGITS, model=name, epochs=2, seed=seed), io.StringIO())
        files.append(Path(name).read_bytes())
    assert files[0] == files[1] != files[2]


class Interrupted(Task):
    """A task whose model raises KeyboardInterrupt at a given call, as Ctrl-C would."""

    def at(self, call):
        def build(columns, sizes):
            model = self.build(columns, sizes)
            gradients, calls = model.loss_and_gradients, []

            def counted(params, batch):
                calls.append(1)
                if len(calls) == call:
                    raise KeyboardInterrupt
                return gradients(params, batch)

            model.loss_and_gradients = counted
            return model

        return Task(self.equations, self.inputs, build)


def test_ctrl_c_saves_says_so_and_resumes_bit_for_bit(softmax):
    task = softmax()
    stream = io.StringIO()
    interrupted = Interrupted(task.equations, task.inputs, task.build).at(60)
    result = train(interrupted, replace(DIGITS, model="parts"), stream)
    assert result.interrupted
    assert (result.saved.progress.epoch, result.saved.progress.step) == (2, 12)
    assert "stopped by Ctrl-C after epoch 2, update 12 of the next; --resume goes on from there" in stream.getvalue()
    train(task, TrainOptions("digits", model="parts", epochs=10, resume=True), io.StringIO())
    train(task, replace(DIGITS, model="whole"), io.StringIO())
    assert Path("parts").read_bytes() == Path("whole").read_bytes()


LONG = """
import sys
sys.path.insert(0, sys.argv[1])
from conftest import softmax_task
from wengert.train.session import train
from wengert.train.task import TrainOptions
options = TrainOptions("digits", "x=data,t=onehot(target)", epochs=10**6, json=True, log="log.jsonl")
result = train(softmax_task(), options)
sys.exit(130 if result.interrupted else 0)
"""


def test_real_ctrl_c_leaves_a_model_and_a_log():
    command = [sys.executable, "-c", LONG, os.path.dirname(__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        begun = "".join(process.stdout.readline() for _ in range(4))
        process.send_signal(signal.SIGINT)
        said, complaints = begun + process.stdout.read(), process.stderr.read()
    assert (process.returncode, complaints) == (130, "")
    events = [json.loads(line) for line in said.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["start", "finish"]
    assert events[-1]["interrupted"] is True
    assert Path("log.jsonl").read_text() == said
    assert load_model("model.safetensors").progress.epoch == events[-1]["epoch"] > 0


def test_names_are_read_in_any_spelling_that_the_task_knows(softmax):
    task = replace(softmax(), canonical=lambda name: name.strip().lower())
    options = TrainOptions("iris", "X=data,T=onehot(target)", standardise=("X",), metric="accuracy(Y, T)", epochs=1)
    result = train(task, options, io.StringIO())
    assert result.saved.metric.statement == "accuracy(y, t)"
    assert list(result.saved.standardisation.mean) == ["x"]


def test_progress_is_saved_while_training(softmax, monkeypatch):
    monkeypatch.setattr(session, "SAVE_EVERY_SECONDS", 0.0)
    seen = []
    original = session.save_model
    monkeypatch.setattr(
        session, "save_model", lambda path, saved: (original(path, saved), seen.append(load_model(path)))
    )
    train(softmax(), replace(DIGITS, epochs=3), io.StringIO())
    assert [saved.progress.epoch for saved in seen] == [1, 2, 3, 3]


def test_validation_from_a_second_source_uses_the_training_statistics(linear):
    np.savez("a.npz", x=np.array([[0.0], [2.0], [4.0]]), t=np.array([1.0, 3.0, 5.0]))
    np.savez("b.npz", x=np.array([[10.0]]), t=np.array([11.0]))
    options = TrainOptions(
        "a.npz", standardise=("x",), validation="b.npz", optimizer="sgd", learning_rate=0.5, epochs=200
    )
    result = train(linear(), options, io.StringIO())
    assert (result.training.examples, result.validation.examples) == (3, 1)
    assert result.validation.value == pytest.approx(0.0, abs=1e-9)


def test_float32_data_trains_float32_parameters(linear):
    np.savez("a.npz", x=np.ones((5, 2), np.float32), t=np.arange(5, dtype=np.float32))
    result = train(linear(), TrainOptions("a.npz", standardise=("x",), epochs=2), io.StringIO())
    assert {value.dtype.name for value in result.saved.parameters.values()} == {"float32"}
    assert load_model("model.safetensors").parameters["w"].dtype == np.float32


def test_learning_rate_may_change_on_resume_and_is_kept(softmax):
    train(softmax(), replace(DIGITS, epochs=2), io.StringIO())
    result = train(softmax(), TrainOptions("digits", epochs=3, learning_rate=1e-4, resume=True), io.StringIO())
    assert result.saved.run.settings["learning_rate"] == 1e-4
    assert load_model("model.safetensors").run.settings["learning_rate"] == 1e-4


def refusal(task, options, kind):
    """The error, after making sure that no file was written or changed."""
    before = {name: Path(name).read_bytes() for name in os.listdir() if os.path.isfile(name)}
    with pytest.raises(kind) as caught:
        train(task, options, io.StringIO())
    assert {name: Path(name).read_bytes() for name in os.listdir() if os.path.isfile(name)} == before
    assert isinstance(caught.value, WengertError)
    assert len(str(caught.value).split("\n")) == 3
    return caught.value


RESUME = TrainOptions("digits", epochs=4, resume=True)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (replace(RESUME, seed=5), "The saved training had another value of --seed."),
        (replace(RESUME, batch=32), "The saved training had another value of --batch."),
        (replace(RESUME, bind="x=data,t=target"), "The saved training had another value of --bind."),
        (replace(RESUME, validation="0.5"), "The saved training had another value of --validation."),
        (replace(RESUME, optimizer="sgd"), "The saved training had another value of --optimizer."),
        (replace(RESUME, standardise=()), "The saved training had another value of --standardise."),
        (replace(RESUME, epochs=2), "The saved training has 2 epochs already."),
        (replace(RESUME, data="wine"), "The data is not what the saved training had."),
        (replace(RESUME, model="none"), "The model file cannot be read: No such file or directory."),
    ],
)
def test_resume_of_another_training_is_refused(softmax, options, what):
    train(softmax(), replace(DIGITS, epochs=2), io.StringIO())
    if options.data == "wine":
        arrays = dict(load("digits").arrays)
        arrays["data"] = arrays["data"] + np.eye(1797, 64)
        np.savez("other.npz", data=arrays["data"], target=arrays["target"])
        options = replace(options, data="other.npz")
    assert refusal(softmax(), options, ModelError).what == what


def test_resume_with_other_equations_is_refused(softmax, logistic):
    train(softmax(), replace(DIGITS, epochs=2), io.StringIO())
    error = refusal(logistic(), RESUME, ModelError)
    assert error.what == "The model file was made from other equations."


def test_damaged_checkpoint_is_refused(softmax):
    train(softmax(), replace(DIGITS, epochs=2), io.StringIO())
    content = bytearray(Path("model.safetensors").read_bytes())
    content[-3] ^= 1
    Path("model.safetensors").write_bytes(content)
    assert refusal(softmax(), RESUME, ModelError).what.startswith("The model file is damaged")


def test_divergence_writes_nothing(linear):
    options = TrainOptions("diabetes", "x=data,t=target", optimizer="sgd", learning_rate=1.0, log=None)
    error = refusal(linear(), options, loop.TrainingError)
    assert error.where.startswith("  epoch ")


@pytest.mark.parametrize(
    ("change", "kind", "what"),
    [
        ({"epochs": 0}, ModelError, "The number of epochs is 0."),
        ({"seed": -1}, ModelError, "The seed is -1."),
        ({"model": "no/folder/m"}, ModelError, "The model cannot be written: there is no folder"),
        ({"curve": "no/folder/c.png"}, ModelError, "The picture of the loss cannot be written: there is no folder"),
        ({"curve": "c.bmp"}, ModelError, "'.bmp' is not the ending of a picture."),
        ({"validation": "1.5"}, DataError, "The fraction for validation is 1.5"),
        ({"validation": "halve"}, DataError, "'halve' is neither a file here nor a data set that is known."),
        ({"bind": "x=data"}, DataError, "The equations need 't', and no data is bound to it."),
        ({"bind": "x=data,t=onehot(tagret)"}, DataError, "The data has no column 'tagret'."),
        ({"standardise": ("q",)}, DataError, "'q' is to be standardised, but no data is bound to it."),
        ({"initial": "xavier"}, ModelError, "There is no rule 'xavier' for the initial parameters."),
        ({"optimizer": "adagrad"}, ModelError, "There is no optimizer 'adagrad'."),
        ({"momentum": 0.5}, ModelError, "The optimizer 'adam' has no setting 'momentum'."),
        ({"metric": "auc"}, DataError, "The metric 'auc' cannot be read."),
        ({"log": "no/folder/l"}, ModelError, "The log cannot be written: No such file or directory."),
    ],
)
def test_options_that_make_no_sense_write_nothing(softmax, change, kind, what):
    assert refusal(softmax(), replace(DIGITS, **change), kind).what.startswith(what)


def test_equations_without_parameters_or_without_data(softmax):
    task = softmax()

    def build(columns, sizes):
        model = task.build(columns, sizes)
        model.parameters = {}
        return model

    without = Task(task.equations, task.inputs, build)
    assert refusal(without, DIGITS, ModelError).what == "The equations have no parameters to train."
    nothing = Task(task.equations, (), task.build)
    assert "no free quantity" in refusal(nothing, replace(DIGITS, bind=""), DataError).what


def test_zero_vectors_that_would_stay_equal_are_drawn_and_named():
    """y = Σ_i v_i tanh(w_i x): at zero every gradient is zero."""

    class Units:
        fingerprint, loss_name, sizes = "units", "J", {}
        parameters = {"v": (6,), "w": (6,)}  # noqa: RUF012

        def forward(self, params, batch):
            if "x" not in batch:
                return {}
            h = np.tanh(np.outer(batch["x"], params["w"]))
            y = h @ params["v"]
            made = {"h": h, "y": y}
            return made | ({"J": np.mean((y - batch["t"]) ** 2)} if "t" in batch else {})

        def loss_and_gradients(self, params, batch):
            made = self.forward(params, batch)
            e = 2 * (made["y"] - batch["t"]) / len(batch["t"])
            inner = np.outer(e, params["v"]) * (1 - made["h"] ** 2)
            return float(made["J"]), {"v": made["h"].T @ e, "w": inner.T @ batch["x"]}

    x = np.linspace(-2, 2, 60)
    np.savez("a.npz", x=x, t=np.tanh(2 * x) - np.tanh(x / 2))
    stream = io.StringIO()
    task = Task("", ("x", "t"), lambda columns, sizes: Units())
    result = train(task, TrainOptions("a.npz", epochs=500, learning_rate=0.02), stream)
    assert "v, w drawn to break a symmetry" in stream.getvalue()
    assert result.training.value < 0.02

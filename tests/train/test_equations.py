"""Equations as models: loss and gradients against models written by hand, the batch rule, names, sizes, what is refused."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from wengert.errors import EquationError, ModelError, ShapeError, WengertError
from wengert.train.equations import task, task_from
from wengert.train.model_file import load_model
from wengert.train.session import train
from wengert.train.task import TrainOptions

LINEAR = """params w, b
data x, t
y = Σ_j w_j x_j + b
L = ½ (y − t)²
R = ½ Σ_j w_j²
J = L + λ R
"""
LOGISTIC = """params w, b
data x, t
z = Σ_j w_j x_j + b
y = σ(z)
L = −t log y − (1 − t) log(1 − y)
"""
SOFTMAX = """params w, b
data x, t
z_k = Σ_j w_kj x_j + b_k
y_k = e^(z_k) / Σ_l e^(z_l)
L = −Σ_k t_k log y_k
"""
NET = """params w⁽¹⁾, b⁽¹⁾, w⁽²⁾, b⁽²⁾
data x, t
z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i
h_i = σ(z_i)
y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k
L = ½ Σ_k (y_k − t_k)²
"""
rng = np.random.default_rng(5)
X, W = rng.normal(size=(7, 3)), rng.normal(size=3)
T, CLASS = rng.normal(size=7), np.array([0, 1, 2, 1, 0, 2, 2])


def agree(model, hand, params, batch, *, renamed: tuple[tuple[str, str], ...] = ()) -> None:
    """Loss and gradients of two models at one point; `renamed` are pairs (ours, theirs)."""
    theirs = {dict(renamed).get(name, name): value for name, value in params.items()}
    loss, gradients = model.loss_and_gradients(params, batch)
    expected, slopes = hand.loss_and_gradients(theirs, batch)
    assert loss == pytest.approx(expected, rel=1e-13)
    for name, g in gradients.items():
        np.testing.assert_allclose(g, slopes[dict(renamed).get(name, name)], rtol=1e-11, atol=1e-13)


def test_linear_regression_is_the_model_written_by_hand(linear):
    batch = {"x": X, "t": T}
    model = task(LINEAR, constants={"lam": 0.3}).build(batch, {})
    agree(model, linear(0.3).build(batch, {}), {"w": W, "b": np.asarray(0.5)}, batch)


def test_logistic_regression_is_the_model_written_by_hand(logistic):
    batch = {"x": X, "t": (T > 0).astype(float)}
    agree(task(LOGISTIC).build(batch, {}), logistic().build(batch, {}), {"w": W, "b": np.asarray(0.5)}, batch)


def test_softmax_regression_is_the_model_written_by_hand(softmax):
    batch = {"x": X, "t": np.eye(3)[CLASS]}
    params = {"w": rng.normal(size=(3, 3)), "b": rng.normal(size=3)}
    agree(task(SOFTMAX).build(batch, {}), softmax().build(batch, {}), params, batch, renamed=(("w", "W"),))


def test_regularizer_counts_once_whatever_the_number_of_examples():
    made = task(LINEAR, constants={"lam": 0.3})
    params = {"w": W, "b": np.asarray(0.5)}
    once = made.build({"x": X, "t": T}, {}).loss_and_gradients(params, {"x": X, "t": T})
    twice = {"x": np.tile(X, (2, 1)), "t": np.tile(T, 2)}
    again = made.build(twice, {}).loss_and_gradients(params, twice)
    assert again[0] == pytest.approx(once[0], rel=1e-14)
    np.testing.assert_allclose(again[1]["w"], once[1]["w"], rtol=1e-12)


def test_equations_over_the_batch_are_trained_as_they_are(linear):
    text = "params w, b\ndata x, t\nN = size of n\ny_n = Σ_j w_j x_nj + b\nJ = 1/N Σ_n ½ (y_n − t_n)²\n"
    batch = {"x": X, "t": T}
    agree(task(text).build(batch, {}), linear().build(batch, {}), {"w": W, "b": np.asarray(0.5)}, batch)


def test_letter_n_may_be_taken(linear):
    text = LINEAR.replace("_j", "_n")
    batch = {"x": X, "t": T}
    model = task(text, constants={"lam": 0.3}).build(batch, {})
    agree(model, linear(0.3).build(batch, {}), {"w": W, "b": np.asarray(0.5)}, batch)


@pytest.mark.parametrize("loss", ["−log y_[t]", "−Σ_k ⟦k = t⟧ log y_k"])
def test_target_may_be_an_index(softmax, loss):
    text = SOFTMAX.replace("−Σ_k t_k log y_k", loss)
    params = {"w": rng.normal(size=(3, 3)), "b": rng.normal(size=3)}
    model = task(text).build({"x": X, "t": CLASS}, {"y": 3})
    hot = {"x": X, "t": np.eye(3)[CLASS]}
    expected, slopes = softmax().build(hot, {}).loss_and_gradients({"W": params["w"], "b": params["b"]}, hot)
    loss, gradients = model.loss_and_gradients(params, {"x": X, "t": CLASS})
    assert loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradients["w"], slopes["W"], rtol=1e-11, atol=1e-13)


def test_forward_without_the_target_leaves_out_what_needs_it():
    made = task(NET)
    batch = {"x": X, "t": np.eye(3)[CLASS]}
    model = made.build(batch, {"h": 4})
    params = {name: rng.normal(size=shape) for name, shape in model.parameters.items()}
    assert list(model.forward(params, batch)) == ["z", "h", "y", "L"]
    alone = made.build({"x": X}, model.sizes)
    found = alone.forward(params, {"x": X})
    assert list(found) == ["z", "h", "y"]
    np.testing.assert_array_equal(found["y"], model.forward(params, batch)["y"])
    assert alone.fingerprint == model.fingerprint


def test_parameters_keep_their_type():
    batch = {"x": X.astype(np.float32), "t": T.astype(np.float32)}
    model = task(LINEAR, constants={"lam": 0.5}).build(batch, {})
    _, gradients = model.loss_and_gradients({"w": W.astype(np.float32), "b": np.asarray(0.5, np.float32)}, batch)
    assert {g.dtype.name for g in gradients.values()} == {"float32"}


def test_sizes_come_from_data_a_vector_or_an_index():
    batch = {"x": X, "t": np.eye(3)[CLASS]}
    for stated in ({"h": 4}, {"z": 4}, {"b^(1)": 4}, {"b_1": 4}, {"i": 4}):
        assert task(NET).build(batch, stated).parameters == {"w_1": (4, 3), "b_1": (4,), "w_2": (3, 4), "b_2": (3,)}


def fingerprint(text: str, stated: int = 4, **constants: float) -> str:
    batch = {"x": X, "t": T if "½ (y − t)²" in text else np.eye(3)[CLASS]}
    return task(text, constants=constants).build(batch, {"h": stated} if "h_i" in text else {}).fingerprint


def test_fingerprint_is_of_text_sizes_and_constants():
    assert fingerprint(NET) == fingerprint(NET.replace("\n", "  \n\n"))
    assert fingerprint(NET) != fingerprint(NET, 5)
    assert fingerprint(NET) != fingerprint(NET.replace("½ Σ_k", "Σ_k"))
    assert fingerprint(LINEAR, lam=1.0) != fingerprint(LINEAR, lam=2.0)


def test_names_are_known_in_any_spelling():
    made = task(NET, params=())
    assert [made.canonical(name) for name in (" x", "t ", "w^(1)", "w_1", "w⁽¹⁾", "nothing")] == [
        *("x", "t", "w_1", "w_1", "w_1"),
        "nothing",
    ]
    assert made.inputs == ("x", "t")


def test_parameters_may_be_named_beside_the_text_and_constants_leave_the_data():
    made = task(LINEAR.replace("params w, b\n", ""), params=["w", "b"], constants={"λ": 0.1})
    assert made.inputs == ("x", "t")
    assert task(LINEAR).inputs == ("x", "t", "lam")


def test_another_loss_may_be_named():
    batch = {"x": X, "t": T}
    made = task(LINEAR + "e = y − t\n", loss="L")
    assert made.inputs == ("x", "t")  # λ is not needed
    model = made.build(batch, {})
    assert model.loss_name == "L"
    assert list(model.forward({"w": W, "b": np.asarray(0.0)}, batch)) == ["y", "L", "R", "e"]
    assert model.loss_and_gradients({"w": W, "b": np.asarray(0.0)}, batch)[0] == pytest.approx(
        np.mean((X @ W - T) ** 2) / 2
    )


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("points.npz", x=X, t=T)
    made = task(LINEAR.replace("params w, b\n", ""), params=["w", "b"], constants={"λ": 0.25})
    train(made, TrainOptions("points.npz", epochs=2), io.StringIO())
    return load_model("model.safetensors")


def test_task_of_a_model_file_is_the_task_that_made_it(saved):
    again = task_from(saved)
    assert again.equations == saved.equations
    assert again.context == saved.context
    assert again.build({"x": X, "t": T}, saved.sizes).fingerprint == saved.fingerprint


def test_model_file_without_its_names_is_refused(saved):
    wrong = {
        "params": ["{", "3", "{}", '"w"', "[3]", '["w","w"]', '[""]'],
        "constants": ["[", "[]", '{"λ": null}', '{"λ": "3"}', '{"λ": [1, [2]]}', '{"λ": true}'],
        "syntax": ["tex"],
        "document": ["[", "3", '["a.md"]', '["a.md", -1]', "[3, 1]"],
        "further": ["x"],
    }
    contexts = [{**saved.context, key: value} for key, values in wrong.items() for value in values]
    lacking = [{k: v for k, v in saved.context.items() if k != key} for key in saved.context if key != "document"]
    for context in [{}, *contexts, *lacking]:
        with pytest.raises(ModelError) as caught:
            task_from(replace(saved, context=context))
        assert caught.value.what == "The model file does not say which names are its parameters and constants."


def refusal(make) -> list[str]:
    with pytest.raises(WengertError) as caught:
        make()
    assert isinstance(caught.value, EquationError | ShapeError)
    lines = str(caught.value).split("\n")
    assert len(lines) == 3
    return lines


def test_arrays_that_do_not_fit_are_refused():
    linear, net = task(LINEAR, constants={"lam": 0.1}), task(NET)
    assert refusal(lambda: linear.build({"x": T, "t": T}, {})) == [
        "'x' has 1 axis for one example, so its data needs 2 axes, the examples first.",
        "  the data bound to x has 1 axis: 7",
        "Bind columns side by side, 'x=[a, b]', or classes, 'x=onehot(c)'.",
    ]
    assert refusal(lambda: linear.build({"x": X, "t": X}, {}))[2] == "Bind one column, with a number for each example."
    assert refusal(lambda: net.build({"x": X, "t": X, "w_1": X}, {}))[0].startswith("'w⁽¹⁾' has 2 axes for one example")
    assert refusal(lambda: task(LINEAR, constants={"lam": [1, 2]}).build({"x": X, "t": T}, {})) == [
        "'λ' has no axes in the equations, and the value of 'λ' has 1 axis.",
        "  λ: 2",
        "Give a number.",
    ]


def test_sizes_that_disagree_are_refused():
    text = LINEAR + "q = Σ_j c_j w_j\nK = J + q\n"
    made = task(text, constants={"lam": 0.1, "c": [1.0, 2.0]})
    assert refusal(lambda: made.build({"x": X, "t": T}, {})) == [
        "The index 'j' has two sizes, 3 and 2.",
        "  3 in the data of x, 2 in the value of c",
        "Give data whose shapes fit the equations, or correct --size.",
    ]


def test_size_that_only_matrices_have_is_asked_for_by_its_index():
    text = "params a, c\ndata x, t\ny_k = Σ_i Σ_j a_ki c_ij x_j\nL = Σ_k (y_k − t_k)²\n"
    made = task(text)
    batch = {"x": X, "t": np.eye(3)[CLASS]}
    assert refusal(lambda: made.build(batch, {})) == [
        "The size of the index 'i' in 'a' is not known.",
        "  no data has that axis; it is an axis of a, c",
        "State it, for example:  --size i=32",
    ]
    assert made.build(batch, {"i": 5}).parameters == {"a": (3, 5), "c": (5, 3)}


def test_names_that_cannot_be_parameters_constants_or_losses_are_refused():
    assert refusal(lambda: task(LINEAR, params=["q"]))[1] == "  --params q"
    assert refusal(lambda: task(LINEAR, loss="q"))[1] == "  --loss q"
    assert refusal(lambda: task(LINEAR, constants={"q": 1}))[1] == "  --set q=…"
    assert refusal(lambda: task(LINEAR, constants={"w": 1}))[0] == "'w' is a parameter, so it has no fixed value."
    assert refusal(lambda: task(NET, loss="y")) == [
        "Training needs one number as the loss, and 'y' has one for each 'k'.",
        "  y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k",
        "Name another quantity with --loss, or add a last line:  L = ½ Σ_k (y_k − t_k)²",
    ]

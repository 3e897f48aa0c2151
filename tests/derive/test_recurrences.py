"""Recurrences over time: read, derived backward in time, run as loops, printed and read back, judged, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from corpus import beyond

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from tests.notation.helpers import read_backward
from wengert.api import System
from wengert.errors import EquationError
from wengert.notes.claims.review import review
from wengert.notes.derive.report import show_line

RNN = beyond()["E53"].forward["text"]
LINEAR = beyond()["E56"].forward["text"]
INDEXED = """
a_{t,i} = Σ_j w_ij h_{t−1,j} + x_{t,i}
h_{t,i} = tanh(a_{t,i})
L = ½ Σ_t Σ_i (h_{t,i} − y_{t,i})²
"""
GRU = """
z_t = σ(P x_t + Q h_{t−1})
r_t = σ(R x_t + S h_{t−1})
m_t = tanh(M x_t + N (r_t ∘ h_{t−1}))
h_t = (1 − z_t) ∘ h_{t−1} + z_t ∘ m_t
L = ½ Σ_t ‖h_t − y_t‖²
"""
LSTM = """
p_t = σ(A x_t + B h_{t−1} + b_p)       for t = 1…6
f_t = σ(C x_t + D h_{t−1} + b_f)
o_t = σ(E x_t + F h_{t−1} + b_o)
g_t = tanh(G x_t + H h_{t−1} + b_g)
c_t = f_t ∘ c_{t−1} + p_t ∘ g_t        (h_0 = c_0 = 0)
h_t = o_t ∘ tanh(c_t)
L = ½ Σ_t ‖h_t − y_t‖²
"""
TWO_STEPS = """
h_t = a h_{t−1} + b h_{t−2} + x_t     (h_0 = h_{-1} = 0)
L = Σ_t h_t y_t
"""
OUTPUTS = """
h_t = tanh(W h_{t−1} + x_t)
y_t = V h_t
L = ½ Σ_t ‖y_t − q_t‖²
"""
SYSTEMS = {
    "rnn": RNN, "linear": LINEAR, "indexed": INDEXED, "gru": GRU, "lstm": LSTM, "two steps": TWO_STEPS, "outputs": OUTPUTS,
}  # fmt: skip


def printed(system: System, form: str = "") -> list[str]:
    derivation = system.backward()
    lines = (derivation.in_form(form) if form else derivation).lines()
    return [show_line(line, system.data) for line in lines]


def test_the_recurrent_network_backward_in_time_is_that_of_the_books() -> None:
    assert printed(wg.equations(RNN, "text")) == [
        "L̄ = 1",
        "T̄_t = L̄ (T_t − h_t)",
        "h̄_t = L̄ (h_t − T_t) + Wᵀ ā_{t+1}    (ā_5 = 0)",
        "ā_t = h̄_t ∘ (1 − h_t²)",
        "W̄ = Σ_t ā_t h_{t−1}ᵀ",
        "h̄_0 = Wᵀ ā_1",
        "Ū = Σ_t ā_t x_tᵀ",
        "x̄_t = Uᵀ ā_t",
        "b̄ = Σ_t ā_t",
    ]


def test_the_linear_recurrence_backward_in_time_is_that_of_the_corpus() -> None:
    assert printed(wg.equations(LINEAR, "text")) == [
        "c̄_t = ȳ_t h_t",
        "h̄_t = ȳ_t c_t + h̄_{t+1} a_{t+1}    (h̄_{T+1} = 0)",
        "ā_t = h̄_t h_{t−1}",
        "b̄_t = h̄_t x_t",
        "x̄_t = h̄_t b_t",
    ]


def test_a_recurrent_network_of_labels_is_the_same_system() -> None:
    entry = beyond()["E53"]
    labels, indices = (
        printed(wg.equations(text, syntax)) for text, syntax in ((entry.forward["latex"], "latex"), (RNN, "text"))
    )
    assert [line.split("    (")[0] for line in labels] == [line.split("    (")[0] for line in indices]


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_bar_agrees_with_forward_mode_and_complex_step(name: str) -> None:
    report = derivation_of(SYSTEMS[name], "text").check()
    assert report.quantities > 3
    assert report.difference < 1e-12
    assert report.routes == ("forward mode", "complex step")


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("form", ["index", "matrix"])
def test_what_is_printed_is_read_back(name: str, form: str) -> None:
    system = system_of(SYSTEMS[name], "text")
    derivation = derivation_of(SYSTEMS[name], "text").in_form(form)
    text = "\n".join(show_line(line, system.data) for line in derivation.lines())
    again = read_backward(system, text, "text")
    assert [each.written.rights[0] for each in again] == [line.rights[0] for line in derivation.lines()]


def drawn(system: System, steps: int, rng: np.random.Generator) -> dict[str, Any]:
    time = {
        size.name
        for name, axis in system.data.time.items()
        if not isinstance(size := system.data.quantities[name].type.shape[axis], int)
    }
    sizes = dict.fromkeys(time, steps)
    found: dict[str, Any] = {}
    for name in system.data.inputs:
        shape = system.data.quantities[name].type.shape
        numbers = [size if isinstance(size, int) else sizes.setdefault(size.name, 2 + len(sizes)) for size in shape]
        found[system.data.quantities[name].identifier] = 0.5 * rng.normal(size=numbers)
    return found


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("steps", [1, 6])
def test_native_code_and_the_interpreter_agree(name: str, steps: int) -> None:
    if name == "rnn":
        steps = 4
    if name == "lstm":
        steps = 6
    derivation = derivation_of(SYSTEMS[name], "text")
    values = drawn(derivation.system, steps, np.random.default_rng(0))
    if not derivation.data.seeded:
        values["y_bar"] = np.random.default_rng(1).normal(size=steps)
    slow, fast = (derivation.function(backend)(**values) for backend in ("interpreter", "native"))
    np.testing.assert_allclose(fast[0], slow[0], rtol=1e-13)
    for key in slow[1]:
        np.testing.assert_allclose(fast[1][key], slow[1][key], rtol=1e-11, atol=1e-13)


def test_a_gated_network_has_the_gradients_of_central_differences() -> None:
    derivation = derivation_of(GRU, "text")
    rng = np.random.default_rng(2)
    values, f = drawn(derivation.system, 5, rng), derivation.function("interpreter")
    _, gradients = f(**values)
    for key, gradient in gradients.items():
        direction = rng.normal(size=np.shape(values[key]))
        up, down = (f(**{**values, key: values[key] + h * direction})[0] for h in (1e-5, -1e-5))
        assert np.sum(gradient * direction) == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-9)


def test_the_forward_pass_is_the_loop() -> None:
    system = wg.equations(LSTM, "text")
    v = drawn(system, 6, np.random.default_rng(3))
    found = system.forward(**v)
    h = c = np.zeros(np.shape(v["y"])[1])

    def gate(W: Any, U: Any, b: Any, x: Any, h: Any) -> Any:
        return W @ x + U @ h + b

    for t in range(6):
        p, f, o = (
            1 / (1 + np.exp(-gate(v[W], v[U], v[b], v["x"][t], h)))
            for W, U, b in (("A", "B", "b_p"), ("C", "D", "b_f"), ("E", "F", "b_o"))
        )
        c = f * c + p * np.tanh(gate(v["G"], v["H"], v["b_g"], v["x"][t], h))
        h = o * np.tanh(c)
        np.testing.assert_allclose(found["h"][t], h, rtol=1e-13)


@pytest.mark.parametrize("key", ["E53", "E54", "E56"])
def test_claims_of_the_corpus_in_latex_hold(key: str) -> None:
    entry = beyond()[key]
    found = review(f"$$\n{entry.forward['latex']}\n$$\n\n$$\n{entry.backward['latex']}\n$$\n")
    assert {row.status for row in found.rows} == {"holds"}
    assert len(found.rows) >= 5


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Wᵀ ā_{t+1}", "Wᵀ ā_t"),
        ("Wᵀ ā_{t+1}", "W ā_{t+1}"),
        ("Σ_t ā_t h_{t−1}ᵀ", "Σ_t ā_t h_tᵀ"),
        ("(1 − h_t²)", "(1 − h_t)"),
        ("h̄_0 = Wᵀ ā_1", "h̄_0 = ā_1"),
        ("b̄ = Σ_t ā_t", "b̄ = ā_1"),
    ],
)
def test_a_mistake_in_time_is_flagged_at_its_line_only(right: str, wrong: str) -> None:
    backward = beyond()["E53"].backward["text"]
    assert right in backward
    text = RNN + "\n" + backward.replace(right, wrong, 1)
    rows = [row for row in review(text).rows if row.status == "wrong"]
    assert len(rows) == 1
    assert wrong.split("=")[-1].strip()[:4] in rows[0].text


def test_an_auxiliary_sequence_may_be_defined() -> None:
    backward = "L̄ = 1\ns_t = (h_t − T_t)\nh̄_t = s_t + Wᵀ ā_{t+1}\nā_t = h̄_t ∘ (1 − h_t²)\nb̄ = Σ_t ā_t"
    assert [row.status for row in review(RNN + "\n" + backward).rows] == ["holds", "defined", "holds", "holds", "holds"]


def test_a_signal_of_the_step_before_is_counted_on() -> None:
    backward = "ā_t = h̄_t ∘ (1 − h_t²)\nh̄_{t−1} = h_{t−1} − T_{t−1} + Wᵀ ā_t"
    assert [row.status for row in review(RNN + "\n" + backward).rows] == ["holds", "holds"]


def test_the_number_of_steps_is_no_exponent_in_claims() -> None:
    forward = "h_t = tanh(W h_{t−1} + U x_t)    for t = 1…T\nL = ½ Σ_{t=1}^T ‖h_t − y_t‖²\n\n"
    claims = (
        "h̄_t = h_t − y_t + W^T (h̄_{t+1} ∘ (1 − h_{t+1}²))\n"
        "W̄ = Σ_{t=1}^T (h̄_t ∘ (1 − h_t²)) h_{t−1}^T\nŪ = Σ_{t=1}^T (h̄_t ∘ (1 − h_t²)) h_{t−1}^T\n"
    )
    rows = review(forward + claims).rows
    assert [(row.status, row.line) for row in rows] == [("holds", 4), ("holds", 5), ("wrong", 6)]


STEP = (
    "f = σ(W x_t + U h_{t−1})\no = σ(V x_t + S h_{t−1})\ng = tanh(P x_t + Q h_{t−1})\n"
    "c_t = f ∘ c_{t−1} + (1 − f) ∘ g\nh_t = o ∘ tanh(c_t)\n\n"
)
"""One step of a network whose gates are written without an index of time."""


def test_gates_without_an_index_of_time_are_those_of_one_step() -> None:
    claims = (
        "ō = h̄_t ∘ tanh(c_t)\nc̄_t = h̄_t ∘ o ∘ (1 − tanh²(c_t))\nf̄ = c̄_t ∘ (c_{t−1} − g)\nḡ = c̄_t ∘ (1 − f)\n"
        "Q̄ = (ḡ ∘ (1 − g²)) h_{t−1}ᵀ\nS̄ = (ō ∘ o ∘ (1 − o)) h_tᵀ\n"
        "h̄_{t−1} = Uᵀ (f̄ ∘ f ∘ (1 − f)) + Sᵀ (ō ∘ o ∘ (1 − o)) + Qᵀ (ḡ ∘ (1 − g²))\n"
    )
    rows = review(STEP + claims).rows
    assert [row.status for row in rows] == ["holds"] * 5 + ["wrong", "holds"]
    assert rows[5].corrected == "S̄ = (ō ∘ o ∘ (1 − o)) h_{t−1}ᵀ"


def test_a_start_value_that_is_not_said_is_an_input_with_a_warning() -> None:
    system = wg.equations("h_t = a_t h_{t−1}\ny_t = c_t h_t")
    assert "h_0" in system.data.inputs
    assert any("the value before the first step" in warning for warning in system.warnings)
    stated = wg.equations("h_t = a_t h_{t−1}\nh_0 = 0\ny_t = c_t h_t")
    assert "h_0" not in stated.data.quantities


def test_a_start_value_may_have_a_line() -> None:
    derivation = wg.equations("h_0 = tanh(z)\nh_t = a_t h_{t−1}\nL = Σ_t h_t").backward()
    assert "z̄ = h̄_0 (1 − h_0²)" in str(derivation)
    assert derivation.check().difference < 1e-12


@pytest.mark.parametrize(
    ("text", "what", "repair"),
    [
        ("h_t = h_{t−1} + h_{t+1}\nL = Σ_t h_t", "forward and backward in time at once", "lines and names of its own"),
        ("h_t = a_t h_{t+1}\nL = Σ_t h_t", "later step than the one that is computed", "h_{t−1}"),
        ("h_t = h_{t−1} + h_{t−2}\nL = Σ_t h_t", "start values h_0, h_-1 are not given", "(h_0 = h_-1 = 0)"),
        ("h_{t+1} = a_t h_t\nh_t = h_{t−1}\nL = Σ_t h_t", "'h' is defined twice", "another name"),
        ("y_{t+1} = a_t x_t", "no line reads an earlier step of 'y'", "y_t = …"),
        ("h_t = a_t g_t\ng_t = h_t + h_{t−1}\nL = Σ_t h_t", "in a circle", "earlier ones"),
        (
            "h_t = a_t h_{t−1}  for t = 1…4\nL = h_5",
            "'h' at step 5 is read, and its steps are 1…4",
            "the step among these",
        ),
        ("h_t = a_t h_{t−1}  for t = 1…T\nL = h_{T+1}", "'h' is read beyond its last step", "at the step T"),
        ("h_t = a_t h_{t−1}\nL = h_T + h_K", "Both 'T' and 'K' stand for the last step", "for t = 1…T"),
        ("h_1 = x\nh_t = a_t h_{t−1}  for t = 1…T\nL = h_T", "'h' at step 1 is given here, and computed", "t = 2…"),
        ("h_t = a_t h_{t−1}  for t = 1…T\nL = Σ_{t=2}^{T+1} h_t", "range of a sum over time", "t = 1…T"),
        (
            "h_t = a h_{t−1}\ng_s = b g_{s−1}\nL = Σ_t h_t + Σ_s g_s",
            "The steps of one recurrence are 't'",
            "one letter",
        ),
    ],
)
def test_what_cannot_be_computed_step_by_step_is_refused_with_place_and_repair(
    text: str, what: str, repair: str
) -> None:
    with pytest.raises(EquationError) as caught:
        wg.equations(text)
    assert what in caught.value.what
    assert "^" in str(caught.value)
    assert repair in caught.value.repair


BATCHED = {
    "last step": "h_t = tanh(W h_{t−1} + U x_t + b)   for t = 1…T   (h_0 = 0)\no = V h_T\nL = ½ ‖o − y‖²",
    "every step": "h_t = tanh(W h_{t−1} + U x_t + b)   (h_0 = 0)\no_t = V h_t\nL = ½ Σ_t ‖o_t − y_t‖²",
    "gated": """
params W, V
z_t = σ(W x_t + V h_{t−1})    (h_0 = 0)
m_t = tanh(x_t + z_t ∘ h_{t−1})
h_t = (1 − z_t) ∘ h_{t−1} + z_t ∘ m_t
L = ½ Σ_t ‖h_t − y_t‖²
""",
}  # fmt: skip


@pytest.mark.parametrize("name", BATCHED)
def test_the_gradients_of_a_batch_are_the_mean_of_those_of_its_examples(name: str) -> None:
    one = wg.equations(BATCHED[name], "text").backward(
        wrt=[w for w in "WUVb" if w in wg.equations(BATCHED[name]).names]
    )
    many = one.system.batch(["x", "y"]).backward(wrt=list(one.data.wrt))
    assert many.check().difference < 1e-12
    examples = [drawn(one.system, 4, np.random.default_rng(k)) for k in range(3)]
    shared = {key: examples[0][key] for key in examples[0] if key not in ("x", "y")}
    stacked = {key: np.stack([each[key] for each in examples]) for key in ("x", "y")}
    loss, gradients = many.function()(**shared, **stacked)
    singles = [one.function()(**{**each, **shared}) for each in examples]
    assert loss == pytest.approx(np.mean([single[0] for single in singles]), rel=1e-13)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(gradient, np.mean([single[1][key] for single in singles], 0), rtol=1e-11, atol=1e-13)


def test_a_sequence_of_each_example_does_not_start_from_a_value_that_all_share() -> None:
    system = wg.equations("params a\nh_t = a h_{t−1} + x_t\nL = Σ_t h_t y_t")
    with pytest.raises(EquationError) as caught:
        system.batch(["x", "y"])
    assert caught.value.what == "'h_0' is the same for every example, and 'h', which starts from it, is not."
    assert "(h_0 = 0)" in caught.value.repair
    assert system.batch(["x", "y", "h_0"]).backward().check().difference < 1e-12


def test_a_last_line_inside_a_recurrence_asks_for_a_line_of_outputs() -> None:
    with pytest.raises(EquationError, match="from there and from outside"):
        wg.equations("h_t = a_t h_{t−1}").backward()


@pytest.mark.parametrize(("what", "words"), [("compare", "the expansion"), ("elements", "the form by entries")])
def test_what_writes_out_every_step_asks_for_their_number(what: str, words: str) -> None:
    derivation = derivation_of(TWO_STEPS, "text")
    with pytest.raises(EquationError) as caught:
        derivation.compare() if what == "compare" else str(derivation.in_form("elements"))
    assert caught.value.what == f"The number of steps is not known, and {words} writes out every step."
    assert caught.value.repair == "State it:  --size T=3,  or in the text:  … for t = 1…3"

"""How recurrences are stated: at step t + 1, from a start value on, read at single steps, over a part of the steps. Values against plain loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from corpus import beyond

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from tests.notation.helpers import read_backward
from wengert.api import System, equations_from_text
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.derive.report import derivation_latex, show_line

Values = Mapping[str, Any]
T, N, M = 5, 3, 2
"""Steps, and the sizes of the vectors of a step."""


def states(v: Values, step: Callable[[int, Any], Any], start: Any, count: int = T) -> list[Any]:
    """start and what comes after it, step by step."""
    found = [start]
    for t in range(count):
        found.append(step(t, found[-1]))
    return found


def rnn(v: Values) -> list[Any]:
    return states(v, lambda t, h: np.tanh(v["W"] @ h + v["U"] @ v["x"][t]), v["h_0"])


def norm(a: Any) -> Any:
    return np.sum(np.square(a))


def adam(v: Values) -> Any:
    m, total = 0.0, 0.0
    for t in range(T):
        m = v["beta"] * m + (1 - v["beta"]) * v["g"][t]
        total += m / (1 - v["beta"] ** (t + 1)) * v["y"][t]
    return total


def encoder_decoder(v: Values) -> Any:
    h = states(v, lambda t, h: v["a"] * h + v["x"][t], v["h_0"])
    s = states(v, lambda t, s: v["b"] * s + h[-1] * v["u"][t], v["s_0"])
    return np.dot(s[1:], v["y"])


def scalar(v: Values) -> list[Any]:
    return states(v, lambda t, h: v["a"] * h + v["x"][t], v.get("h_0", 0.0))


STATED: dict[str, tuple[str, Callable[[Values], Any]]] = {
    "l_4 read, l_1 given": (
        r"l_1 = x, \quad l_{n+1} = 4 l_n (1 - l_n), \quad y = l_4",
        lambda v: states(v, lambda t, l: 4 * l * (1 - l), v["x"], 3)[-1],
    ),
    "at step t + 1": (
        "h_{t+1} = tanh(W h_t + U x_t)\nL = ½ Σ_{t=1}^T ‖h_t − y_t‖²",
        lambda v: norm(np.array(rnn(v)[1:]) - v["y"]) / 2,
    ),
    "at step t + 1 with x_{t+1}": (
        "h_{t+1} = tanh(W h_t + U x_{t+1})   for t = 0…T−1\nL = ½ ‖h_T − y‖²",
        lambda v: norm(rnn(v)[-1] - v["y"]) / 2,
    ),
    "two lines, each at its step": (
        "a_t = W h_t + U x_t\nh_{t+1} = tanh(a_t)\nL = ½ ‖h_T − y‖² + ‖h_2‖²",
        lambda v: norm(rnn(v)[-1] - v["y"]) / 2 + norm(rnn(v)[2]),
    ),
    "gradient descent": (
        r"x_{k+1} = x_k - \eta\, A x_k \quad \text{for } k = 0, \dots, 4 \\ y = x_5 \\ L = \tfrac12 \lVert y - z\rVert^2",
        lambda v: norm(states(v, lambda t, x: x - v["eta"] * v["A"] @ x, v["x_0"])[-1] - v["z"]) / 2,
    ),
    "costs of all states": (
        "h_{t+1} = a h_t + x_t     for t = 0, 1, …, T−1\nL = Σ_{t=0}^{T−1} (h_t² + r x_t²) + p h_T²",
        lambda v: norm(scalar(v)[:-1]) + v["r"] * norm(v["x"]) + v["p"] * scalar(v)[-1] ** 2,
    ),
    "outputs of the state before": (
        "h_{t+1} = tanh(W h_t + U x_t)\ny_t = V h_t\nL = ½ Σ_t ‖y_t − q_t‖²",
        lambda v: norm(np.array(rnn(v)[1:]) @ v["V"].T - v["q"]) / 2,
    ),
    "differences of steps": (
        "h_t = a h_{t−1} + x_t\nL = Σ_t (h_t − h_{t−1})²",
        lambda v: norm(np.diff(scalar(v))),
    ),
    "a part of the differences": (
        "h_t = a h_{t−1} + x_t   for t = 1…T\nL = Σ_{t=2}^T (h_t − h_{t−1})² + h_3",
        lambda v: norm(np.diff(scalar(v)[1:])) + scalar(v)[3],
    ),
    "differences to the next step": (
        "h_t = a h_{t−1} + x_t   for t = 1…T\nL = Σ_{t=1}^{T−1} (h_{t+1} − h_t)²",
        lambda v: norm(np.diff(scalar(v)[1:])),
    ),
    "single steps": (
        "h_t = a h_{t−1} + x_t   for 1 ≤ t ≤ T   (h_0 = 0)\nL = h_T h_{T−1} + h_3",
        lambda v: scalar(v)[-1] * scalar(v)[-2] + scalar(v)[3],
    ),
    "the step before alone": (
        "h_t = a h_{t−1} + x_t\nL = Σ_t h_{t−1} y_t",
        lambda v: np.dot(scalar(v)[:-1], v["y"]),
    ),
    "one recurrence reads another": (
        "h_t = a h_{t−1} + x_t   (h_0 = 0)\ng_t = b g_{t−1} + h_t   (g_0 = 0)\nL = Σ_t g_t y_t",
        lambda v: np.dot(states(v, lambda t, g: v["b"] * g + scalar(v)[t + 1], 0.0)[1:], v["y"]),
    ),
    "the last state of another": (
        "h_t = a h_{t−1} + x_t\ns_t = b s_{t−1} + h_T u_t\nL = Σ_t s_t y_t",
        encoder_decoder,
    ),
    "the number of the step": ("m_t = β m_{t−1} + (1 − β) g_t   (m_0 = 0)\nv_t = m_t / (1 − β^t)\nL = Σ_t v_t y_t", adam),
    "labels": (
        r"\mathbf h^{(t)} = \tanh(\mathbf W \mathbf h^{(t-1)} + \mathbf U \mathbf x^{(t)}), \quad t = 1, \dots, T \\ L = \tfrac12 \lVert \mathbf h^{(T)} - \mathbf y \rVert^2",
        lambda v: norm(rnn(v)[-1] - v["y"]) / 2,
    ),
}  # fmt: skip
VECTORS = {"h_0": N, "x_0": N, "z": N}
MATRICES = {"W": (N, N), "U": (N, M), "V": (M, N), "A": (N, N)}


def drawn(system: System, rng: np.random.Generator) -> dict[str, Any]:
    """Values for the inputs: T steps, vectors of N entries for states and of M for what is read."""
    found: dict[str, Any] = {}
    time = system.data.time
    states_are_vectors = any(q.type.rank > 1 for n, q in system.data.quantities.items() if n in time)
    for name in system.data.inputs:
        quantity = system.data.quantities[name]
        shape = [T if name in time and axis == time[name] else N for axis in range(quantity.type.rank)]
        if states_are_vectors and quantity.type.rank:
            shape[-1] = M if name in ("x", "q", "U") else N
            shape[0] = M if name == "V" else shape[0]
        found[quantity.identifier] = 0.4 * rng.normal(size=shape)
    found.update({key: 0.3 for key in ("beta", "eta") if key in found})
    return found


@pytest.mark.parametrize("name", STATED)
def test_a_recurrence_is_what_a_plain_loop_computes(name: str) -> None:
    text, plain = STATED[name]
    system = system_of(text)
    values = drawn(system, np.random.default_rng(4))
    found = system.forward(**values)[system.data.quantities[system.data.loss].identifier]
    np.testing.assert_allclose(found, plain(values), rtol=1e-12)


@pytest.mark.parametrize("name", STATED)
def test_its_gradients_are_those_of_differences_of_the_plain_loop(name: str) -> None:
    text, plain = STATED[name]
    system = system_of(text)
    values = drawn(system, np.random.default_rng(5))
    _, gradients = derivation_of(text).function("interpreter")(**values)
    rng = np.random.default_rng(6)
    for key, gradient in gradients.items():
        direction = rng.normal(size=np.shape(values[key]))
        up, down = (plain({**values, key: values[key] + h * direction}) for h in (1e-5, -1e-5))
        assert np.sum(gradient * direction) == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-8), key


def test_the_logistic_map_of_the_corpus_backward() -> None:
    derivation = wg.equations(f"$$\n{beyond_or_corpus('E09')}\n$$").backward()
    assert [show_line(line, derivation.system.data) for line in derivation.lines()] == [
        "ȳ = 1",
        "l̄_n = ȳ ⟦n = 4⟧ + 4 l̄_{n+1} (1 − 2 l_n)    (l̄_5 = 0)",
        "l̄_1 = 4 l̄_2 (1 − 2 l_1)",
        "x̄ = l̄_1",
    ]


def beyond_or_corpus(key: str) -> str:
    from corpus import entries

    return (beyond().get(key) or entries()[key]).forward["latex"]


READ_BACK = {
    **{name: text for name, (text, _) in STATED.items()},
    **{key: beyond()[key].forward["latex"] for key in ("E53", "E54", "E56")},
    "gated, at step t + 1": (
        "z_t = σ(P x_t + Q h_t)\nm_t = tanh(M x_t + N (z_t ∘ h_t))\nh_{t+1} = (1 − z_t) ∘ h_t + z_t ∘ m_t\nL = ½ Σ_t ‖h_t − y_t‖²"
    ),
}


@pytest.mark.parametrize("name", READ_BACK)
@pytest.mark.parametrize("form", ["index", "matrix"])
def test_a_printed_backward_pass_is_read_back_in_text_and_latex(name: str, form: str) -> None:
    system = system_of(READ_BACK[name])
    derivation = derivation_of(READ_BACK[name]).in_form(form)
    text = "\n".join(show_line(line, system.data) for line in derivation.lines())
    for printed, syntax in ((text, "text"), (derivation.latex(), "latex")):
        again = read_backward(system, printed, syntax)
        assert [each.written.left for each in again] == [line.left for line in derivation.lines()]
        assert [each.written.rights[0] for each in again] == [line.rights[0] for line in derivation.lines()]


FORWARD = (
    "l_4 read, l_1 given", "at step t + 1", "two lines, each at its step", "costs of all states", "a part of the differences",
    "single steps", "the last state of another", "labels", "E53",
)  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
@pytest.mark.parametrize("syntax", ["text", "latex"])
def test_a_printed_forward_system_is_the_same_system(name: str, syntax: str) -> None:
    system = system_of(READ_BACK[name])
    lines = LinePrinter(system.data, "matrix").forward()
    text = "\n".join(show_line(line, system.data) for line in lines)
    again = equations_from_text(text if syntax == "text" else derivation_latex(system.data, lines, ()), syntax)
    assert again.data.clock.first == system.data.clock.first
    assert set(again.data.inputs) == set(system.data.inputs)
    derivation = derivation_of(READ_BACK[name])
    after = again.backward(wrt=list(derivation.data.wrt)).in_form("matrix")
    before = derivation.in_form("matrix")
    assert [show_line(line, again.data) for line in after.lines()] == [
        show_line(line, system.data) for line in before.lines()
    ]


def test_the_form_by_entries_and_the_expansion_are_those_of_the_lines_written_out() -> None:
    loop = wg.equations(r"l_1 = x, \quad l_{n+1} = 4 l_n (1 - l_n), \quad y = l_4").backward()
    out = wg.equations("l₁ = x\nl₂ = 4 l₁ (1 − l₁)\nl₃ = 4 l₂ (1 − l₂)\nl₄ = 4 l₃ (1 − l₃)\ny = l₄").backward()
    assert loop.compare() == out.compare()
    assert [str(line.rights[0]) for line in loop.in_form("elements").lines()][:2] == [
        str(line.rights[0]) for line in out.lines()
    ][:2]


def test_single_operations_of_a_recurrence_have_the_values_of_its_run() -> None:
    from wengert.notes.show.trace import trace

    system = wg.equations("h_t = tanh(a h_{t−1} + b x_t)   for t = 1…3   (h_0 = 0)\nL = ½ Σ_t (h_t − y_t)²")
    derivation = system.backward()
    values = drawn(system, np.random.default_rng(7)) | {"x": np.array([0.1, -0.2, 0.3]), "y": np.array([1.0, 0.5, 0.2])}
    rows = trace(system.data, derivation.data, values, primitive=True)
    loss, gradients = derivation.function("interpreter")(**values)
    assert next(row.value for row in rows.forward if row.label == "L") == pytest.approx(loss, rel=1e-13)
    bars = {row.label: row.value for row in rows.backward if row.label}
    assert bars["ā"] == pytest.approx(gradients["a"], rel=1e-12)
    assert [bars[f"x̄{digit}"] for digit in "₁₂₃"] == pytest.approx(list(gradients["x"]), rel=1e-12)


def test_a_run_needs_the_number_of_steps() -> None:
    system = wg.equations(r"x_{k+1} = x_k - a x_k \\ y = x_K")
    for run in (lambda: system.forward(x_0=1.0, a=0.5), lambda: system.backward().function()):
        with pytest.raises(wg.ShapeError) as caught:
            run()
        assert caught.value.what == "The number of steps is not known: no input has an entry for each step."
        assert caught.value.repair == "State it in the equations:  … for k = 0…9"


def test_a_condition_that_fails_at_the_first_step_is_not_printed() -> None:
    derivation = wg.equations(STATED["a part of the differences"][0]).backward()
    assert "h̄_0 = h̄_1 a" in [show_line(line, derivation.system.data) for line in derivation.lines()]


def test_more_steps_than_are_written_out_are_refused() -> None:
    derivation = wg.equations("h_t = a h_{t−1} + x_t   for t = 1…40\nL = h_40").backward()
    with pytest.raises(wg.EquationError, match="The expansion writes out up to 12 steps, and there are 40"):
        derivation.compare()


def test_the_drawing_of_a_recurrence_is_one_step_with_the_values_of_the_step_before() -> None:
    from wengert.notes.show.diagram import diagram

    derivation = wg.equations("h_{t+1} = tanh(W h_t + U x_t)\nL = ½ Σ_t ‖h_t − y_t‖²").backward()
    found = diagram(derivation.system.data, derivation.data)
    text = {vertex.name: (vertex.text, vertex.kind) for vertex in found.vertices}
    assert text["h"] == ("h_{t+1}", "intermediate")
    assert text["h @-1"] == ("h_t", "earlier")
    assert text["x"] == ("x_t", "input")
    edges = {(text[e.parent][0], text[e.child][0]): e.contribution for e in found.edges}
    assert edges["h_t", "h_{t+1}"] == "(∂h_{t+1}/∂h_t)ᵀ h̄_{t+1}"
    assert edges["x_t", "h_{t+1}"] == "(∂h_{t+1}/∂x_t)ᵀ h̄_{t+1}"
    assert edges["h_0", "h_t"] == "Wᵀ (h̄_1 ∘ (1 − h_1²))"
    assert ("h_{t+1}", "h_t") not in edges


def test_the_steps_of_a_derivation_say_at_which_step_each_use_is() -> None:
    derivation = wg.equations(beyond()["E53"].forward["text"]).backward()
    chains = [line.strip() for line in derivation.steps().splitlines() if "chain rule" in line]
    assert "chain rule h̄_t = L̄ ∂L/∂h_t + (∂a_{t+1}/∂h_t)ᵀ ā_{t+1}    (ā_5 = 0)" in chains
    assert "chain rule W̄ = Σ_t (∂a_t/∂W)ᵀ ā_t" in chains
    assert "chain rule h̄_0 = (∂a_1/∂h_0)ᵀ ā_1" in chains

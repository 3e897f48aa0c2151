"""Shifted and strided indices: read, derived, printed, run, checked; sizes that follow from windows; claims about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from corpus import beyond

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from tests.notation.helpers import read_backward
from tests.thorough import everyday
from wengert.core.ir.graph import Graph
from wengert.core.ir.names import bar
from wengert.core.ir.types import bind_size
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.core.passes import pipeline
from wengert.notes.claims.review import review
from wengert.notes.derive.random_points import concrete, draw_point, sizes_for
from wengert.notes.notation import latex, layout, unicode
from wengert.notes.notation.reader import read

PRINTED = {
    "correlation": (
        "y_i = Σ_k w_k x_{i+k} + b",
        ["w̄_k = Σ_i ȳ_i x_{i+k}", "x̄_p = Σ_{k: 0 ≤ p−k < I} ȳ_{p−k} w_k", "b̄ = Σ_i ȳ_i"],
    ),
    "channels": (
        "Y_{f,i,j} = Σ_c Σ_m Σ_n W_{f,c,m,n} X_{c,i+m,j+n}",
        ["W̄_fcmn = Σ_ij Ȳ_fij X_{c,i+m,j+n}", "X̄_cpq = Σ_{f,m,n: 0 ≤ p−m < I, 0 ≤ q−n < J} Ȳ_{f,p−m,q−n} W_fcmn"],
    ),
    "strided": ("y_i = Σ_k w_k x_{2i+k}", ["w̄_k = Σ_i ȳ_i x_{2i+k}", "x̄_p = Σ_{i: 0 ≤ p−2i < K} ȳ_i w_{p−2i}"]),
    "dilated": ("y_i = Σ_k w_k x_{i+3k+1}", ["w̄_k = Σ_i ȳ_i x_{i+3k+1}", "x̄_p = Σ_{k: 0 ≤ p−3k−1 < I} ȳ_{p−3k−1} w_k"]),
    "no unit": ("y_i = Σ_k w_k x_{2i+2k}", ["w̄_k = Σ_i ȳ_i x_{2i+2k}", "x̄_p = Σ_ik ȳ_i w_k ⟦p = 2 i + 2 k⟧"]),
    "differences": ("y_i = x_{i+1} − x_i", ["x̄_p = ȳ_{p−1} − ȳ_p    (with ȳ_i = 0 outside of 0 ≤ i < I)"]),
    "constant": ("y_i = x_{i+1}", ["x̄_p = ȳ_{p−1}    (with ȳ_i = 0 outside of 0 ≤ i < I)"]),
    "backward in time": (
        "y_t = Σ_k w_k x_{t−k}",
        ["w̄_k = Σ_{t: 0 ≤ t−k} ȳ_t x_{t−k}", "x̄_t = Σ_{k: k+t < T} ȳ_{k+t} w_k"],
    ),
    "inside a function": (
        "y_i = Σ_k w_k σ(x_{i+k})",
        ["w̄_k = Σ_i ȳ_i σ(x_{i+k})", "x̄_p = Σ_{k: 0 ≤ p−k < I} ȳ_{p−k} w_k σ'(x_p)"],
    ),
    "only in a function": ("L = Σ_i e^(x_{i+1})", ["x̄_p = L̄ Σ_i e^(x_{i+1}) ⟦p = i + 1⟧"]),
    "mean pooling": ("y_i = ½ Σ_k x_{2i+k}   for k = 0…1", ["x̄_p = ½ Σ_{i: 0 ≤ p−2i < 2} ȳ_i"]),
    "max pooling": (
        "y_i = max_k x_{2i+k}   for i = 0…2, k = 0…1",
        ["x̄_p = Σ_{i: 0 ≤ p−2i < 2} ȳ_i ⟦x_p = y_i⟧ / Σ_k ⟦x_{2i+k} = y_i⟧"],
    ),
    "two layers": (
        "h_i = Σ_k w_k x_{i+k}\nz_j = Σ_m v_m σ(h_{j+m})\nL = Σ_j z_j²",
        [
            "h̄_i = Σ_{m: 0 ≤ i−m < J} z̄_{i−m} v_m σ'(h_i)",
            "w̄_k = Σ_i h̄_i x_{i+k}",
            "x̄_p = Σ_{k: 0 ≤ p−k < I} h̄_{p−k} w_k",
        ],
    ),
    "second differences": (
        "y_i = x_{i+1} − 2 x_i + x_{i−1}",
        ["x̄_i = ȳ_{i−1} + ȳ_{i+1} − 2 ȳ_i    (with ȳ_i = 0 outside of 0 ≤ i < I)"],
    ),
    "pooling of images": (
        "Y_{i,j} = ¼ Σ_m Σ_n X_{2i+m,2j+n}   for m = 0…1, n = 0…1",
        ["X̄_pq = ¼ Σ_{i,j: 0 ≤ p−2i < 2, 0 ≤ q−2j < 2} Ȳ_ij"],
    ),
    "quotient": (
        "y_t = Σ_k w_k / x_{t−k}",
        ["w̄_k = Σ_{t: 0 ≤ t−k} ȳ_t / x_{t−k}", "x̄_t = −Σ_{k: k+t < T} ȳ_{k+t} w_k / x_t²"],
    ),
    "function outside": (
        "y_t = e^(x_{t−1}) + x_t",
        ["x̄_t = ȳ_{t+1} e^(x_t) + ȳ_t    (with ȳ_t = 0 outside of 0 ≤ t < T)"],
    ),
    "strided and backward": (
        "y_t = Σ_k w_k x_{2t−k}   for t = 0…5",
        ["w̄_k = Σ_{t: 0 ≤ 2t−k < P} ȳ_t x_{2t−k}", "x̄_p = Σ_{t: 0 ≤ 2t−p < K} ȳ_t w_{2t−p}"],
    ),
    "strided channels": (
        "Y_{f,i,j} = Σ_c Σ_m Σ_n W_{f,c,m,n} X_{c,2i+m,2j+n}",
        [
            "W̄_fcmn = Σ_ij Ȳ_fij X_{c,2i+m,2j+n}",
            "X̄_cpq = Σ_{f,i,j: 0 ≤ p−2i < M, 0 ≤ q−2j < N} Ȳ_fij W_{f,c,p−2i,q−2j}",
        ],
    ),
    "dilated window": (
        "y_i = Σ_k w_k x_{i+2k}",
        ["w̄_k = Σ_i ȳ_i x_{i+2k}", "x̄_p = Σ_{k: 0 ≤ p−2k < I} ȳ_{p−2k} w_k"],
    ),
    "padded": (
        "x ∈ ℝ^n\nw ∈ ℝ^3\ny_i = Σ_k w_k x_{i+k−1}",
        ["w̄_k = Σ_{i: 0 ≤ i+k−1 < n} ȳ_i x_{i+k−1}", "x̄_i = Σ_{k: 0 ≤ i−k+1 < n} ȳ_{i−k+1} w_k"],
    ),
    "sizes that are numbers": (
        "y_i = Σ_k w_k x_{i+k}   for i = 0…4, k = 0…2",
        ["w̄_k = Σ_i ȳ_i x_{i+k}", "x̄_p = Σ_{k: 0 ≤ p−k < 5} ȳ_{p−k} w_k"],
    ),
    "a size with a name": ("M = size of i\ny_i = Σ_k w_k x_{i+k}", ["x̄_p = Σ_{k: 0 ≤ p−k < M} ȳ_{p−k} w_k"]),
    "a size under the sum": ("y_i = Σ_{k=0}^{K−1} w_k x_{2i+k}", ["x̄_p = Σ_{i: 0 ≤ p−2i < K} ȳ_i w_{p−2i}"]),
    "no name for the size": ("y_i = Σ_k w_k I_{i+k}", ["Ī_p = Σ_ik ȳ_i w_k ⟦p = i + k⟧"]),
}


@pytest.mark.parametrize("key", PRINTED)
def test_lines_are_printed_with_solved_indices(key):
    text, lines = PRINTED[key]
    printed = [line.strip() for line in str(wg.equations(text).backward()).splitlines()]
    for line in lines:
        assert line in printed


@pytest.mark.parametrize("key", PRINTED)
def test_the_check_passes(key):
    assert derivation_of(PRINTED[key][0]).check().difference < 1e-9


@everyday(1, "key", "seed")
@pytest.mark.parametrize("key", PRINTED)
@pytest.mark.parametrize("seed", range(2))
def test_printed_lines_read_back_have_the_values_of_the_derivation(key, seed):
    system = system_of(PRINTED[key][0])
    derivation = derivation_of(PRINTED[key][0])
    point = values_at_random(derivation, seed)
    printed = [line.strip() for line in derivation.text().splitlines() if "̄" in line and "=" in line]
    printed = printed[printed.index(next(line for line in printed if "̄" in line.split("=")[0])) :]
    for line in (line for line in printed if not line.startswith("where")):
        (definition,) = read_backward(system, line.split("   with ")[0], "text")
        graph = Graph(tuple(n for n in topological([definition.node]) if n.op.name == "input"), (definition.node,))
        (found,) = evaluate(concrete(graph), {n: point[n] for n in graph.input_names}, sizes_for(system.data))
        np.testing.assert_allclose(found, point[definition.name], rtol=1e-10, atol=1e-12, err_msg=line)


@pytest.mark.parametrize("key", PRINTED)
def test_printed_lines_are_read_and_printed_alike(key):
    system = system_of(PRINTED[key][0])
    for line in derivation_of(PRINTED[key][0]).lines():
        for show in (unicode.show, lambda line: unicode.show(line, ascii=True), latex.show):
            syntax = "latex" if show is latex.show else "text"
            (again,) = read_backward(system, show(line), syntax)
            assert again.written.rights == line.rights
            (again,) = read(show(line), syntax=syntax, context=system.data.reading.symbols).lines
            assert show(again) == show(line)


def test_a_range_is_printed_in_every_form():
    line = derivation_of(PRINTED["strided channels"][0]).lines()[-1]
    condition = r"f,i,j:\,0 \le p-2 i < M,\,0 \le q-2 j < N"
    assert rf"\sum_{{{condition}}}" in latex.show(line)
    assert "sum_{f,i,j: 0 <= p-2 i < M, 0 <= q-2 j < N}" in unicode.show(line, ascii=True)
    assert "f,i,j: 0 ≤ p−2i < M, 0 ≤ q−2j < N" in "\n".join(layout.render(line))


def test_a_range_of_the_authors_is_shown_as_it_is_written():
    right = "X̄_cpq = Σ_{f,m,n: 0 ≤ p−m < I, 0 ≤ q−n < J} Ȳ_{f,p−m,q−n} W_fcmn"
    wrong = right.replace("= Σ", "= −Σ")
    found = review("\n".join([PRINTED["channels"][0], "", right, wrong])).rows
    assert [(row.status, row.text) for row in found] == [("holds", right), ("wrong", wrong)]


def test_steps_of_time_that_count_from_one_have_a_range_from_one():
    text = "h_t = tanh(a h_{t−1} + x_t)\ny_t = Σ_k w_k h_{t−k}\nL = Σ_t y_t²"
    printed = [unicode.show(line) for line in wg.equations(text).backward().lines()]
    assert "w̄_k = Σ_{t: 1 ≤ t−k} ȳ_t h_{t−k}" in printed
    assert "h̄_t = Σ_{k: k+t ≤ T} ȳ_{k+t} w_k + h̄_{t+1} a (1 − h_{t+1}²)" in printed


@pytest.mark.parametrize("key", PRINTED)
@pytest.mark.parametrize("backend", ["native", "interpreter"])
def test_what_runs_has_the_values_of_the_graph_before_the_passes(key, backend):
    derivation = derivation_of(PRINTED[key][0])
    point = values_at_random(derivation, 3)
    data = derivation.system.data
    identifier = {name: q.identifier for name, q in data.quantities.items()}
    given = {identifier[name]: point[name] for name in data.inputs}
    if not derivation.data.seeded:
        given[f"{identifier[derivation.data.loss]}_bar"] = point[bar(derivation.data.loss)]
    value, gradients = derivation.function(backend)(**given)
    np.testing.assert_allclose(value, point[derivation.data.loss], rtol=1e-12)
    for name in derivation.data.wrt:
        np.testing.assert_allclose(gradients[identifier[name]], point[bar(name)], rtol=1e-10, atol=1e-12)


def values_at_random(derivation: Any, seed: int) -> dict[str, Any]:
    """Every quantity and every error signal, by the graph as it was derived."""
    data, backward = derivation.system.data, derivation.data
    rng = np.random.default_rng(seed)
    sizes = sizes_for(data)
    point = draw_point(data, rng, sizes)
    shape = [bind_size(n, sizes) for n in data.quantities[backward.loss].type.shape]
    point[bar(backward.loss)] = np.asarray(1.0) if backward.seeded else rng.normal(size=shape)
    names = (*(line.name for line in data.lines), *(bar(line.name) for line in backward.lines))
    names = tuple(dict.fromkeys(name for name in names if name not in point))
    return point | dict(zip(names, evaluate(concrete(backward.graph(names)), point, sizes), strict=True))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def signal(system: str, **values: Any) -> dict[str, Any]:
    return wg.equations(system).backward().function()(**values)[1]


def test_written_out_by_elements_only_the_terms_in_range_are_left():
    derivation = wg.equations("y_i = Σ_k w_k x_{i+k}").backward().in_form("elements")
    lines = [unicode.show(line) for line in derivation.lines({"i": 2, "k": 2, "p": 3})]
    assert lines == [
        "w̄_1 = ȳ_1 x_1 + ȳ_2 x_2",
        "w̄_2 = ȳ_1 x_2 + ȳ_2 x_3",
        "x̄_1 = ȳ_1 w_1",
        "x̄_2 = ȳ_1 w_2 + ȳ_2 w_1",
        "x̄_3 = ȳ_2 w_2",
    ]
    derivation = wg.equations("y_i = x_{i+1} − x_i").backward().in_form("elements")
    lines = [unicode.show(line) for line in derivation.lines({"p": 3})]
    assert lines == ["x̄_1 = −ȳ_1", "x̄_2 = ȳ_1 − ȳ_2", "x̄_3 = ȳ_2"]


def test_operations_are_counted_at_sizes_that_fit():
    text = wg.equations("y_i = Σ_k w_k x_{i+k}\nL = ½ Σ_i y_i²").backward().compare()
    assert "with i = 2, k = 3, p = 4" in text


def test_sizes_that_follow_need_not_be_stated_for_the_stages():
    derivation = wg.equations("y_i = Σ_k w_k x_{i+k}\nL = Σ_i (y_i − t_i)²").backward()
    assert str(derivation.stages("loops", {"p": 9, "k": 3}))


# ---------------------------------------------------------------- numbers, by loops over entries


def test_gradient_of_a_strided_dilated_correlation_equals_loops(rng):
    w, x = rng.normal(size=3), rng.normal(size=20)
    count = (20 - 1 - 4 - 1) // 3 + 1
    y_bar = rng.normal(size=count)
    found = signal("y_i = Σ_k w_k x_{3i+2k+1}", w=w, x=x, y_bar=y_bar)
    w_bar, x_bar = np.zeros(3), np.zeros(20)
    for i in range(count):
        for k in range(3):
            w_bar[k] += y_bar[i] * x[3 * i + 2 * k + 1]
            x_bar[3 * i + 2 * k + 1] += y_bar[i] * w[k]
    np.testing.assert_allclose(found["w"], w_bar, rtol=1e-12)
    np.testing.assert_allclose(found["x"], x_bar, rtol=1e-12)


def test_gradient_of_a_causal_filter_equals_loops(rng):
    w, x, y_bar = rng.normal(size=4), rng.normal(size=9), rng.normal(size=9)
    found = signal("y_t = Σ_k w_k x_{t−k}", w=w, x=x, y_bar=y_bar)
    np.testing.assert_allclose(found["x"], np.correlate(np.pad(y_bar, (0, 3)), w, "valid"), rtol=1e-12)
    expected = [sum(y_bar[t] * x[t - k] for t in range(k, 9)) for k in range(4)]
    np.testing.assert_allclose(found["w"], expected, rtol=1e-12)


def test_signal_of_a_maximum_goes_to_where_it_stands(rng):
    x = rng.permutation(12).astype(float)
    found = signal("y_i = max_k x_{3i+k}   for k = 0…2", x=x, y_bar=np.arange(1.0, 5.0))
    blocks = x.reshape(4, 3)
    expected = np.where(blocks == blocks.max(axis=1, keepdims=True), np.arange(1.0, 5.0)[:, None], 0)
    np.testing.assert_array_equal(found["x"], expected.ravel())


def test_entries_that_no_window_reaches_have_no_signal(rng):
    found = signal("y_i = ½ Σ_k x_{2i+k}   for k = 0…1", x=rng.normal(size=7), y_bar=np.ones(3))
    np.testing.assert_array_equal(found["x"], [0.5] * 6 + [0])


def test_index_that_leaves_the_axis_drops_its_term_also_under_a_function(rng):
    x = rng.normal(size=5)
    value, gradients = wg.equations("y_t = e^(x_{t−1}) + x_t\nL = Σ_t y_t").backward().function()(x=x)
    assert value == pytest.approx(np.exp(x[:-1]).sum() + x.sum(), rel=1e-14)
    np.testing.assert_allclose(gradients["x"], np.append(np.exp(x[:-1]), 0) + 1, rtol=1e-14)


@pytest.mark.parametrize("key", [key for key in PRINTED if key not in ("max pooling",)])
def test_no_array_over_entries_and_windows_and_places_is_left(key):
    """What runs is linear in the entries that are read: no indicator over both the array and the window is left."""
    graph = pipeline.run(derivation_of(PRINTED[key][0]).graph())
    masks = [n for n in topological(graph.outputs) if n.op.name == "equal" and n.inputs[0].type.dtype == "int64"]
    assert not masks


# ---------------------------------------------------------------- sizes


def test_ranges_and_numbers_give_the_size_of_the_array():
    system = wg.equations("y_i = Σ_k w_k x_{2i+k}   for i = 0…4, k = 0…2")
    assert {name: q.type.shape for name, q in system.data.quantities.items()} == {"y": (5,), "w": (3,), "x": (11,)}


def test_a_declared_array_may_be_longer_than_what_is_read():
    system = wg.equations("x ∈ ℝ^12\ny_i = Σ_k w_k x_{2i+k}   for i = 0…4, k = 0…2")
    assert system.data.quantities["x"].type.shape == (12,)


@pytest.mark.parametrize(("length", "count"), [(3, 1), (4, 1), (5, 2), (9, 4)])
def test_a_window_fits_as_often_as_data_allow(rng, length, count):
    system = wg.equations("y_i = Σ_k w_k x_{2i+k}\nL = Σ_i y_i")
    assert system.forward(w=np.ones(3), x=np.ones(length))["L"] == 3 * count


def test_data_that_do_not_fit_are_an_error():
    function = wg.equations("y_i = Σ_k w_k x_{i+k}\nL = Σ_i (y_i − t_i)²").backward().function()
    function(w=np.ones(3), x=np.ones(9), t=np.ones(7))
    with pytest.raises(wg.ShapeError, match="7 places fit"):
        function(w=np.ones(3), x=np.ones(9), t=np.ones(6))


def test_a_window_longer_than_the_array_is_an_error():
    with pytest.raises(wg.ShapeError, match="longer than the array"):
        wg.equations("L = Σ_i Σ_k w_k x_{i+k}").backward().function()(w=np.ones(5), x=np.ones(3))


ERRORS = {
    "not affine": ("y_i = Σ_k w_k x_{i·k}", "no sum of letters"),
    "look-up plus one": ("y_i = x_{s_i+1}", "no sum of letters"),
    "fraction": ("y_i = Σ_k w_k x_{i/2+k}", "no sum of letters"),
    "two open letters": ("y_i = max_k x_{2i+k}", "how far the index 'k' runs"),
    "summed and backward": ("y = Σ_t x_{t−1}", "how far the index 't' runs"),
    "too short": ("x ∈ ℝ^6\ny_i = Σ_k w_k x_{i+k}   for i = 0…4, k = 0…2", "goes up to 6, and the axis has 6 entries"),
    "from one": ("y_i = Σ_k w_k x_{i+k}   for i = 1…5, k = 0…2", "'i' counts from 1"),
    "free index": ("y_i = w_k x_{i+k}", "'k' is free on the right side"),
}


@pytest.mark.parametrize("key", ERRORS)
def test_what_is_wrong_is_said_with_place_and_repair(key):
    text, words = ERRORS[key]
    with pytest.raises(wg.EquationError, match=words) as caught:
        wg.equations(text)
    _, *where, repair = str(caught.value).splitlines()
    assert "^" in where[-1]
    assert repair.startswith(("Write", "State", "Correct", "Count"))


def test_dropped_terms_are_a_warning():
    (warning,) = wg.equations("y_t = Σ_k w_k x_{t−k}").data.warnings
    assert warning.startswith("This index leaves its axis for some entries; the terms with such entries are dropped.")


# ---------------------------------------------------------------- claims


def judged(key: str, backward: str) -> list[tuple[str, str]]:
    rows = review(beyond()[key].text("text") + "\n---\n" + backward).rows
    return [(row.status, row.text) for row in rows if row.status != "defined"]


def test_a_kernel_that_is_flipped_is_wrong():
    assert judged("E47", "x̄_p = Σ_k w_k ȳ_{p−k}")[0][0] == "holds"
    assert judged("E47", "x̄_p = Σ_k w_{2−k} ȳ_{p−k}")[0][0] == "wrong"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("x̄_p = Σ_i w_{p−i} ȳ_i", "holds"),
        ("x̄_p = Σ_i Σ_k ⟦p = i + k⟧ w_k ȳ_i", "holds"),
        ("x̄_p = Σ_{k: 0 ≤ p − k < I} w_k ȳ_{p−k}", "holds"),
        ("x̄_p = Σ_k w_k ȳ_{p+k}", "wrong"),
        ("x̄_p = Σ_k w_k ȳ_{k−p}", "wrong"),
        ("w̄_k = Σ_i ȳ_i x_{i−k}", "wrong"),
        ("w̄_k = Σ_i ȳ_i x_{i+k+1}", "wrong"),
        ("w̄_k = Σ_p ȳ_{p−k} x_p", "holds"),
        ("x̄_p = Σ_r w_r ȳ_{p−q}", "wrong"),
    ],
)
def test_claims_about_a_correlation(line, status):
    assert [each for each, _ in judged("E47", line)] == [status]


ROTARY = """u_i = x_{2i} c_i − x_{2i+1} s_i
v_i = x_{2i} s_i + x_{2i+1} c_i
L = ½ Σ_i (u_i² + v_i² a_i)
"""


def test_2i_is_twice_i_beside_2i_plus_1():
    system = wg.equations(ROTARY)
    assert system.data.quantities["x"].type.rank == 1
    assert system.backward().check()
    assert wg.equations("y_i = max(x_{2i}, x_{2i+1})").backward().check()
    assert wg.equations("y = Σ_i a_{2i} b_i").data.quantities["a"].type.rank == 2


def test_claims_about_every_second_entry_are_judged():
    claims = "ū_i = u_i\nv̄_i = v_i a_i\nx̄_{2i} = ū_i c_i + v̄_i s_i\nx̄_{2i+1} = v̄_i c_i − ū_i s_i\nc̄_i = ū_i x_{2i} + v̄_i x_{2i+1}"
    assert {row.status for row in wg.review(f"{ROTARY}\n{claims}").rows} == {"holds"}
    wrong = wg.review(f"{ROTARY}\n{claims.replace('c_i − ū_i s_i', 'c_i + ū_i s_i')}").rows
    assert [row.line for row in wrong if row.status == "wrong"] == [8]


def test_a_temperature_before_a_sum_is_no_size():
    system = wg.equations("s_ij = 1/τ Σ_d u_id v_jd\nL = Σ_ij s_ij²")
    assert "τ" in system.data.inputs

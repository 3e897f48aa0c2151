"""Random graphs with their gradients, native code against the interpreter; and the graphs that once differed."""

from __future__ import annotations

import numpy as np
import pytest

import wengert.core.autodiff  # noqa: F401
from scripts.compare_backends import described, difference, main, native, shrunk
from scripts.random_graphs import Case, random_case
from tests.thorough import rounds
from wengert.core.autodiff.reverse import vjp
from wengert.core.ir.graph import Graph, apply, constant, input_node
from wengert.core.ir.types import ArrayType
from wengert.core.ops.control import results
from wengert.core.ops.evaluate import evaluate
from wengert.targets.native import pool

ONCE_WRONG = [505]
"""Seeds of the comparison that once found something; what they found has a test of its own below or in test_segments."""
GROUPS = rounds(4, 20)
VECTOR = ArrayType((33,))


@pytest.fixture
def two_threads():
    before = pool.threads()
    pool.set_threads(2)
    yield
    pool.set_threads(before)


def assert_same(case: Case) -> None:
    found = difference(case)
    assert found is None, f"{found}\n{described(shrunk(case))}"


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_graphs_equal_the_interpreter(group, two_threads):
    for seed in range(group * 10, group * 10 + 10):
        assert_same(random_case(seed))


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_a_graph_that_once_differed_does_not(seed):
    assert_same(random_case(seed))


@pytest.mark.parametrize("seed", range(rounds(4, 12)))
def test_results_do_not_depend_on_the_number_of_threads(seed):
    case = random_case(seed)
    case = Case(case.graph, case.values, small=1)
    before, found = pool.threads(), []
    for count in (1, 2, 3):
        pool.set_threads(count)
        try:
            found.append(native(case))
        except Exception as error:
            found.append([np.array(str(error))])
    pool.set_threads(before)
    for other in found[1:]:
        assert [np.asarray(y).tobytes() for y in other] == [np.asarray(y).tobytes() for y in found[0]]


# the comparison itself


def test_a_wrong_back_end_is_found_and_its_graph_made_small():
    def wrong(case: Case):
        """The sines are off by a millionth."""
        return [
            y * (1 + 1e-6) if node.op.name == "sin" else y
            for node, y in zip(case.graph.outputs, evaluate(case.graph, case.values), strict=True)
        ]

    x = input_node("x", VECTOR)
    y = apply("sin", apply("exp", x))
    case = Case(Graph((x,), (apply("cos", y), y, x * 2)), {"x": np.linspace(0, 1, 33)})
    assert difference(case, wrong) is not None
    small = shrunk(case, wrong)
    assert [node.op.name for node in small.graph.outputs] == ["sin"]
    assert difference(case, lambda case: evaluate(case.graph, case.values)) is None


def test_a_jump_within_rounding_is_no_difference():
    x = input_node("x", ArrayType(()))
    values = {"x": np.array(0.3)}
    for limit, same in ((float(np.tanh(0.3)), True), (0.5, False)):
        graph = Graph((x,), (apply("less", apply("tanh", x), constant(limit, x.type)),))
        opposite = [~y for y in evaluate(graph, values)]
        assert (difference(Case(graph, values), lambda case, found=opposite: found) is None) is same


def test_a_missing_error_is_a_difference():
    x, k = input_node("x", VECTOR), input_node("k", ArrayType((1,), "int64"))
    case = Case(Graph((x, k), (apply("gather", x, k, axis=0, batch=0),)), {"x": np.zeros(33), "k": np.array([33])})
    assert difference(case, lambda case: (np.zeros(1),)) is not None
    assert difference(case) is None


def test_the_command_compares_in_a_process_of_its_own(capfd):
    assert main(["--graphs", "2", "--first", "3"]) == 0
    assert "2 graphs, 0 differ" in capfd.readouterr().out


# what was wrong once


def test_the_factors_of_a_product_stay_until_its_last_row_is_stored():
    """The result's memory once was that of the second factor, whose rows are read for every tile of rows."""
    a, b = input_node("a", ArrayType((33, 33))), input_node("b", ArrayType((8, 16)))
    picks = np.random.default_rng(0).integers(0, 8, 33)
    rows = apply("gather", apply("abs", b), constant(picks, ArrayType((33,), "int64")), axis=0, batch=0)
    y = apply("einsum", a, rows, inputs=((0, 1), (1, 2)), output=(0, 2))
    z = apply("transpose", apply("tanh", y), axes=(1, 0))
    rng = np.random.default_rng(1)
    assert_same(Case(Graph((a, b), (z,)), {"a": rng.uniform(-1, 1, (33, 33)), "b": rng.uniform(-1, 1, (8, 16))}))


def test_a_guard_that_is_the_same_in_every_lane_masks_strided_entries():
    x = input_node("x", ArrayType((9, 40)))
    y = apply("pad", x, low=(1, 0), high=(2, 0))
    graph = Graph((x,), (apply("sin", apply("slice", y, start=(0, 0), stop=(12, 40), step=(2, 5))),))
    assert_same(Case(graph, {"x": np.random.default_rng(0).normal(size=(9, 40))}))


def test_equal_places_of_a_scatter_add_all_entries():
    u, k = input_node("u", ArrayType(())), input_node("k", ArrayType((), "int64"))
    updates, places = apply("broadcast", u, shape=(40,), axes=()), apply("broadcast", k, shape=(40,), axes=())
    graph = Graph((u, k), (apply("scatter_add", updates, places, axis=0, batch=0, size=5),))
    (found,) = native(Case(graph, {"u": np.array(0.5), "k": np.array(3)}))
    assert found.tolist() == [0, 0, 0, 20, 0]


def test_the_number_of_a_step_may_be_a_factor():
    t, c = input_node("t", ArrayType((), "int64")), input_node("c", ArrayType((3, 3), "int64"))
    step = apply("broadcast", t, shape=(3, 3), axes=())
    body = Graph((t, c), (apply("einsum", step, c, inputs=((0, 1), (1, 2)), output=(0, 2)),))
    x = input_node("x", c.type)
    params = {"carries": 1, "xs": 0, "length": 3, "first": 1, "reverse": False}
    graph = Graph((x,), tuple(results(apply("scan", x, body=body, **params))))
    assert_same(Case(graph, {"x": np.arange(9).reshape(3, 3)}))


def test_places_may_be_looked_up():
    k = input_node("k", ArrayType((2,), "int64"))
    place = apply("position", size=5, dtype="float32")
    graph = Graph((k,), (apply("gather", place, k, axis=0, batch=0) * 3.5,))
    assert_same(Case(graph, {"k": np.array([4, 0])}))


def softmax_rows(shape: tuple[int, ...]) -> Graph:
    """Exponentials over one axis with the largest of the rest taken off, and their sum over another."""
    x = input_node("x", ArrayType(shape))
    top = apply("max", x, axes=tuple(range(1, len(shape))))
    shifted = apply("exp", x - apply("broadcast", top, shape=shape, axes=(0,)))
    return Graph((x,), (apply("sum", apply("exp", x), axes=(1,)), top, apply("sum", shifted, axes=(1,))))


@pytest.mark.parametrize("shape", [(40, 6, 33), (33, 17), (64, 3, 5, 2)])
def test_blocks_of_rows_fill_only_their_own_part(shape, two_threads):
    values = {"x": np.random.default_rng(0).normal(size=shape)}
    assert_same(Case(softmax_rows(shape), values, small=1))


def test_blocks_of_rows_are_not_cut_where_a_pad_begins(two_threads):
    x = input_node("x", ArrayType((100, 17)))
    y = apply("pad", x, low=(0, 3), high=(0, 5))
    top = apply("max", y, axes=(1,))
    wide = apply("broadcast", top, shape=y.shape, axes=(0,))
    graph = Graph((x,), (top, apply("sum", apply("exp", y - wide), axes=(1,)), apply("sum", y * wide, axes=(0, 1))))
    assert_same(Case(graph, {"x": np.random.default_rng(0).normal(size=(100, 17))}, small=1))


def test_a_total_of_rows_is_not_written_over_what_other_rows_read(two_threads):
    x, w = input_node("x", ArrayType((33, 33))), input_node("w", VECTOR)
    across = apply("broadcast", w, shape=x.shape, axes=(1,))
    a = apply("tanh", x + across)
    s = apply("sum", apply("tanh", x * 0.5 + across), axes=(1,))
    e = apply("sum", apply("exp", a - apply("broadcast", s, shape=x.shape, axes=(0,))), axes=(1,))
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=(33, 33)), "w": rng.normal(size=33)}
    assert_same(Case(Graph((x, w), (e, a)), values, donate=("w",), small=1))


# products of whole numbers

FORMS = [
    (((0, 1), (1, 2)), (0, 2)),
    (((0, 1), (1, 2)), (2, 0)),
    (((1, 0), (2, 1)), (0, 2)),
    (((3, 0, 1), (3, 1, 2)), (3, 0, 2)),
    (((3, 0, 1), (3, 1, 2)), (0, 2)),
    (((0, 1), (1,)), (0,)),
    (((0,), (1,)), (1, 0)),
    (((0, 1), (0, 1)), ()),
    (((0, 0), (0, 1)), (1,)),
    (((0, 1), (1, 2), (2, 3)), (3, 0)),
    (((0, 1), (), (1,)), (0,)),
    (((0, 1, 2),), (2, 0)),
]


@pytest.mark.parametrize("dtype", ["int64", "float64", "float32"])
@pytest.mark.parametrize(("labels", "output"), FORMS)
def test_products_of_every_form_and_of_whole_numbers_that_wrap(labels, output, dtype):
    rng = np.random.default_rng(0)
    nodes, outputs, values = [], [], {}
    for sizes in ((17, 33, 9, 4), (1, 33, 20, 2), (8, 1, 3, 1), (5, 6, 1, 3), (64, 16, 48, 2), (2, 0, 3, 4)):
        factors = []
        for ls in labels:
            shape = tuple(sizes[l] for l in ls)
            name = f"x{len(nodes)}"
            nodes.append(input_node(name, ArrayType(shape, dtype)))
            factors.append(nodes[-1])
            large = rng.integers(-(2**62), 2**62, shape)
            values[name] = large if dtype == "int64" else rng.normal(size=shape).astype(dtype)
        outputs.append(apply("einsum", *factors, inputs=labels, output=output))
    assert_same(Case(Graph(tuple(nodes), tuple(outputs)), values))


# loops of no and one step


@pytest.mark.parametrize("length", [0, 1, 2])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_of_few_steps_and_its_gradient(length, reverse):
    x, rows = input_node("x", VECTOR), input_node("rows", ArrayType((length, 33)))
    c, r = input_node("c", VECTOR), input_node("r", VECTOR)
    body = Graph((c, r), (apply("tanh", c * r + 0.5), c, apply("sum", c * r, axes=(0,))))
    params = {"carries": 1, "xs": 1, "length": length, "first": None, "reverse": reverse}
    outs = results(apply("scan", x, rows, body=body, **params))
    loss = apply("sum", outs[0], axes=(0,)) + apply("sum", outs[2], axes=(0,)) + apply("sum", outs[1], axes=(0, 1))
    bars = [bar for bar in vjp([loss], [x, rows], [constant(1, loss.type)]) if bar is not None]
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=33), "rows": rng.normal(size=(length, 33))}
    assert_same(Case(Graph((x, rows), (*outs, loss, *bars)), values))


@pytest.mark.parametrize("start", [0.01, 0.7, 30.0], ids=["no step", "few steps", "many steps"])
def test_a_while_loop_and_its_gradient(start):
    x, a = input_node("x", VECTOR), input_node("a", VECTOR)
    total = apply("sum", a * a, axes=(0,))
    test = Graph((a,), (apply("less", constant(1, total.type), total),))
    out = results(apply("while_loop", x, test=test, body=Graph((a,), (apply("sin", a) * 0.9,)), carries=1))
    loss = apply("sum", out[0], axes=(0,))
    (bar,) = vjp([loss], [x], [constant(1, loss.type)])
    assert bar is not None
    assert_same(Case(Graph((x,), (out[0], bar)), {"x": np.full(33, start)}))


def test_blocks_of_long_rows_do_not_lie_on_the_stack():
    x = input_node("x", ArrayType((48, 100_000)))
    top = apply("broadcast", apply("max", x, axes=(1,)), shape=x.shape, axes=(0,))
    y = apply("exp", x - top)
    z = y * apply("broadcast", apply("sum", y, axes=(1,)), shape=x.shape, axes=(0,))
    assert_same(Case(Graph((x,), (z,)), {"x": np.random.default_rng(0).normal(size=x.shape)}))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("shape", "axis"), [((16,), 0), ((17,), 0), ((100_000,), 0), ((5, 40, 3), 1), ((3, 50), 1), ((40, 0), 0)]
)
def test_the_gradient_of_a_product_takes_as_many_steps_as_it_has_factors(shape, axis, dtype):
    x = input_node("x", ArrayType(shape, dtype))
    y = apply("prod", x, axes=(axis,))
    loss = apply("sum", y, axes=tuple(range(y.type.rank)))
    (bar,) = vjp([loss], [x], [constant(1, loss.type)])
    assert bar is not None
    rng = np.random.default_rng(0)
    values = (1 + rng.normal(size=shape) / 1000).astype(dtype)
    zeros = values.copy()
    zeros.flat[: min(1, values.size)] = 0
    for array in (values, zeros):
        assert_same(Case(Graph((x,), (y, bar)), {"x": array}))

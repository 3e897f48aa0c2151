"""The guess of how long compiling takes: it grows as compiling does."""

from __future__ import annotations

import pytest

from tests.counting import slowdown
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.targets.native.cost import seconds
from wengert.targets.native.variant import Variant, lower


def chain(length: int, shape: tuple[int, ...]) -> Graph:
    x = y = input_node("x", ArrayType(shape))
    for _ in range(length):
        y = y + apply("sin", y) * x
    return Graph((x,), (y,))


def test_straight_line_code_takes_linear_time():
    first, second, third = (seconds(chain(n, ())) for n in (1000, 2000, 4000))
    assert third - second == pytest.approx(2 * (second - first))


def test_loops_take_longer_than_straight_line_code():
    assert seconds(chain(100, (1000,))) > 2 * seconds(chain(100, (3,)))
    assert seconds(chain(100, (1000,))) > 2 * seconds(chain(50, (1000,)))


def test_code_that_may_take_longer_is_expected_to():
    assert seconds(chain(5, ()), quick=False) > seconds(chain(5, ()))


@pytest.mark.parametrize(("length", "shape"), [(500, (3,)), (20, (1000,)), (500, ())])
def test_a_graph_takes_as_many_times_longer_than_a_small_one_as_is_guessed(length, shape):
    """Within a factor of 4, as far as a busy machine moves the ratio of two; it is within 2 where nothing else runs."""
    large, small = chain(length, shape), chain(20, ())
    guessed = seconds(large) / seconds(small)
    assert 1 / 4 < slowdown(lambda: compiled(large), lambda: compiled(small)) / guessed < 4


def compiled(graph: Graph) -> Variant | None:
    return lower(graph, {}, cache=False, quick=True)

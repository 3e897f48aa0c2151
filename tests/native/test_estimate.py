"""The guess of how long compiling takes: it grows as compiling does."""

from __future__ import annotations

import time

import pytest

from wengert.backends.native.compiled import Variant
from wengert.backends.native.estimate import seconds
from wengert.ir.graph import Graph, apply, input_node
from wengert.ir.types import ArrayType


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


@pytest.mark.parametrize(("length", "shape"), [(20, ()), (500, (3,)), (20, (1000,))])
def test_the_guess_is_of_the_right_size(length, shape):
    graph = chain(length, shape)
    Variant(chain(2, shape), {}, False, quick=True)  # what the process makes once is there
    start = time.thread_time()
    Variant(graph, {}, False, quick=True)
    assert 1 / 30 < (time.thread_time() - start) / seconds(graph) < 30

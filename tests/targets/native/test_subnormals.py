"""Compiled functions that loop take subnormal numbers as 0, unless they are told to keep them; nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert.targets.native import pool, subnormals
from wengert.targets.native.build import Build
from wengert.targets.native.processor import AARCH64, AVX2, AVX512, X86_64_V2

TINY = 2.0**-1040
STEPS = 40


def shrinking(x):
    return wg.fori_loop(0, STEPS, lambda i, x: x * 0.5, x)


@pytest.fixture
def looping():
    yield wg.compile(shrinking)
    wg.keep_subnormals(False)


def test_a_loop_takes_subnormal_numbers_as_zero(looping):
    start = np.full(3, 2.0**-1000)
    np.testing.assert_array_equal(looping(start), np.zeros(3))


def test_a_loop_keeps_them_when_told_to(looping):
    start = np.full(3, 2.0**-1000)
    looping(start)
    wg.keep_subnormals()
    np.testing.assert_array_equal(looping(start), np.full(3, TINY))


def test_normal_numbers_are_the_same_both_ways(looping):
    start = np.linspace(-1.0, 1.0, 7)
    flushed = looping(start)
    wg.keep_subnormals()
    np.testing.assert_array_equal(looping(start), flushed)


def test_what_does_not_loop_keeps_them():
    f = wg.compile(lambda x: x * 0.5)
    assert f(np.array([2.0 * TINY]))[0] == TINY


def test_a_short_loop_keeps_them():
    f = wg.compile(lambda x: wg.fori_loop(0, 4, lambda i, x: x * 0.5, x))
    assert f(np.array([16.0 * TINY]))[0] == TINY


def test_numpy_keeps_them_after_a_loop_ran(looping):
    looping(np.full(3, 2.0**-1000))
    assert np.array([2.0 * TINY])[0] * np.array([0.5])[0] == TINY


def test_numpy_keeps_them_after_a_loop_failed():
    table = wg.compile(lambda i, x: wg.fori_loop(0, STEPS, lambda k, s: s + wg.asarray(x)[i + k], 0.0))
    with pytest.raises(wg.WengertError):
        table(np.int64(1), np.ones(STEPS))
    assert np.array([2.0 * TINY])[0] * np.array([0.5])[0] == TINY


def test_all_threads_flush_what_a_program_with_a_loop_computes():
    def f(x, s):
        return np.sin(x * 0.5) * wg.fori_loop(0, STEPS, lambda i, s: s * 0.5, s)

    compiled, before, found = wg.compile(f), pool.threads(), []
    x = np.full(400_000, 2.0**-1022)
    for count in (1, 2, 3):
        pool.set_threads(count)
        found.append(compiled(x, 2.0**STEPS))
    pool.set_threads(before)
    for y in found:
        np.testing.assert_array_equal(y, np.zeros_like(x))


@pytest.mark.parametrize("target", [AVX512, AVX2, X86_64_V2, AARCH64], ids=lambda target: target.cpu)
def test_every_target_changes_the_state_and_restores_it(target):
    graph = wg.trace(shrinking)(np.ones(3))
    assembly = Build(graph, target=target).assembly
    instruction = "msr\tFPCR" if target is AARCH64 else "ldmxcsr"
    assert assembly.count(instruction) == 2


def test_a_long_graph_without_loops_flushes():
    def f(x):
        for _ in range(subnormals.WRITTEN_OUT):
            x = np.sin(x) * 0.5
        return x

    assert subnormals.are_flushed(wg.trace(f)(1.0))
    assert wg.compile(f)(1e-3) == 0.0

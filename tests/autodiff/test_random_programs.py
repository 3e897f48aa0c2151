"""A fixed part of `scripts/random_programs.py`: random NumPy programs give one derivative by every route; and faults are found."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from scripts.program_writer import Program, random_program
from scripts.random_programs import Checker, same_failure, shrunk
from tests.thorough import rounds
from wengert.core.ir.op import OPS
from wengert.core.ops.primes import opened

BLOCKS, SIZE = rounds(6, 30), 10
EVERY = 6
"""So often a program runs all calls and the compiled gradient; the others the first call, forward mode and differences."""


def failures(seeds):
    for seed in seeds:
        checker = Checker(random_program(seed)) if seed % EVERY == 0 else Checker(random_program(seed), 1, False)
        if (found := checker.failure()) is not None:
            yield f"seed {seed}: {found}\n{random_program(seed).script()}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_route_gives_the_derivative_of_a_program(block):
    assert not list(failures(range(block * SIZE, (block + 1) * SIZE)))


def test_an_entry_that_two_kernels_compute_is_its_own_maximum():
    assert Checker(random_program(7006231)).failure() is None
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 1000))
    g = wg.grad(lambda x, y: np.sum(np.sin(np.max(y - x * y) + x * y)), (0, 1))
    for eager, compiled in zip(g(x, y), wg.compile(g)(x, y), strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-12, atol=1e-12)


def test_programs_have_every_kind_of_statement_and_operand():
    sources = [random_program(seed).source for seed in range(300)]
    everything = "\n".join(sources)
    for part in ("while ", "for r in", "if ", "else:", "[...] =", "+= ", " @ ", "np.where", "[::-1]", "[m]", "append"):
        assert part in everything, part
    programs = [random_program(seed) for seed in range(300)]
    kinds = {type(v) for p in programs for v in p.arguments.values()}
    assert kinds == {np.ndarray, np.float64, float}
    assert {np.asarray(v).dtype.name for p in programs for v in p.arguments.values()} == {"float64", "float32"}
    assert {np.ndim(v) for p in programs for v in p.arguments.values()} == {0, 1, 2, 3}
    assert {p.module for p in programs} == {"numpy", "wengert.numpy"}


def test_a_seed_gives_one_program():
    assert random_program(17).script() == random_program(17).script()
    assert random_program(17).script() != random_program(18).script()


LONG = Program(
    ("a = np.sin(x)", "b = np.tanh(a)*2", "c = [b[0], 1.0]", "d = np.exp(-x*x)", "e = d + 1"),
    ("np.sum(b)", "np.sum(d)", "np.sum(e)"),
    {"x": np.array([0.3, -0.7])},
    {},
)


@pytest.fixture
def wrong_tanh():
    """The slope of tanh is wrong by 1e-6."""
    op, right = OPS["tanh"], OPS["tanh"].partials
    object.__setattr__(op, "partials", lambda y, x: (right(y, x)[0] * (1 + 1e-6),))
    opened.cache_clear()
    yield
    object.__setattr__(op, "partials", right)
    opened.cache_clear()


def test_a_slope_that_is_wrong_by_a_millionth_is_found_and_the_program_shrunk(wrong_tanh):
    found = Checker(LONG).failure()
    assert found is not None
    small = shrunk(LONG, same_failure(found.kind))
    assert small.statements == ("a = np.sin(x)", "b = np.tanh(a)*2")
    assert small.terms == ("np.sum(b)",)


def test_the_script_of_a_program_runs(capsys):
    exec(compile(LONG.script(), "<script>", "exec"), {})
    value = LONG.function()(*LONG.values())
    assert f"{float(value):.8f}"[:8] in capsys.readouterr().out


def test_what_plain_numpy_refuses_is_no_failure():
    assert not same_failure("differences")(Program(("a = b",), ("np.sum(x)",), {"x": np.ones(2)}, {}))

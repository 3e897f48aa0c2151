"""The memory plan: no two temporaries lie on the same bytes while both are needed; a plan that lets them is found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from scripts.random_graphs import Case, random_case
from tests.targets.native.loops.arena import in_arena, lowered
from tests.thorough import rounds
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError
from wengert.targets.native.loops.buffers import ALIGNMENT, ArenaPlan, lifetimes, plan, size_in_bytes
from wengert.targets.native.loops.interpret import run
from wengert.targets.native.loops.nest import (
    Affine,
    Axis,
    Buffer,
    Contract,
    Copy,
    For,
    Load,
    MatrixProduct,
    NestProgram,
    Statement,
    Store,
    While,
    along,
)

AT = Affine()


def buffer(name: str, entries: int = 100, dtype: str = "float64") -> Buffer:
    return Buffer(name, dtype, (entries,))


def copies(*pairs: tuple[Buffer, Buffer]) -> tuple[Statement, ...]:
    """Statements each of which reads one buffer and writes another."""
    return tuple(Copy(a, AT, b, AT, min(a.entries, b.entries)) for a, b in pairs)


def program_of(*body: Statement) -> NestProgram:
    return NestProgram((), (), body)


def overlap(places: ArenaPlan, a: Buffer, b: Buffer) -> bool:
    low, high = places.offset(a), places.offset(b)
    return low < high + size_in_bytes(b) and high < low + size_in_bytes(a)


A, B, C, D = (buffer(name) for name in "abcd")


def test_buffers_needed_one_after_the_other_share_memory():
    places = plan(program_of(*copies((A, B), (B, C), (C, D))))
    assert overlap(places, A, C)
    assert overlap(places, B, D)
    assert places.bytes == 2 * size_in_bytes(A)


def test_buffers_of_one_statement_are_apart():
    places = plan(program_of(*copies((A, B), (B, C))))
    assert not overlap(places, A, B)
    assert not overlap(places, B, C)


def test_places_are_aligned_and_padded_to_whole_vectors():
    small = [buffer(f"s{k}", k + 1, dtype) for k, dtype in enumerate(("bool", "float32", "int64", "float64"))]
    places = plan(program_of(*copies(*pairwise(small)), *copies((small[-1], small[0]))))
    assert all(offset % ALIGNMENT == 0 for offset in places.offsets.values())
    assert places.bytes % ALIGNMENT == 0
    assert all(size_in_bytes(b) >= ALIGNMENT for b in small)


def test_what_a_loop_carries_lives_as_long_as_the_loop():
    """a is made before the loop and read at its beginning; b, made at its end, is no reason to give a's memory away."""
    loop = For(Axis(3), copies((A, C), (C, B)))
    places = plan(program_of(*copies((D, A)), loop))
    assert not overlap(places, A, B)
    lives = lifetimes((*copies((D, A)), loop))
    assert lives[A].last >= lives[B].last


def test_what_leaves_a_loop_lives_from_its_beginning():
    loop = For(Axis(3), copies((A, B), (B, C)))
    places = plan(program_of(loop, *copies((C, D))))
    assert not overlap(places, A, C)


def test_what_is_made_and_used_in_one_step_shares_memory_inside_a_loop():
    places = plan(program_of(For(Axis(3), copies((A, B), (B, C), (C, D)))))
    assert overlap(places, A, C)


def test_steps_that_run_at_once_share_nothing():
    places = plan(program_of(For(Axis(3), copies((A, B), (B, C), (C, D)), "parallel")))
    assert not any(overlap(places, x, y) for x in (A, B, C, D) for y in (A, B, C, D) if x is not y)


def test_the_factors_of_a_product_live_until_its_last_entry_is_stored():
    rows, columns, inner = Axis(10), Axis(10), Axis(10)
    product = MatrixProduct("float64")
    at = along(rows) * 10 + along(columns)
    contract = Contract(
        rows,
        columns,
        inner,
        (A, along(rows) * 10 + along(inner)),
        (B, along(inner) * 10 + along(columns)),
        product,
        (Store(C, at, product),),
    )
    places = plan(program_of(*copies((D, A), (D, B)), contract))
    assert not overlap(places, A, C)
    assert not overlap(places, B, C)


def test_the_flag_and_the_tape_of_a_while_loop_live_through_it():
    flag = buffer("flag", 1, "bool")
    load = Load(A, AT)
    loop = While((Store(flag, AT, load),), flag, copies((B, C), (C, D)))
    places = plan(program_of(*copies((D, B)), loop))
    for other in (C, D):
        assert not overlap(places, flag, other)
    assert not overlap(places, B, D)


@pytest.mark.parametrize("group", range(rounds(2, 8)))
def test_lives_of_random_programs_that_meet_are_apart(group):
    for seed in range(group * 25, group * 25 + 25):
        program, _ = lowered(random_case(seed))
        places, lives = plan(program), lifetimes(program.body)
        assert places.offsets.keys() == lives.keys()
        order = sorted(lives, key=lambda b: lives[b].first)
        for k, a in enumerate(order):
            for b in order[k + 1 :]:
                if lives[b].first > lives[a].last:
                    break
                assert not overlap(places, a, b)


def test_a_plan_that_puts_all_in_one_place_gives_wrong_results():
    """The arena that the tests of lowering use finds it."""
    wrong = 0
    for seed in range(40):
        program, arrays = lowered(random_case(seed, tiny=True))
        places = plan(program)
        if len(places.offsets) < 3:
            continue
        try:
            good = run(program, arrays)
            bad = in_arena(program, arrays, ArenaPlan(dict.fromkeys(places.offsets, 0), places.bytes))
        except GraphError:
            continue
        wrong += any(a.tobytes() != b.tobytes() for a, b in zip(good, bad, strict=True))
    assert wrong >= 5


def test_a_chain_of_products_takes_the_memory_of_two():
    x = input_node("x", ArrayType((16, 16)))
    y = x
    for _ in range(6):
        y = apply("einsum", y, x, inputs=((0, 1), (1, 2)), output=(0, 2))
    program, arrays = lowered(Case(Graph((x,), (y,)), {"x": np.eye(16)}))
    assert plan(program).bytes == 2 * 16 * 16 * 8
    np.testing.assert_array_equal(in_arena(program, arrays)[0], np.eye(16))

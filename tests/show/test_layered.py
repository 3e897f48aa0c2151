"""The layered layout: edges go forward, nothing overlaps, long edges are straight, crossings fall, the result is always the same."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thorough import rounds
from wengert.notes.show.layered import Box, Link, assign_layers, layout
from wengert.notes.show.ordering import crossings, reduce_crossings


def graph(size: int, seed: int) -> tuple[dict[str, Box], list[Link]]:
    rng = random.Random(seed)
    boxes = {f"n{k}": Box(rng.uniform(20, 90), rng.uniform(10, 40), rng.uniform(10, 60), 10) for k in range(size)}
    links = [
        Link(f"n{p}", f"n{k}", (40, 16) if rng.random() < 0.3 else None)
        for k in range(1, size)
        for p in sorted({rng.randrange(max(0, k - 9), k) for _ in range(rng.choice((0, 1, 2, 3)))})
    ]
    return boxes, links


graphs = st.builds(graph, st.integers(1, 60), st.integers(0, 10**6))


@given(graphs)
@settings(max_examples=rounds(8, 25), deadline=None)
def test_every_edge_runs_forward(given_graph):
    boxes, links = given_graph
    layer = assign_layers(list(boxes), [(link.tail, link.head) for link in links])
    assert all(layer[link.tail] < layer[link.head] for link in links)
    assert sorted(set(layer.values())) == list(range(max(layer.values()) + 1))
    for link, route in zip(links, layout(boxes, links).routes, strict=True):
        along = [point[0] for stretch in route.stretches for point in stretch]
        assert all(a <= b + 1e-9 for a, b in pairwise(along)), link


@given(graphs)
@settings(max_examples=rounds(8, 25), deadline=None)
def test_boxes_of_one_layer_do_not_overlap(given_graph):
    boxes, links = given_graph
    placed = layout(boxes, links)
    rects = []
    for name, (along, across) in placed.middles.items():
        box = boxes[name]
        rects.append((along - box.along / 2, along + box.along / 2, across - box.before, across + box.after))
    for k, a in enumerate(rects):
        for b in rects[:k]:
            assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
    assert all(r[0] >= -1e-9 and r[2] >= -1e-9 and r[1] <= placed.along + 1e-9 for r in rects)


@given(graphs)
@settings(max_examples=rounds(4, 10), deadline=None)
def test_layout_is_deterministic(given_graph):
    assert layout(*given_graph) == layout(*given_graph)


def test_inputs_stand_directly_before_their_first_use():
    layer = assign_layers(list("wxbzytLl"), [("w", "z"), ("x", "z"), ("b", "z"), ("z", "y"), ("y", "L"), ("t", "L")])
    assert (layer["x"], layer["t"], layer["L"]) == (0, 2, 3)


def test_a_chain_is_a_straight_line():
    boxes = {name: Box(40, 20, 20, 10) for name in "abcd"}
    placed = layout(boxes, [Link("a", "b"), Link("b", "c"), Link("c", "d")])
    assert len({across for _, across in placed.middles.values()}) == 1


def test_a_long_edge_is_straight_between_its_ends():
    names = "abcdef"
    boxes = {name: Box(40, 20, 20, 30) for name in names}
    links = [Link(a, b) for a, b in pairwise(names)] + [Link("a", "f")]
    long = layout(boxes, links).routes[-1]
    assert len({point[1] for stretch in long.stretches[1:-1] for point in stretch}) == 1


def test_crossings_that_can_go_do_go():
    layers = [[0, 1, 2], [3, 4, 5]]
    below = {0: [5], 1: [4], 2: [3], 3: [], 4: [], 5: []}
    above = {3: [2], 4: [1], 5: [0], 0: [], 1: [], 2: []}
    assert crossings(layers, below) == 3
    assert crossings(reduce_crossings(layers, above, below), below) == 0


@given(graphs)
@settings(max_examples=rounds(5, 15), deadline=None)
def test_crossings_are_counted_as_pairs(given_graph):
    _, links = given_graph
    tails, heads = sorted({link.tail for link in links}), sorted({link.head for link in links})
    below = {
        k: [len(tails) + heads.index(link.head) for link in links if link.tail == name] for k, name in enumerate(tails)
    }
    layers = [list(range(len(tails))), list(range(len(tails), len(tails) + len(heads)))]
    pairs = [(a, b) for a in layers[0] for b in below[a]]
    slow = sum((a - c) * (b - d) < 0 for k, (a, b) in enumerate(pairs) for c, d in pairs[:k])
    assert crossings(layers, {**below, **{n: [] for n in layers[1]}}) == slow


def test_a_cycle_is_refused():
    with pytest.raises(AssertionError, match="cycle"):
        assign_layers(["a", "b"], [("a", "b"), ("b", "a")])

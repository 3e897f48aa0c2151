"""Kernels in words: nothing is read before it is kept, and every result is kept once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wengert as wg
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.types import ArrayType, Dim
from wengert.core.ops import control
from wengert.core.passes import pipeline
from wengert.targets.native.loops.show_kernels import show_kernels
from wengert.targets.ready import with_sizes

EXAMPLES = sorted((Path(__file__).parents[4] / "examples").glob("*.t*"))


def batch_step(path):
    """The step of a file over a batch, its sizes numbers."""
    system = wg.equations(path)
    data = [name for name in system.data.inputs if name in ("x", "t")]
    graph = pipeline.run(system.batch(data).backward(wrt=[n for n in system.data.inputs if n not in data]).graph())
    sizes = {size.name for x in graph.inputs for size in x.shape if isinstance(size, Dim)}
    return with_sizes(graph, {name: 3 + k for k, name in enumerate(sorted(sizes))})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_nothing_is_read_before_it_is_kept_and_every_result_is_kept_once(path):
    graph = batch_step(path)
    known, kept = set(graph.input_names), []
    for paragraph in show_kernels(graph).split("\n\n")[1:]:
        if paragraph.startswith("out"):
            continue
        read = re.search(r"^  reads     (.*)$", paragraph, re.MULTILINE)
        assert set(read[1].split(", ") if read else ()) <= known
        names = re.findall(r"([^,:]+): \w+\[", re.search(r"^  keeps     (.*)$", paragraph, re.MULTILINE)[1])
        kept += [name.strip() for name in names]
        known |= set(kept)
    assert len(kept) == len(set(kept))
    assert {name for name, y in zip(graph.names, graph.outputs, strict=True) if y not in graph.inputs} <= set(kept)


def test_matrix_product_says_what_is_finished_in_registers():
    a, b = input_node("a", ArrayType((64, 32))), input_node("b", ArrayType((32, 16)))
    product = apply("einsum", a, b, inputs=((0, 1), (1, 2)), output=(0, 2))
    assert show_kernels(Graph((a, b), (apply("tanh", product),), ("y",))) == (
        "in   a: float64[64×32]\n"
        "in   b: float64[32×16]\n"
        "\n"
        "kernel 1: a matrix product, 64×16 entries, finished while they are in registers\n"
        "  reads     a, b\n"
        "  computes  v1 = Σ_k a[i, k] · b[k, j]\n"
        "            y = tanh(v1)\n"
        "  keeps     y: float64[64×16]\n"
    )


def test_kernels_of_a_loop_stand_below_it():
    x, step = input_node("x", ArrayType((5,))), input_node("c", ArrayType((5,)))
    body = Graph((step,), (apply("sin", step) + step,), ("c",))
    loop = apply("scan", x, body=body, carries=1, xs=0, length=10, reverse=False, first=None)
    shown = show_kernels(Graph((x,), (control.results(loop)[0],), ("y",)))
    assert shown == (
        "in   x: float64[5]\n"
        "\n"
        "kernel 1: scan, by itself\n"
        "  reads     x\n"
        "  computes  v1 = scan(x, carries=1, xs=0, length=10, reverse=False, first=None)\n"
        "            body\n"
        "              in   c: float64[5]\n"
        "\n"
        "              kernel 1: a sweep over 5 entries\n"
        "                reads     c\n"
        "                computes  v1 = sin(c)\n"
        "                          c = v1 + c\n"
        "                keeps     c: float64[5]\n"
        "  keeps     v1: (float64[5])\n"
        "\n"
        "kernel 2: item, by itself\n"
        "  reads     v1\n"
        "  computes  y = item(v1, index=0)\n"
        "  keeps     y: float64[5]\n"
    )

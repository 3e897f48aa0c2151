"""The tests of the transforms with XLA in the place of the interpreter and of native code: what they say is said of the graph."""

from __future__ import annotations

from importlib import import_module

import pytest

import wengert as wg
from wengert.functions.run import programs
from wengert.functions.run.compiling import compile
from wengert.targets import compiled

MODULES = (
    "autograd_names",
    "beside",
    "checkpoints",
    "checks",
    "complex",
    "errors",
    "functions",
    "matrices",
    "matrix_functions",
    "primitives",
    "sparse",
    "watching",
    "whole_numbers",
)
BEYOND = {
    "test_gradients_of_batches_of_branches_and_loops": "the derivative of a while loop needs max_steps: see test_graphs.py",
    "test_a_sparse_jacobian_has_the_entries_of_the_dense_one[a loop until-reverse]": "the same",
}
"""Why a test does not hold here."""

for _module in MODULES:
    for _name, _found in vars(import_module(f"tests.transforms.test_{_module}")).items():
        if _name.startswith("test_") or isinstance(_found, type(pytest.fixture(lambda: None))):
            globals()[_name] = _found


def on_xla(graph):
    """A graph as a function of arrays in the order of its inputs."""
    run = compiled.compile(graph, "xla")
    return lambda *values: run(**dict(zip(graph.input_names, values, strict=True)))


@pytest.fixture(autouse=True)
def backend(request, monkeypatch):
    for name in (request.node.originalname, request.node.name):
        if name in BEYOND:
            pytest.skip(BEYOND[name])
    ready = {}

    def interpreted(self, *values):
        if self not in ready:
            ready[self] = on_xla(self.graph)
        return ready[self](*values)

    monkeypatch.setattr(programs.GraphRunner, "interpreted", interpreted)
    monkeypatch.setattr(programs, "compiled", lambda program: on_xla(program.graph))
    monkeypatch.setattr(wg, "compile", lambda f, **options: compile(f, **{"backend": "xla", **options}))

"""Sections A to D of the corpus: numbers forward and backward, and the printed backward pass read back."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import Entry, entries, run_python

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from tests.notation.helpers import read_backward
from tests.thorough import everyday
from wengert.core.ir.graph import Graph
from wengert.core.ir.names import bar, is_bar
from wengert.core.ir.walk import topological
from wengert.core.ops.evaluate import evaluate
from wengert.notes.derive.printed import FORMS, LinePrinter
from wengert.notes.derive.random_points import concrete
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Line

Case = tuple[Entry, wg.System, wg.Derivation]
CASES = [(key, syntax) for key in entries() for syntax in ("text", "latex") if (key, syntax) != ("E09", "latex")]
"""The recurrence in E09's LaTeX comes with a later release."""


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request: pytest.FixtureRequest) -> tuple[Entry, wg.System, wg.Derivation]:
    """An entry with its system and the backward pass of that."""
    key, syntax = request.param
    entry = entries()[key]
    wrt = tuple(entry.name(name) for name, _, _ in entry.variables)
    return entry, system_of(entry.text(syntax), syntax), derivation_of(entry.text(syntax), syntax, wrt)


def inputs_of(entry: Entry, system: wg.System, values: dict[str, Any]) -> dict[str, Any]:
    names = [entry.name(name) for name, _, _ in entry.variables + entry.constants]
    return {system.name(name): values[entry.python_name(name)] for name in names}


@everyday(1, "case", "seed")
@pytest.mark.parametrize("seed", range(3))
def test_forward_and_derived_numbers_equal_the_corpus(case: Case, seed: int, tmp_path: Path) -> None:
    entry, system, derivation = case
    values = run_python(entry, tmp_path, seed)
    given = inputs_of(entry, system, values)
    identifier = {name: q.identifier for name, q in system.data.quantities.items()}
    forward = system.forward(**{identifier[n]: v for n, v in given.items()})
    for name in system.data.quantities:
        expected = values.get(entry.python_name(name))
        if expected is not None and name in [line.name for line in system.data.lines]:
            np.testing.assert_allclose(
                forward[identifier[name]], np.squeeze(expected), rtol=1e-9, atol=1e-12, err_msg=name
            )
    signal = {} if derivation.data.seeded and entry.outputs[0][0].startswith("L") else None
    factor = 1.0
    if signal is None:
        if derivation.data.seeded:
            factor = values[f"{entry.outputs[0][0]}_bar"]
        else:
            signal = {f"{identifier[derivation.data.loss]}_bar": values[f"{entry.outputs[0][0]}_bar"]}
    _, gradients = derivation.function()(**{identifier[n]: v for n, v in given.items()}, **(signal or {}))
    for name, _, _ in entry.variables:
        ours = gradients[identifier[system.name(entry.name(name))]] * factor
        np.testing.assert_allclose(ours, values[f"{name}_bar"], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.parametrize("key", entries())
def test_gradients_on_xla_are_those_of_the_interpreter(key: str, tmp_path: Path) -> None:
    entry = entries()[key]
    wrt = tuple(entry.name(name) for name, _, _ in entry.variables)
    system, derivation = system_of(entry.text("text"), "text"), derivation_of(entry.text("text"), "text", wrt)
    values = run_python(entry, tmp_path, 0)
    identifier = {name: q.identifier for name, q in system.data.quantities.items()}
    given = {identifier[n]: v for n, v in inputs_of(entry, system, values).items()}
    if not derivation.data.seeded:
        given[f"{identifier[derivation.data.loss]}_bar"] = values[f"{entry.outputs[0][0]}_bar"]
    loss, gradients = derivation.function("xla")(**given)
    expected, others = derivation.function("interpreter")(**given)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    assert set(gradients) == set(others)
    for name, gradient in others.items():
        size = np.max(np.abs(gradient), initial=0)
        np.testing.assert_allclose(gradients[name], gradient, rtol=1e-10, atol=1e-13 * size, err_msg=name)


def test_the_check_on_the_spot_passes(case: Case) -> None:
    entry, _, derivation = case
    report = derivation.check()
    assert report.quantities >= len(entry.variables)
    assert report.difference < 1e-11


@everyday(1, lambda case, form: (case, form), "syntax")
@pytest.mark.parametrize("form", [form for form in FORMS if form != "elements"])
@pytest.mark.parametrize("syntax", ["text", "latex", "ascii"])
def test_the_printed_backward_pass_is_read_back_with_the_same_numbers(
    case: Case, form: str, syntax: str, tmp_path: Path
) -> None:
    entry, system, derivation = case
    values = run_python(entry, tmp_path, 0)
    env = all_values(entry, system, derivation, values)
    symbols = system.data.reading.symbols
    read, named = 0, list[str]()
    sums = {each.name for line in derivation.data.lines for each in line.sums}
    for line in LinePrinter(system.data, form).backward(derivation.data):
        for right in line.rights:
            one = Line(line.left, (right,))
            text = latex.show(one, symbols) if syntax == "latex" else unicode.show(one, syntax == "ascii", symbols)
            whole = (r" \\ " if syntax == "latex" else "\n").join([*named, text])
            *_, definition = read_backward(system, whole, "latex" if syntax == "latex" else "text")
            assert is_bar(definition.name) or definition.name in sums, text
            expected = env[definition.name]
            np.testing.assert_allclose(
                number_of(definition.node, env, system), expected, rtol=1e-9, atol=1e-12, err_msg=text
            )
            read += 1
        if definition.name in sums:
            named.append(text)
    assert read >= len(entry.variables)


def all_values(entry: Entry, system: wg.System, derivation: wg.Derivation, values: dict[str, Any]) -> dict[str, Any]:
    """Every forward value and every error signal, by the executed graphs."""
    data = system.data
    env = dict(inputs_of(entry, system, values))
    order = tuple(line.name for line in data.lines)
    env |= dict(zip(order, evaluate(concrete(data.graph(order)), env), strict=True))
    env[bar(derivation.data.loss)] = np.asarray(1.0) if derivation.data.seeded else values[f"{entry.outputs[0][0]}_bar"]
    names = tuple(bar(line.name) for line in derivation.data.lines if line.name != derivation.data.loss)
    names += tuple(each.name for line in derivation.data.lines for each in line.sums)
    graph = concrete(derivation.data.graph(names))
    env |= dict(zip(names, evaluate(graph, {n: env[n] for n in graph.input_names}), strict=True))
    return env


def number_of(node: Any, env: dict[str, Any], system: wg.System) -> Any:
    leaves = tuple(n for n in topological([node]) if n.op.name == "input")
    assert all(str(leaf.params["name"]) in env for leaf in leaves)
    sizes = {}
    for name, quantity in system.data.quantities.items():
        sizes |= {
            s.name: n for s, n in zip(quantity.type.shape, np.shape(env[name]), strict=True) if not isinstance(s, int)
        }
    (value,) = evaluate(
        concrete(Graph(leaves, (node,))),
        {str(leaf.params["name"]): env[str(leaf.params["name"])] for leaf in leaves},
        sizes,
    )
    return value

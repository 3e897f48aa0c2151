"""An equation system as a model: written for one example, trained over the batch.

The data tells which quantities get the letter n in front; parameters are named by the file or by the user, every other free
quantity needs data or a value. It knows no files and no loop.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.api import System, equations_from_text
from wengert.backends import interpreter
from wengert.derive.backward import derive
from wengert.derive.report import show_line
from wengert.errors import EquationError, ShapeError
from wengert.ir.graph import Graph
from wengert.ir.system import bar
from wengert.ir.types import Dim
from wengert.ir.walk import depends_on
from wengert.passes import pipeline
from wengert.train.checkpoint import SavedModel
from wengert.train.session import Task

Array = Any


def task(
    text: str,
    *,
    params: Sequence[str] = (),
    constants: Mapping[str, Any] | None = None,
    syntax: str | None = None,
    loss: str | None = None,
) -> Task:
    """The training task of a text of equations: `params` beyond those it declares, values for `constants` such as λ.

    Raises EquationError where the text cannot be read, a name is unknown, no parameter is named or the loss is no scalar.
    """
    system = equations_from_text(text, syntax)
    data = system.data
    if loss is not None:
        data = system.with_loss(loss).data
        system = System(data)
    names = tuple(dict.fromkeys((*data.params, *(system.name(p) for p in params))))
    if not names:
        raise EquationError(
            "these equations name no parameters",
            f"  the free quantities are {', '.join(data.inputs)}",
            f"add a line  params {', '.join(data.inputs[:2])}  to the file, or give --params",
        )
    for name in names:
        if data.defines(name):
            raise EquationError(
                f"'{name}' is computed by a line, so it cannot be a parameter",
                repair=f"the free quantities are {', '.join(data.inputs)}",
            )
    if data.quantities[data.loss].type.rank:
        system.batch([n for n in data.inputs if n not in names][:1])  # raises, with the repair
    values = {system.name(name): np.asarray(value) for name, value in (constants or {}).items()}
    given = [name for name in data.inputs if name not in names and name not in values]
    spelled = {name: quantity.identifier for name, quantity in data.quantities.items()}
    context = {
        "params": json.dumps([spelled[n] for n in names]),
        "constants": json.dumps({spelled[n]: v.tolist() for n, v in values.items()}),
    }
    context |= {"syntax": syntax or "", "loss": loss or ""}

    def build(columns: Mapping[str, Array], sizes: Mapping[str, int]) -> EquationModel:
        return EquationModel.build(system, names, values, columns, sizes)

    return Task(text, tuple(spelled[n] for n in given), build, context, lambda name: spelled[system.name(name.strip())])


def task_from(saved: SavedModel) -> Task:
    """The task of a model file again."""
    context = saved.context
    return task(
        saved.equations,
        params=json.loads(context["params"]),
        constants=json.loads(context["constants"]),
        syntax=context["syntax"] or None,
        loss=context["loss"] or None,
    )


@dataclass(frozen=True)
class EquationModel:
    """A batch's system with its compiled forward and backward pass; see `loop.Model`."""

    system: System
    fingerprint: str
    parameters: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int]
    loss_name: str
    names: Mapping[str, str]
    """The quantity of each Python identifier."""
    constants: Mapping[str, Array]
    bound: Mapping[str, int]
    program: Callable[..., tuple[Array, ...]]
    programs: dict[tuple[str, ...], tuple[tuple[str, ...], Callable[..., tuple[Array, ...]]]]

    @staticmethod
    def build(
        system: System,
        params: Sequence[str],
        constants: Mapping[str, Array],
        columns: Mapping[str, Array],
        sizes: Mapping[str, int],
    ) -> EquationModel:
        """The model once the data is there: the batch's system, every size, the compiled step.

        Raises EquationError where a free quantity has no value, ShapeError where sizes disagree or stay unknown.
        """
        names = {q.identifier: n for n, q in system.data.quantities.items()}
        bound = {names[spelled]: array for spelled, array in columns.items()}
        whole = batch_system(system, params, constants, bound)
        known = known_sizes(whole, bound, constants, sizes, system)
        shapes = {whole.data.quantities[n].identifier: parameter_shape(whole, n, known) for n in params}
        backward = derive(whole.data, wrt=params)
        graph = pipeline.run(backward.graph((backward.loss, *(bar(n) for n in params)), seed_one=True))
        batch = {size.name for n in bound for size in whole.data.quantities[n].type.shape[:1] if isinstance(size, Dim)}
        fixed = {name: size for name, size in known.items() if name not in batch}
        text = "\n".join(show_line(line.written, whole.data) for line in whole.data.lines)
        facts = [
            text,
            sorted(shapes.items()),
            sorted(fixed.items()),
            sorted((n, np.asarray(v).tolist()) for n, v in constants.items()),
        ]
        return EquationModel(
            whole,
            hashlib.sha256(json.dumps(facts, default=list).encode()).hexdigest(),
            shapes,
            {f"size {name}": size for name, size in fixed.items()},
            whole.data.quantities[whole.data.loss].identifier,
            names,
            dict(constants),
            fixed,
            interpreter.compile(graph, fixed),
            {},
        )

    def loss_and_gradients(
        self, params: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        """(1/N) Σ_n L_n + R and its gradients."""
        loss, *gradients = self.program(**self._values(params, batch))
        typed = {
            name: np.asarray(g, dtype=params[name].dtype) for name, g in zip(self.parameters, gradients, strict=True)
        }
        return float(loss), typed

    def forward(self, params: Mapping[str, Array], batch: Mapping[str, Array]) -> dict[str, Array]:
        """Every quantity that the batch suffices for, in the order of lines."""
        order, program = self._forward_program(tuple(sorted(batch)))
        quantities = self.system.data.quantities
        if not order:
            return {}
        results = program(**self._values(params, batch))
        return {quantities[name].identifier: np.asarray(value) for name, value in zip(order, results, strict=True)}

    def _values(self, params: Mapping[str, Array], batch: Mapping[str, Array]) -> dict[str, Array]:
        return {self.names[name]: value for name, value in (*params.items(), *batch.items())} | dict(self.constants)

    def _forward_program(self, given: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[..., tuple[Array, ...]]]:
        if given not in self.programs:
            data = self.system.data
            have = {self.names[name] for name in (*self.parameters, *given)} | set(self.constants)
            absent = [data.leaves[name] for name in data.inputs if name not in have]
            values = data.values()
            order = [line.name for line in data.lines]
            reached = depends_on([values[name] for name in order], absent)
            order = [name for name in order if values[name] not in reached]
            inputs = tuple(data.leaves[name] for name in data.inputs if name in have)
            graph = Graph(inputs, tuple(values[name] for name in order), tuple(order))
            self.programs[given] = tuple(order), interpreter.compile(pipeline.run(graph), self.bound)
        return self.programs[given]


def batch_system(
    system: System, params: Sequence[str], constants: Mapping[str, Array], bound: Mapping[str, Array]
) -> System:
    """The system over the batch; the system itself where it is written over the batch already.

    Raises EquationError where a free quantity has neither data nor a value, or an array has a wrong number of axes.
    """
    data = system.data
    absent = [n for n in data.inputs if n not in bound and n not in params and n not in constants]
    # At prediction the target may be missing; what depends on it is left out of the forward pass.
    if not bound:
        raise EquationError(
            "no data is bound to these equations",
            repair=f"bind one of {', '.join(absent)}:  --bind {absent[0] if absent else 'x'}=column",
        )
    extra = {name: np.ndim(array) - data.quantities[name].type.rank for name, array in bound.items()}
    if set(extra.values()) == {0}:
        return system
    for name, more in extra.items():
        if more != 1:
            rank = data.quantities[name].type.rank
            raise EquationError(
                f"'{name}' has {rank} axes for one example, but its data has {np.ndim(bound[name])} axes for all examples",
                f"  the data bound to {name} has the shape {np.shape(bound[name])}",
                f"bind an array with {rank + 1} axes, the examples first"
                if rank
                else "bind a single column, one number an example",
            )
    return system.batch([*bound, *(n for n in absent if n not in constants)])


def known_sizes(
    whole: System, bound: Mapping[str, Array], constants: Mapping[str, Array], stated: Mapping[str, int], system: System
) -> dict[str, int]:
    """The number of every named size: from the data, from constants, and as the user states them.

    Raises ShapeError where two disagree, EquationError where a stated size is not that of a vector.
    """
    found: dict[str, tuple[int, str]] = {}

    def know(size: object, number: int, origin: str) -> None:
        if not isinstance(size, Dim):
            if size != number:
                raise ShapeError(
                    f"an axis has {size} entries in the equations but {number} in {origin}",
                    repair="correct the data or the equations",
                )
            return
        have = found.setdefault(size.name, (int(number), origin))
        if have[0] != number:
            raise ShapeError(
                f"the same axis has {have[0]} entries in {have[1]} but {number} in {origin}",
                repair="bind arrays of matching shapes, or correct --size",
            )

    for name, array in (*bound.items(), *constants.items()):
        for size, number in zip(whole.data.quantities[name].type.shape, np.shape(array), strict=True):
            know(size, number, f"the data of {name}" if name in bound else f"the value of {name}")
    for spelled, number in stated.items():
        if spelled.startswith("size "):
            know(Dim(spelled.removeprefix("size ")), number, "the saved model")
            continue
        name = system.name(spelled)
        shape = system.data.quantities[name].type.shape
        if len(shape) != 1:
            raise EquationError(
                f"--size {spelled}={number}: '{name}' has {len(shape)} axes, so its size is no single number",
                repair="name a vector of that size",
            )
        know(shape[0], number, f"--size {spelled}={number}")
    return {name: number for name, (number, _) in found.items()}


def parameter_shape(whole: System, name: str, known: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of a parameter in numbers.

    Raises ShapeError where the data and --size leave a size open.
    """
    shape: list[int] = []
    for size in whole.data.quantities[name].type.shape:
        number = known.get(size.name) if isinstance(size, Dim) else size
        if number is None:
            owners = [
                n
                for n, q in whole.data.quantities.items()
                if size in q.type.shape and len([s for s in q.type.shape if s in known or s == size]) <= 2
            ]
            vector = next((n for n in owners if whole.data.defines(n)), name)
            raise ShapeError(
                f"the data does not tell the size of an axis of '{name}'",
                f"  it is the size of {', '.join(owners)}",
                f"state it:  --size {whole.data.quantities[vector].identifier}=32",
            )
        shape.append(int(number))
    return tuple(shape)

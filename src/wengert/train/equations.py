"""An equation system as a model: written for one example, trained over the batch.

The data tells which quantities get the letter n in front; parameters are named by the file or by the user, every other free
quantity needs data or a value. It knows no files and no loop.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wengert.api import System, equations_from_text
from wengert.core.ir.graph import Graph
from wengert.core.ir.names import bar
from wengert.core.ir.types import Dim
from wengert.core.ir.walk import depends_on
from wengert.core.passes import pipeline
from wengert.core.passes.precision import in_dtype
from wengert.errors import EquationError, ModelError
from wengert.notes.derive.backward import derive, influence
from wengert.notes.derive.report import show_line
from wengert.targets import interpreter
from wengert.targets.base import mesh_target, target
from wengert.targets.compiled import compile
from wengert.targets.mesh import Sharding
from wengert.train import schema
from wengert.train.checkpoint import SavedModel
from wengert.train.model import Updates
from wengert.train.optimizers import NamedOptimizer
from wengert.train.schema import WrongError
from wengert.train.sizes import SAVED, SystemSizes, batch_system
from wengert.train.task import Task

MOST_IN_A_CALL = 4096
"""So many updates XLA makes in a call at most; an epoch of fewer is one call."""
Array = Any
Program = Callable[..., tuple[Array, ...]]


def task(
    text: str,
    *,
    params: Sequence[str] = (),
    constants: Mapping[str, Any] | None = None,
    syntax: str | None = None,
    loss: str | None = None,
    backend: str = "native",
    document: tuple[str, int] = ("", 0),
    sharding: Sharding | None = None,
) -> Task:
    """The training task of a text of equations: `params` beyond those it declares, values for `constants` such as λ.

    Of a document: the name of its file, and which of its systems is meant, counted from 1, 0 where it has one only.

    Raises EquationError where the text cannot be read, a name is unknown, no parameter is named or the loss is no scalar,
    GraphError where there is no such back end.
    """
    target(backend)
    if sharding is not None:
        mesh_target(backend)
    system = equations_from_text(text, syntax, document[0], system=document[1] or None)
    if loss is not None:
        system = _for_loss(system.with_loss(_named(system, loss, f"--loss {loss}")))
    _refuse_loss_of_entries(system)
    data = system.data
    names = _parameters(system, params)
    values = _constants(system, constants or {}, names)
    given = [name for name in data.inputs if name not in names and name not in values]
    spelled = {name: quantity.identifier for name, quantity in data.quantities.items()}
    context = {
        "params": json.dumps([spelled[n] for n in names]),
        "constants": json.dumps({spelled[n]: v.tolist() for n, v in values.items()}),
        "syntax": syntax or "",
        "loss": loss or "",
        "document": json.dumps(document),
    }

    def build(columns: Mapping[str, Array], sizes: Mapping[str, int]) -> EquationModel:
        return EquationModel.build(system, names, values, columns, sizes, backend, sharding)

    def canonical(name: str) -> str:
        try:
            return spelled[system.name(name.strip())]
        except EquationError:
            return name.strip()  # whoever asked says that there is no such name, and where it stands

    return Task(text, tuple(spelled[n] for n in given), build, context, canonical, system.warnings)


def task_from(
    saved: SavedModel,
    text: str | None = None,
    params: Sequence[str] = (),
    constants: Mapping[str, Any] | None = None,
    loss: str | None = None,
    backend: str = "native",
    document: tuple[str, int] | None = None,
    sharding: Sharding | None = None,
) -> Task:
    """The task of a model file again; to resume it, with the text that is now given and what is stated anew."""
    try:
        kept = _CONTEXT({"document": json.dumps(("", 0)), **saved.context}, "context")
    except WrongError as error:
        raise ModelError(
            "The model file does not say which names are its parameters and constants.",
            f"  '{error.place}' {error.fault}",
            "Use a file that 'wengert train' wrote.",
        ) from error
    return task(
        saved.equations if text is None else text,
        params=tuple(params) or kept["params"],
        constants={**kept["constants"], **(constants or {})},
        syntax=kept["syntax"] or None,
        loss=loss or kept["loss"] or None,
        backend=backend,
        document=kept["document"] if document is None else document,
        sharding=sharding,
    )


def _in_json(reader: schema.Reader) -> schema.Reader:
    """What the reader takes, as a text of JSON; a constant may be infinite."""

    def read(value: Any, place: str) -> Any:
        try:
            found = json.loads(schema.text(value, place))
        except (ValueError, RecursionError) as error:
            raise WrongError(place, f"is no JSON: {error}") from error
        return reader(found, place)

    return read


def _numbers(value: Any, place: str) -> Any:
    """A number, or lists of lists of them of one length."""
    try:
        if np.asarray(value).dtype.kind in "if":
            return value
    except ValueError:  # lists of different lengths
        pass
    raise schema.wrong(value, place, "an array of numbers")


def _document(value: Any, place: str) -> tuple[str, int]:
    """The name of a document and the number of a system in it."""
    if not isinstance(value, list) or len(value) != 2:
        raise schema.wrong(value, place, "a name and a number")
    return schema.text(value[0], place), schema.whole(0, 10**6)(value[1], place)


_CONTEXT = schema.fields(
    {
        "params": _in_json(schema.distinct(schema.name)),
        "constants": _in_json(schema.by_name(_numbers)),
        "syntax": schema.one_of("", "text", "latex"),
        "loss": schema.text,
        "document": _in_json(_document),
    }
)
"""What a task of equations keeps in its model file."""


def _named(system: System, spelled: str, where: str) -> str:
    """The quantity that an option means.

    Raises EquationError, with the option as the place, where there is none.
    """
    try:
        return system.name(spelled)
    except EquationError as error:
        raise EquationError(
            error.what, f"  {where}", f"Write one of the quantities:  {', '.join(system.names)}"
        ) from None


def _for_loss(system: System) -> System:
    """The system without the inputs that its loss does not need, and without the lines that read them."""
    data = system.data
    idle = set(data.inputs) - influence(data, data.loss)
    for line in data.lines:
        if idle & set(data.parents(line.name)):
            idle.add(line.name)
    return System(
        replace(
            data,
            quantities={name: q for name, q in data.quantities.items() if name not in idle},
            leaves={name: leaf for name, leaf in data.leaves.items() if name not in idle},
            lines=tuple(line for line in data.lines if line.name not in idle),
            params=tuple(name for name in data.params if name not in idle),
            data=tuple(name for name in data.data if name not in idle),
        )
    )


def _refuse_loss_of_entries(system: System) -> None:
    data = system.data
    shape = data.quantities[data.loss].type.shape
    if shape:
        written = next((show_line(line.written, data) for line in data.lines if line.name == data.loss), data.loss)
        each = ", ".join(f"'{letter}'" for letter in data.quantities[data.loss].letters) or "entry"
        raise EquationError(
            f"Training needs one number as the loss, and '{data.loss}' has one for each {each}.",
            f"  {written}",
            "Name another quantity with --loss, or add a last line:  L = ½ Σ_k (y_k − t_k)²",
        )


def _parameters(system: System, stated: Sequence[str]) -> tuple[str, ...]:
    """The declared parameters and those stated."""
    data = system.data
    names = tuple(dict.fromkeys((*data.params, *(_named(system, p, f"--params {p}") for p in stated))))
    free = [name for name in data.inputs if name not in data.data]
    if not names:
        raise EquationError(
            "These equations name no parameters.",
            f"  the free quantities are {', '.join(data.inputs)}",
            f"Name them with --params, or add a line to the file:  params {', '.join((free or data.inputs)[:2])}",
        )
    for name in names:
        if data.defines(name):
            raise EquationError(
                f"'{name}' is computed by a line, so it cannot be a parameter.",
                f"  {show_line(data.line(name).written, data)}",
                f"Name free quantities:  {', '.join(free)}",
            )
    return names


def _constants(system: System, given: Mapping[str, Any], params: Sequence[str]) -> dict[str, Array]:
    """Values by quantity, of the quantity's type."""
    values: dict[str, Array] = {}
    for spelled, value in given.items():
        where = f"--set {spelled}=…"
        name = _named(system, spelled, where)
        if system.data.defines(name) or name in params:
            raise EquationError(
                f"'{name}' is {'a parameter' if name in params else 'computed by a line'}, so it has no fixed value.",
                f"  {where}",
                "Give values to free quantities that are neither parameters nor data.",
            )
        whole = system.data.quantities[name].type.dtype == "int64"
        values[name] = np.asarray(value, dtype=np.int64 if whole else np.float64)
    return values


@dataclass(frozen=True)
class EquationModel:
    """A batch's system with its compiled forward and backward pass; see `model.Model`.

    It computes in float32 where all real numbers of the data are float32, else in float64. What is computed once comes from the
    interpreter, whatever the back end: it would not pay to compile, and a training starts with the same numbers on each.
    """

    system: System
    fingerprint: str
    parameters: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int]
    loss_name: str
    names: Mapping[str, str]
    """The quantity of each Python identifier."""
    constants: Mapping[str, Array]
    fixed: Mapping[str, int]
    """The number of each named size but the batch's."""
    batch: frozenset[str]
    """The named sizes of the batch."""
    dtype: str
    backend: str
    graph: Graph
    """(loss, gradient by each parameter) of a batch."""
    step: Program
    programs: dict[tuple[str, ...], tuple[tuple[str, ...], Program]]
    forward_backend: str = "interpreter"
    sharding: Sharding | None = None

    @staticmethod
    def build(
        system: System,
        params: Sequence[str],
        constants: Mapping[str, Array],
        columns: Mapping[str, Array],
        sizes: Mapping[str, int],
        backend: str = "native",
        sharding: Sharding | None = None,
    ) -> EquationModel:
        """The model once the data is there: the batch's system, every size, the compiled step.

        Raises ShapeError where sizes disagree or stay unknown.
        """
        quantities = system.data.quantities
        names = {q.identifier: sys.intern(n) for n, q in quantities.items()}
        bound = {names[spelled]: array for spelled, array in columns.items()}
        # At prediction the target may be missing; what depends on it is left out of the forward pass.
        absent = [n for n in system.data.inputs if n not in bound and n not in params and n not in constants]
        whole = batch_system(system, bound, absent)
        known = SystemSizes(whole)
        known.arrays(bound, "the data of")
        known.arrays(constants, "the value of")
        known.stated(system, sizes)
        shapes = {quantities[n].identifier: known.shape(system, n) for n in params}
        batch = {size.name for n in bound for size in whole.data.quantities[n].type.shape[:1] if isinstance(size, Dim)}
        fixed = {name: size for name, size in known.numbers.items() if name not in batch}
        floats = {np.asarray(array).dtype for array in columns.values() if np.asarray(array).dtype.kind == "f"}
        dtype = "float32" if floats == {np.dtype(np.float32)} else "float64"
        graph = in_dtype(_step_graph(whole, params), dtype)
        return EquationModel(
            system=whole,
            fingerprint=_fingerprint(system, shapes, fixed, constants),
            parameters=shapes,
            sizes={SAVED + name: size for name, size in fixed.items()},
            loss_name=quantities[whole.data.loss].identifier,
            names=names,
            constants={sys.intern(name): value for name, value in constants.items()},
            fixed=fixed,
            batch=frozenset(batch),
            dtype=dtype,
            backend=backend,
            graph=graph,
            step=interpreter.compile(graph, fixed),
            programs={},
            sharding=sharding,
        )

    def loss_and_gradients(
        self, params: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        """(1/N) Σ_n L_n + R and its gradients."""
        loss, *gradients = self.step(**self._values(params, batch))
        typed = {
            name: np.asarray(g, dtype=params[name].dtype) for name, g in zip(self.parameters, gradients, strict=True)
        }
        return float(loss), typed

    def updates(self, optimizer: NamedOptimizer, training: Mapping[str, Array], batch: int) -> Updates | None:
        """Many updates in one call; None where the back end is the interpreter."""
        if not target(self.backend).makes_code:
            return None
        from wengert.train import updates

        types = {str(x.params["name"]): x.type.dtype for x in self.graph.inputs}
        data = {self.names[spelled]: array for spelled, array in training.items()}
        arrays = {**data, **self.constants}
        examples = len(next(iter(training.values())))
        steps = min(max(examples // batch, 1), MOST_IN_A_CALL)
        parts: dict[str, Any] = {
            "step": self.graph,
            "sizes": self.fixed,
            "batch": self.batch,
            "parameters": {spelled: self.names[spelled] for spelled in self.parameters},
            "data": tuple(name for name in data if name in types),
            "arrays": {n: np.require(a, types[n], ["C", "A"]) for n, a in arrays.items() if n in types},
            "optimizer": optimizer,
        }
        if self.sharding is not None:
            from wengert.train.spread import SpreadUpdates

            return SpreadUpdates(**parts, system=self.system.data, sharding=self.sharding, planned=batch, at_once=steps)
        at_once = steps if self.backend == "xla" else updates.AT_ONCE
        return updates.ManyUpdates(**parts, examples=examples, backend=self.backend, at_once=at_once)

    def renamed(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        """Training data by the names of the equations, in the types of the step's inputs."""
        types = {str(x.params["name"]): x.type.dtype for x in self.graph.inputs}
        named = {self.names[spelled]: array for spelled, array in columns.items()}
        return {name: np.require(a, types[name], ["C", "A"]) for name, a in named.items() if name in types}

    def repeated(self) -> EquationModel:
        """The model whose forward pass is compiled too, once for each number of examples."""
        return replace(self, forward_backend=self.backend, programs={})

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

    def _forward_program(self, given: tuple[str, ...]) -> tuple[tuple[str, ...], Program]:
        """The lines that can be computed from the data names given, and the program that computes them."""
        if given not in self.programs:
            data = self.system.data
            have = {self.names[name] for name in (*self.parameters, *given)} | set(self.constants)
            absent = [data.leaves[name] for name in data.inputs if name not in have]
            values = data.values()
            lines = [line.name for line in data.lines]
            reached = depends_on([values[name] for name in lines], absent)
            order = tuple(name for name in lines if values[name] not in reached)
            inputs = tuple(data.leaves[name] for name in data.inputs if name in have)
            graph = Graph(inputs, tuple(values[name] for name in order), order)
            self.programs[given] = order, self._compiled(graph)
        return self.programs[given]

    def _compiled(self, graph: Graph) -> Program:
        return compile(in_dtype(pipeline.run(graph), self.dtype), self.forward_backend, self.fixed)


def _step_graph(whole: System, params: Sequence[str]) -> Graph:
    """(loss, gradient by each parameter) of a batch."""
    backward = derive(whole.data, wrt=params)
    return pipeline.run(backward.graph((backward.loss, *(bar(name) for name in params)), seed_one=True))


def _fingerprint(
    system: System,
    shapes: Mapping[str, tuple[int, ...]],
    sizes: Mapping[str, int],
    constants: Mapping[str, Array],
) -> str:
    """SHA-256 of the text (blank lines and margins aside), the loss, the parameters' shapes, the sizes and the constants.

    The text and not the graph: a later version that simplifies better still accepts the file.
    """
    lines = [line.strip() for line in system.data.source.split("\n") if line.strip()]
    facts = [
        lines,
        system.data.loss,
        sorted(shapes.items()),
        sorted(sizes.items()),
        sorted((name, np.asarray(value).tolist()) for name, value in constants.items()),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

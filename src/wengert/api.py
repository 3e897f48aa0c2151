"""The functions and classes behind the public names, each a few lines over the layers below."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.core.ir.graph import Graph
from wengert.core.ir.names import bar
from wengert.core.ir.types import Dim, bind_size
from wengert.core.passes import pipeline
from wengert.errors import EquationError, ShapeError
from wengert.files import files_beside, names_file, read_text
from wengert.notes.derive import backward as backward_pass
from wengert.notes.derive import difference as differences
from wengert.notes.derive import expand, steps, verify
from wengert.notes.derive.batch import batched
from wengert.notes.derive.printed import LinePrinter, default_form
from wengert.notes.derive.report import (
    comparison_text,
    derivation_latex,
    derivation_text,
    echo_text,
    show_line,
    steps_text,
)
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.system import SystemData
from wengert.notes.manuscripts.systems import system_of
from wengert.notes.notation.expr import Line
from wengert.notes.notation.reader import read, read_name
from wengert.notes.reading.formats import Files
from wengert.targets import interpreter
from wengert.targets.base import mesh_target
from wengert.targets.compiled import compile
from wengert.targets.lettered import Lettered
from wengert.targets.mesh import Mesh, Sharding

if TYPE_CHECKING:
    from wengert.notes.claims.review import Review
    from wengert.targets.stages import Stage

Array = Any


def equations(text_or_path: str | Path, syntax: str | None = None, *, system: int | None = None) -> System:
    """The system of forward equations in a text or a file: plain Unicode, LaTeX, Markdown, reStructuredText or a notebook.

    A `Path`, or a one-line string without "=" that names a file, is read from disk, with the files that it takes in. A document may hold
    a derivation made by hand, or several systems, of which `system` is the number of one, counted from 1.

    Raises EquationError where something cannot be read, with the place and what to write instead.
    """
    if names_file(text_or_path):
        path = Path(text_or_path)
        return equations_from_text(read_text(path), syntax, path.name, files_beside(path), system)
    return equations_from_text(str(text_or_path), syntax, system=system)


def review(text_or_path: str | Path) -> Review:
    """Whether each claimed v̄ is Σ_u ū ∂u/∂v with the author's own ū: a derivation made by hand, judged line by line.

    The text, or the file of a `Path`, has forward equations and after them what someone derived from them, with any prose around.
    The review prints as the report of `wengert check`; `.holds` says whether no claim is wrong, `.rows` has each claim with its
    status ("holds", "wrong", "defined", "unread"), line, column, kind of mistake and corrected line, `.to_json()` the same as data.
    A file that ends in .py is read as a program.

    Raises EquationError where the file is missing or the text too long.
    """
    from wengert.notes.claims.review import review as review_text
    from wengert.notes.claims.review import review_program

    if not names_file(text_or_path):
        return review_text(str(text_or_path))
    path = Path(text_or_path)
    text = read_text(path)
    return review_program(text) if path.suffix == ".py" else review_text(text, path.name, files_beside(path))


def equations_from_text(
    text: str,
    syntax: str | None = None,
    name: str = "",
    files: Files = lambda name: None,
    system: int | None = None,
) -> System:
    """The system in a text, which may be a whole document: the name of its file, the files beside it, the number of a system in it."""
    return System(elaborate(read(text, syntax=syntax)) if syntax else system_of(text, name, files, system))


def _key(name: str) -> str:
    """Python normalises identifiers to NFKC, so names are looked up that way."""
    return unicodedata.normalize("NFKC", name)


class System:
    """A system of forward equations: v_i computed from Pa(v_i), line by line; the last line is the loss."""

    def __init__(self, data: SystemData) -> None:
        self.data = data

    def __str__(self) -> str:
        return self.echo()

    def __repr__(self) -> str:
        return f"<System of {len(self.data.lines)} lines, loss {self.data.loss}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.echo(), "text/latex": self.latex()}

    def latex(self, form: str = "") -> str:
        """The forward equations as one aligned display, for notebooks and papers; in a form of its own, or as they are written."""
        return derivation_latex(self.data, LinePrinter(self.data, form or default_form(self.data)).forward(), ())

    def board(self, *, lang: str = "en", values: Mapping[str, Any] | None = None) -> Any:
        """The board of this system in a notebook: equations, graph, backward lines, steps and numbers, live.

        Raises MissingPackageError where the extra `board` is not installed.
        """
        return _board(self, lang, values)

    @property
    def names(self) -> tuple[str, ...]:
        """Every quantity, in the order of first appearance."""
        return tuple(self.data.quantities)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was guessed while reading."""
        return self.data.warnings

    def echo(self, *, ascii: bool = False, warnings: bool = True) -> str:
        """The system as it was read: canonical spelling, shapes, parameters and data; `warnings` are what was guessed."""
        return echo_text(self.data, ascii=ascii, warnings=warnings)

    def name(self, spelled: str) -> str:
        """The quantity that a spelling, or a Python identifier, means.

        Raises EquationError where there is none.
        """
        return resolve(self.data, spelled)

    def parents(self, name: str) -> tuple[str, ...]:
        """Pa(v): the quantities that the line of v reads; () for an input."""
        return self.data.parents(self.name(name))

    def children(self, name: str) -> tuple[str, ...]:
        """Ch(v): the quantities whose line reads v."""
        return self.data.children(self.name(name))

    def forward(self, **values: Array) -> dict[str, Array]:
        """Every quantity's value for given inputs, by Python identifier: v_i for i = 1 … N.

        Raises ShapeError where an input is missing or does not fit, EquationError where a name is unknown.
        """
        check_steps(self.data)
        given = self.inputs(values)
        results = interpreter.compile(self.prepared(tuple(line.name for line in self.data.lines)))(**given)
        found = dict(given) | {line.name: value for line, value in zip(self.data.lines, results, strict=True)}
        return {self.data.quantities[name].identifier: found[name] for name in self.data.quantities}

    def inputs(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """Values by quantity from values by any spelling.

        Raises EquationError where a name is unknown or none of the inputs, ShapeError where one is missing.
        """
        given = {self.name(spelled): value for spelled, value in values.items()}
        for name in given:
            if self.data.defines(name):
                raise EquationError(
                    f"'{name}' is computed by a line of the system, so it cannot be given.",
                    f"  {name}=…",
                    f"Give the inputs:  {', '.join(self.data.inputs)}",
                )
        missing = [name for name in self.data.inputs if name not in given]
        if missing:
            shapes = {self.data.quantities[n].identifier: _shape(self.data, n) for n in missing}
            raise ShapeError(
                f"{'An input has' if len(missing) == 1 else f'{len(missing)} inputs have'} no value.",
                "  " + ", ".join(f"{n}: {shape}" for n, shape in shapes.items()),
                f"Give {'it' if len(missing) == 1 else 'them'}:  {', '.join(f'{n}=…' for n in shapes)}",
            )
        return given

    def prepared(self, names: Sequence[str]) -> Graph:
        """The forward graph of some quantities after the pipeline's passes."""
        return pipeline.run(self.data.graph(tuple(names)))

    def backward(self, loss: str | None = None, wrt: str | Iterable[str] = ()) -> Derivation:
        """The backward pass from the loss (default: the last line) to `wrt` (default: the declared parameters, else every input).

        Raises EquationError where a name is unknown or does not influence the loss.
        """
        wanted = [wrt] if isinstance(wrt, str) else list(wrt)
        target = None if loss is None else self.name(loss)
        return Derivation(self, backward_pass.derive(self.data, target, [self.name(name) for name in wanted]))

    def with_loss(self, loss: str) -> System:
        """The same system with another scalar as its loss; lines that it does not need stay."""
        return System(replace(self.data, loss=self.name(loss)))

    def sizes(self, stated: Mapping[str, int]) -> dict[str, int]:
        """The numbers of named sizes, each stated by an index letter or by a vector that has it: n=64, x=64.

        Raises EquationError where a name is unknown, or is no vector whose size is open.
        """
        result: dict[str, int] = {}
        for spelled, number in stated.items():
            named = self.data.size_names.get(spelled)
            letter = next((dim for dim, letters in self.data.class_letters.items() if spelled in letters), named)
            shape = (letter,) if letter is not None else self.data.quantities[self.name(spelled)].type.shape
            if len(shape) != 1 or not isinstance(shape[0], Dim):
                raise EquationError(
                    f"'{spelled}' is not a vector whose size is open.",
                    f"  {spelled}={number}",
                    "Name an index letter, or a vector whose size is a letter.",
                )
            result[shape[0].name] = number
        return result

    def batch(self, data: Iterable[str]) -> System:
        """The system over a batch of examples: `data` and what depends on it with a leading axis, the loss averaged."""
        return System(batched(self.data, [self.name(name) for name in data]))


def resolve(system: SystemData, spelled: str) -> str:
    """The quantity that a spelling (w^(1), w⁽¹⁾, \\lambda, W) or a Python identifier (w_1, lam) means.

    Raises EquationError where there is none.
    """
    keys: dict[str, str] = {}
    for name, quantity in system.quantities.items():
        for known in (name, quantity.indexed, quantity.whole, quantity.identifier):
            keys.setdefault(_key(known), name)
    if _key(spelled) in keys:
        return keys[_key(spelled)]
    try:
        name = read_name(spelled, system.reading.symbols).name
    except EquationError:
        name = spelled
    if _key(name) in keys:
        return keys[_key(name)]
    raise EquationError(
        f"There is no quantity '{spelled}'.",
        f"  the quantities are {', '.join(system.quantities)}",
        "Write one of these names.",
    )


def check_steps(system: SystemData) -> None:
    """Refuse to run a recurrence of which neither the text nor an input says how many steps it has.

    Raises ShapeError.
    """
    if not system.recurrences:
        return
    name = system.recurrences[0].names[0]
    size = system.quantities[name].type.shape[system.time[name]]
    if isinstance(size, Dim) and not any(size in system.quantities[each].type.shape for each in system.inputs):
        letter, first = system.steps.letter, system.steps.first - system.steps.lag
        raise ShapeError(
            "The number of steps is not known: no input has an entry for each step.",
            f"  {name} has '{size}' steps",
            f"State it in the equations:  … for {letter} = {first}…{first + 9}",
        )


def _shape(system: SystemData, name: str) -> str:
    shape = system.quantities[name].type.shape
    return "×".join(map(str, shape)) if shape else "a number"


class Derivation:
    """The backward pass of a system: one line a quantity, v̄ = Σ_{u ∈ Ch(v)} ū ∂u/∂v."""

    def __init__(self, system: System, data: backward_pass.Backward, form: str | None = None) -> None:
        self.system = system
        self.data = data
        self.form = form or default_form(system.data)

    def __str__(self) -> str:
        return derivation_text(self.data, self.lines(), self.form)

    def text(self, sizes: Mapping[str, int] | None = None, *, ascii: bool = False, shapes: bool = False) -> str:
        """The backward pass a line a quantity, and what each primed function is."""
        legend = [f"where {show_line(line, self.system.data, ascii=ascii)}" for line in steps.legend(self.data)]
        lines = derivation_text(self.data, self.lines(sizes), self.form, ascii=ascii, shapes=shapes)
        return "\n".join([lines, *legend])

    def __repr__(self) -> str:
        return f"<Derivation of {self.data.loss} by {', '.join(self.data.wrt)}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/latex": self.latex()}

    def board(self, *, lang: str = "en", values: Mapping[str, Any] | None = None) -> Any:
        """The board of this derivation in a notebook, in its form.

        Raises MissingPackageError where the extra `board` is not installed.
        """
        return _board(self, lang, values)

    def in_form(self, form: str) -> Derivation:
        """The same derivation printed in another form: "index", "matrix" or "elements"."""
        return Derivation(self.system, self.data, form)

    def lines(self, sizes: Mapping[str, int] | None = None) -> list[Line]:
        """The printed lines as surface trees."""
        return LinePrinter(self.system.data, self.form, sizes).backward(self.data)

    def latex(self, sizes: Mapping[str, int] | None = None) -> str:
        """The backward pass as one aligned display, for notebooks and papers."""
        return derivation_latex(self.system.data, self.lines(sizes), ())

    def steps(self, *, ascii: bool = False) -> str:
        """For each line its children, the chain rule in symbols, the derivatives put in, the simplified form, and where it came from."""
        return steps_text(self.data, steps.steps(self.data, self.form), steps.legend(self.data), ascii=ascii)

    def check(self, seed: int = 0) -> verify.Verification:
        """Compare every bar with forward mode and complex step or central differences at random points.

        Raises CheckError where one differs.
        """
        return verify.check(self.data, seed=seed)

    def compare(self, sizes: Mapping[str, int] | None = None) -> str:
        """The calculus-class expansion beside the backward pass: both written out, operations and repeated terms counted."""
        return comparison_text(self.data, expand.compare(self.data, sizes))

    def difference(self, other: Derivation) -> list[differences.Change]:
        """The lines of both backward passes side by side."""
        return differences.difference(self.data, other.data, self.form)

    def graph(self) -> Graph:
        """Inputs -> (loss, derivative by each quantity), the seed folded to 1 where the loss is a scalar, before any pass."""
        return self.data.graph((self.data.loss, *(bar(name) for name in self.data.wrt)), seed_one=True)

    def stages(self, stop: str = "loops", sizes: Mapping[str, int] | None = None) -> Stage:
        """What `function` becomes on its way to machine code: "fused" (kernels in words), "loops", "llvm" or "asm".

        `sizes` states the sizes that have a letter: {"n": 64}. The result prints as that stage; `.seconds` has the time of each
        step, `.times()` as a table.

        Raises GraphError where there is no such stage, EquationError where a name is unknown, ShapeError where a size is open.
        """
        from wengert.targets.stages import stage

        graph = self.graph()
        numbers = self.system.sizes(sizes or {})
        for node in graph.inputs:
            for size in node.shape:
                if isinstance(bind_size(size, numbers), Dim):
                    assert isinstance(size, Dim)
                    raise self._open_size(size, graph)
        return stage(graph, stop, numbers)

    def _open_size(self, size: Dim, graph: Graph) -> ShapeError:
        letter = next(iter(self.system.data.class_letters.get(size, ())), size.name)
        having = [str(node.params["name"]) for node in graph.inputs if size in node.shape]
        return ShapeError(
            f"The size of the index '{letter}' is not known.",
            f"  it is an axis of {', '.join(having)}",
            f"State it, for example:  sizes={{'{letter}': 32}} or, on the command line, --size {letter}=32",
        )

    def function(
        self, backend: str = "native", mesh: Mesh | None = None, shard: Mapping[str, str] | None = None
    ) -> Callable[..., tuple[Array, dict[str, Array]]]:
        """f(**inputs) -> (value, {identifier: gradient}): the loss and its derivatives as a callable over arrays.

        A loss that is no scalar takes its error signal too, under the name of the loss with `_bar` after it. The back end is
        "native", code of this processor that is made at the first call for given sizes, "interpreter", NumPy node by node, or "xla".
        That spreads the arrays over a mesh of devices, axes by their letters: mesh=wg.Mesh(data=4), shard={"n": "data"}.

        Raises GraphError where there is no such back end or axis of the mesh, EquationError where a letter is that of no axis.
        """
        if mesh is None:
            return compile_function(self, backend)
        mesh_target(backend)
        return compile_function(self, backend, Sharding(mesh, shard or {}))


def compile_function(
    derivation: Derivation, backend: str = "native", sharding: Sharding | None = None
) -> Callable[..., tuple[Array, dict[str, Array]]]:
    """The callable of a derivation; the passes of the pipeline have run on its graph."""
    system, data = derivation.system, derivation.data
    check_steps(system.data)
    graph = pipeline.run(derivation.graph())
    program = compile(graph, backend) if sharding is None else Lettered(graph, data.system, sharding)
    identifiers = {name: quantity.identifier for name, quantity in system.data.quantities.items()}
    signal = f"{identifiers[data.loss]}_bar"
    gradients = [identifiers[name] for name in data.wrt]

    def run(program: Callable[..., tuple[Array, ...]], values: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        seed = {} if data.seeded else {bar(data.loss): values.pop(signal, np.nan)}
        loss, *found = program(**system.inputs(values), **seed)
        return loss, dict(zip(gradients, found, strict=True))

    def value_and_gradients(**values: Array) -> tuple[Array, dict[str, Array]]:
        return run(program, values)

    if isinstance(program, Lettered):
        return value_and_gradients
    doc = f"({data.loss}, derivatives by {', '.join(data.wrt)}) for values of {', '.join(system.data.inputs)}."
    value_and_gradients.__doc__ = doc
    names = [identifiers.get(name, signal) for name in graph.input_names]
    result = (0, {name: k for k, name in enumerate(gradients, 1)})
    return program.named(names, result, value_and_gradients, lambda **values: run(program.interpret, values), doc)


def _board(shown: System | Derivation, lang: str, values: Mapping[str, Any] | None) -> Any:
    # The board stands above everything else, so its package is found by name when it is asked for.
    return import_module("wengert.blackboard").board(shown, lang=lang, values=values)

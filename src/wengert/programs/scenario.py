"""One forward and one backward pass, run at random points with what the events are to be."""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs import events
from wengert.programs.events import Event, Recorder, is_real, is_traced
from wengert.programs.names import LOSS, RATE, TARGET, plain, quantity, same
from wengert.programs.pairs import Pair, assigned
from wengert.programs.source import Program

GRADIENT = re.compile(r"^_?(d[A-Za-z_]\w*|grads?|gradients?|grad_\w*|nabla\w*|delta\w*|\w+_grads?)$")
OUTPUT = re.compile(r"^_?(out|outputs?|results?|y|Y|a|A|activations?|predictions?|y_pred|y_hat|loss|probs?)$")
RUNNING = re.compile(r"running|moving|velocity|cache|^m$|^v$|momentum")


@dataclass
class Point:
    """The values of one run: arguments of forward, of __init__, of backward alone, and names of a script."""

    arguments: dict[str, Any]
    init: dict[str, Any] = field(default_factory=dict)
    backward: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    weights: dict[str, Any] = field(default_factory=dict)
    this: Any = None  # an object that is given, in place of one that is made


@dataclass
class Outcome:
    loss: Any
    results: list[tuple[str, np.ndarray]]
    error: BaseException | None = None


@dataclass
class AfterForward:
    """What a run was when the forward pass had ended, so that backward alone can be run from there."""

    state: Any
    counts: dict[tuple[str, str], int]
    events: list[Event]
    loss: Any
    randomness: tuple[Any, Any]


@dataclass(eq=False)
class Scenario:
    """A pair at points. `loss` is a function (output, targets) where the program has none."""

    program: Program
    pair: Pair
    points: list[Point]
    loss: Any = None
    takes: str = ""  # what the first argument of backward is where it is no signal: "argument" or "output" of forward
    runs: int = 0
    healed: dict[int, dict[events.Key, np.ndarray]] = field(
        default_factory=dict
    )  # true values in place of lines that stay unexplained
    after: dict[int, AfterForward] = field(default_factory=dict)

    # -- running --------------------------------------------------------------------------------------------------------------

    def run(self, recorder: Recorder, p: int, only_forward: bool = False) -> Outcome:
        """Run the pair at point p. An error of the backward pass is part of the outcome, one of the forward pass is raised."""
        self.runs += 1
        self.program.hooks.returned = self.named_returns
        recorder.replace = {**self.healed.get(p, {}), **recorder.replace}
        if self.pair.flat:
            return self._run_script(recorder, p)
        if self.pair.combined or recorder.probes is not None or only_forward:
            return self._run_all(recorder, p, only_forward)
        kept = self.after.get(p)
        if kept is None or any(
            self._is_forward(key, kept) for given in (recorder.replace, recorder.move) for key in given
        ):
            return self._run_all(recorder, p, False)
        return self._run_back(recorder, p, kept)

    def forward_value(self, p: int) -> Any:
        """What the forward pass gives at point p."""
        point = self.points[p]
        given, init, kept = copy.deepcopy((point.arguments, point.init, point.this))
        return self._function(self.pair.forward, self._object(point, init, kept))(**given)

    def _is_forward(self, key: events.Key, kept: AfterForward) -> bool:
        return key[2] < kept.counts.get(key[:2], 0)

    def _seed(self, point: Point) -> None:
        random.seed(1)
        np.random.seed(1 + point.seed % 1000)  # noqa: NPY002 - the generator that programs draw from

    def _run_script(self, recorder: Recorder, p: int) -> Outcome:
        point, names = self.points[p], dict(self.program.names)
        self._seed(point)
        from wengert.programs.source import run

        hooks = self.program.hooks
        hooks.recorder = recorder
        if recorder.probes is not None:
            for space, _, traced in self.program.numpy_names(names):
                space.update(traced)
        error: BaseException | None = None
        try:
            for name, value in copy.deepcopy(point.names).items():
                names[name] = hooks.event("argument", name, 0, value)
            assert self.program.body is not None
            run(self.program.body, names)
        except Exception as raised:
            if recorder.probes is not None:
                raise
            error = raised
        finally:
            hooks.recorder = None
            if recorder.probes is not None:
                for space, plainly, _ in self.program.numpy_names(names)[1:]:
                    space.update(plainly)
        return Outcome(self._loss_seen(recorder) if error is None or recorder.scalars else None, [], error)

    def _run_all(self, recorder: Recorder, p: int, only_forward: bool) -> Outcome:
        program, point = self.program, self.points[p]
        hooks, names = program.hooks, program.names
        self._seed(point)
        given = copy.deepcopy((point.arguments, point.init, point.this))
        this = self._object(point, given[1], given[2])
        before = {
            k: v
            for k, v in names.items()
            if isinstance(v, np.ndarray | np.random.Generator | np.random.RandomState | list | dict)
            and k != "__builtins__"
            and not k.startswith("__")
        }
        swapped = program.numpy_names(names) if recorder.probes is not None else []
        for space, _, traced in swapped:
            space.update(traced)
        hooks.recorder = recorder
        try:
            for name, value in before.items():
                names[name] = hooks.event("argument", name, 0, copy.deepcopy(value))
            arguments = {k: hooks.event("argument", k, 0, v) for k, v in given[0].items()}
            for path, holder, key in list(state_of(this, program.names)) if this is not None else []:
                put(holder, key, hooks.event("attribute", path, 0, take(holder, key)))
            entered = entries_of(this, program.names) if this is not None else {}
            entered = {k: np.array(v) for k, v in entered.items() if not is_traced(v)}
            out = self._function(self.pair.forward, this)(**arguments)
            if out is None and this is not None and self.output:
                out = vars(this).get(self.output)
            if self.pair.combined:
                return Outcome(
                    self._loss_of(out, recorder),
                    [] if recorder.probes is not None else self._results(out, this, entered, p),
                )
            outs = self._outputs(out)
            loss = self._weighted(outs, point)
            if only_forward or recorder.probes is not None:
                return Outcome(loss, [])
            recorder.forward = False
            rest = {k: names[k] for k in before}
            state = (arguments, this, out, rest, entered)
            if not recorder.replace and not recorder.move and recorder.keep and p not in self.after:
                seeds = (np.random.get_state(), random.getstate())  # noqa: NPY002
                self.after[p] = AfterForward(
                    copy.deepcopy(state), dict(recorder.counts), list(recorder.events), loss, seeds
                )
            return self._back(recorder, p, state, loss)
        finally:
            hooks.recorder = None
            names.update(before)
            for space, plainly, _ in swapped:
                space.update(plainly)

    def _run_back(self, recorder: Recorder, p: int, kept: AfterForward) -> Outcome:
        names = self.program.names
        state = copy.deepcopy(kept.state)
        recorder.counts, recorder.events, recorder.forward = dict(kept.counts), list(kept.events), False
        np.random.set_state(kept.randomness[0])  # noqa: NPY002
        random.setstate(kept.randomness[1])
        before = {k: names[k] for k in state[3]}
        self.program.hooks.recorder = recorder
        try:
            names.update(state[3])
            return self._back(recorder, p, state, kept.loss)
        finally:
            self.program.hooks.recorder = None
            names.update(before)

    def _back(self, recorder: Recorder, p: int, state: Any, loss: Any) -> Outcome:
        arguments, this, out, _, entered = state
        given = self._backward_arguments(p, arguments, out, this, recorder)
        try:
            found = self._function(self.pair.backward, this)(**given)
            return Outcome(loss, self._results(found, this, entered, p))
        except (Exception, SystemExit) as error:
            return Outcome(loss, [], error)

    # -- objects --------------------------------------------------------------------------------------------------------------

    def _function(self, name: str | None, this: Any) -> Any:
        return getattr(this, str(name)) if this is not None else self.program.names[str(name)]

    def _object(self, point: Point, init: dict[str, Any], given: Any) -> Any:
        if self.pair.cls is None:
            return None
        this = given if given is not None else self.program.names[self.pair.cls](**init)
        if given is None:
            rng = np.random.default_rng(point.seed)
            held = {id(v) for v in init.values()}
            for _, holder, key in list(state_of(this, self.program.names)):
                value = take(holder, key)
                if isinstance(value, np.ndarray) and id(value) not in held:
                    put(holder, key, rng.standard_normal(value.shape) * 0.7)
        for name, value in point.attributes.items():
            setattr(this, name, value)
        return this

    # -- what forward gives -----------------------------------------------------------------------------------------------------

    @cached_property
    def output(self) -> str:
        """The attribute that has the result of a forward pass which returns none: one with a usual name, else the last that is set."""
        function = self.definition(self.pair.forward)
        if any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(function)):
            return ""
        own = [name[5:] for name in assigned(function) if re.fullmatch(r"self\.\w+", name)]
        usual = [name for name in own if OUTPUT.match(name)]
        return (usual or own or [""])[-1]

    def definition(self, name: str | None) -> ast.FunctionDef:
        """The text of a function of the pair, as a tree."""
        return self.program.functions[self.pair.cls, str(name)]

    def _returned(self, name: str | None, value: Any) -> list[str]:
        """The names of what a function returns, from its return statements."""
        if name == self.pair.forward and self.pair.cls and self.output:
            return [f"self.{self.output}"]
        count = len(value) if isinstance(value, tuple) else 1
        for parts in returns_of(self.definition(name)):
            if len(parts) == count:
                return parts
        return [f"result{i}" for i in range(count)]

    def arguments(self) -> list[str]:
        """The arguments of the forward pass."""
        return (
            [] if self.pair.flat else [a.arg for a in self.definition(self.pair.forward).args.args if a.arg != "self"]
        )

    def parameters(self) -> list[str]:
        """The arguments of the backward pass."""
        return [a.arg for a in self.definition(self.pair.backward).args.args if a.arg != "self"]

    def _outputs(self, out: Any) -> dict[str, Any]:
        """The real results of forward that are not kept for backward."""
        names = self._returned(self.pair.forward, out)
        values = list(out) if isinstance(out, tuple) else [out]
        taken = self.parameters()
        known = set(self.arguments()) | set(names)
        strange = [a for a in taken[1:] if a not in known and quantity(a) is None and a not in self.points[0].backward]
        if len(values) > 1 and ("cache" in taken or strange):
            values, names = values[:-1], names[:-1]
        return {
            n: v
            for n, v in zip(names, values, strict=False)
            if (is_real(v) or is_traced(v)) and "cache" not in n and n not in taken
        }

    def has_upstream(self) -> bool:
        """Whether backward is given a signal; else what forward gives is the loss, or there is none."""
        return not self.takes and self.names_a_signal()

    def names_a_signal(self) -> bool:
        """Whether an argument of backward is a signal by its name or its place."""
        known = set(self.arguments()) | {"cache", *self.points[0].backward}
        return any(
            a not in known and (quantity(a) is not None or i == 0) and a not in RATE
            for i, a in enumerate(self.parameters())
        )

    def _weighted(self, outs: dict[str, Any], point: Point) -> Any:
        """J = Σ ⟨weight, output⟩; the weights are the signals from outside."""
        if self.loss is not None:
            return self.loss(next(iter(outs.values())), point)
        total: Any = 0.0
        upstream = self.has_upstream()
        for name, value in outs.items():
            if name not in point.weights:
                rng = np.random.default_rng([point.seed, len(point.weights)])
                shape = np.shape(value)
                point.weights[name] = (
                    rng.standard_normal(shape) if shape and upstream else np.ones(shape) if shape else 1.0
                )
            weight = point.weights[name]
            total = total + ((value * weight).sum() if np.ndim(value) else value * weight)
        return total if is_traced(total) else float(total)

    def _backward_arguments(
        self, p: int, arguments: dict[str, Any], out: Any, this: Any, recorder: Recorder
    ) -> dict[str, Any]:
        point, node = self.points[p], self.definition(self.pair.backward)
        taken = self.parameters()
        values = dict(
            zip(self._returned(self.pair.forward, out), out if isinstance(out, tuple) else (out,), strict=False)
        )
        free = list(point.weights)
        required = len(taken) - len(node.args.defaults)
        given: dict[str, Any] = {}
        for i, name in enumerate(taken):
            about = quantity(name)
            if i == 0 and self.takes:
                first = next(iter(arguments.values()))
                given[name] = np.array(first if self.takes == "argument" else self._output(out, this), copy=True)
            elif name in point.backward:
                given[name] = copy.deepcopy(point.backward[name])
            elif name == "cache":
                given[name] = values.get(name, out[-1] if isinstance(out, tuple) else out)
            elif name in values and name not in free:
                given[name] = values[name]
            elif name not in arguments and free and (i == 0 or about is not None):
                hit = next((n for n in free if about and same(about[1], plain(n))), free[0])
                free.remove(hit)
                scalar = np.ndim(point.weights[hit]) == 0
                given[name] = 1 if scalar and i >= required else copy.deepcopy(point.weights[hit])
            elif name in arguments:
                given[name] = arguments[name]
            elif i < required:
                given[name] = self._local(name, out, recorder, last=i == len(taken) - 1 and i > 0)
        return given

    def _output(self, out: Any, this: Any) -> Any:
        """What forward computes before it takes a loss of it: what it gives, or of a number the attribute of that name."""
        value = out[0] if isinstance(out, tuple) else out
        kept = [v for n, v in vars(this).items() if OUTPUT.match(n) and np.ndim(v)] if this is not None else []
        return kept[-1] if kept and not np.ndim(value) else value

    def _local(self, name: str, out: Any, recorder: Recorder, last: bool) -> Any:
        """A value that backward takes and forward neither takes nor returns by this name."""
        seen = [e.value for e in recorder.events if e.forward and plain(e.name) == name]
        if seen:
            return np.array(seen[-1], copy=True)
        if isinstance(out, tuple) and last:
            return out[-1]
        raise CheckError(
            f"What '{name}' is, an argument of '{self.pair.backward}', is not to be seen in '{self.pair.forward}'.",
            f"  {self.pair.backward}({', '.join(self.parameters())})",
            f"Return '{name}' from '{self.pair.forward}', or keep it in the cache.",
        )

    # -- losses -----------------------------------------------------------------------------------------------------------------

    def _loss_of(self, out: Any, recorder: Recorder) -> Any:
        value: Any = out[0] if isinstance(out, tuple) else out
        if (is_real(value) or is_traced(value) or isinstance(value, int)) and np.size(value) == 1:
            total: Any = value
            return total.sum() if np.ndim(value) else value
        return self._loss_seen(recorder)

    def _loss_seen(self, recorder: Recorder) -> Any:
        """The value of the last event that is named a loss."""
        hits = [v for n, v in recorder.scalars.items() if LOSS.match(n)] if recorder.probes is not None else []
        if not hits:
            hits = [e.value for e in recorder.events if LOSS.match(e.name) and e.value.size == 1]
        if not hits:
            raise CheckError(
                f"No loss is found in {self.pair}.",
                "  no name like loss, cost or J has a number",
                "Give the loss a name:  loss = …",
            )
        value = hits[-1]
        return (value.sum() if np.ndim(value) else value) if is_traced(value) else float(np.sum(value))

    # -- what backward gives ----------------------------------------------------------------------------------------------------

    def _results(self, found: Any, this: Any, entered: dict[str, np.ndarray], p: int) -> list[tuple[str, np.ndarray]]:
        """The claims of a backward pass: what it returns, the attributes that it sets, the steps that it takes."""
        out: list[tuple[str, np.ndarray]] = []
        name = self.pair.backward or self.pair.forward
        if found is not None:
            names = self._returned(name, found)
            if len(names) == 1 and not self.pair.combined and quantity(names[0]) is None:
                names = [self._of_only_input() or names[0]]
            for n, v in zip(names, found if isinstance(found, tuple) else (found,), strict=False):
                if not (self.pair.combined and np.ndim(v) == 0 and not isinstance(v, dict)):
                    out += list(flattened(n, v))
        if this is None:
            return out
        now = entries_of(this, self.program.names)
        rate = self._rate(this, p)
        for path, value in now.items():
            old = entered.get(path)
            holder = path.rpartition(".")[2].split("[")[0]
            if old is not None and old.shape == np.shape(value) and np.array_equal(old, value):
                continue
            if GRADIENT.match(holder) or any(GRADIENT.match(part.split("[")[0]) for part in path.split(".")[1:]):
                out.append((path, np.array(value, float)))
            elif (
                old is not None
                and old.shape == np.shape(value)
                and rate
                and not RUNNING.search(holder)
                and quantity(path) is None
            ):
                out.append((f"step of {path}", (old - np.array(value, float)) / rate))
        return out

    def _of_only_input(self) -> str:
        """The name of the gradient by the only argument of forward that is an array and no target; none where there are several."""
        given = self.points[0].arguments
        arrays = [
            n for n, v in given.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f" and not TARGET.match(n)
        ]
        return f"d{arrays[0]}" if len(arrays) == 1 else ""

    @cached_property
    def named_returns(self) -> dict[str, str]:
        """The returned expressions of a backward pass that has one result and one input, with the name of its gradient."""
        if self.pair.flat or self.pair.combined or not (name := self._of_only_input()):
            return {}
        found = [n for n in ast.walk(self.definition(self.pair.backward)) if isinstance(n, ast.Return)]
        return {events.place_of(n): name for n in found if not isinstance(n.value, ast.Name | ast.Tuple)}

    def _rate(self, this: Any, p: int) -> float | None:
        values = {**vars(this), **self.program.names, **self.points[p].arguments, **self.points[p].backward}
        return next((float(values[n]) for n in RATE if isinstance(values.get(n), int | float) and values[n]), None)


@lru_cache(maxsize=1000)
def returns_of(function: ast.FunctionDef) -> list[list[str]]:
    """For each return statement of a function, the last first, the names of what it returns: every run asks."""
    values = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    returned = [value.elts if isinstance(value, ast.Tuple) else [value] for value in values[::-1]]
    return [
        [
            ast.unparse(e) if isinstance(e, ast.Name | ast.Attribute | ast.Subscript) else f"return[{i}]"
            for i, e in enumerate(parts)
        ]
        for parts in returned
    ]


def flattened(name: str, value: Any) -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(value, list | tuple):
        for k, each in enumerate(value):
            yield from flattened(f"{name}[{k}]", each)
    elif isinstance(value, dict):
        for k, each in value.items():
            yield from flattened(f"grads[{k!r}]", each)
    elif is_real(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "iub" and quantity(name)):
        yield name, np.array(value, float)


def take(holder: Any, key: Any) -> Any:
    return holder[key] if isinstance(holder, dict | list) else vars(holder)[key]


def put(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict | list):
        holder[key] = value
    else:
        setattr(holder, key, value)


def state_of(this: Any, names: dict[str, Any], path: str = "self", depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """(path, holder, key) of the real numbers that an object holds: attributes, entries of lists and dictionaries, parts."""
    held = vars(this) if hasattr(this, "__dict__") else {}
    pairs: list[tuple[Any, Any, str]] = []
    if isinstance(this, dict):
        pairs = [(k, v, f"{path}[{k!r}]") for k, v in this.items()]
    elif isinstance(this, list):
        pairs = [(k, v, f"{path}[{k}]") for k, v in enumerate(this)]
    else:
        pairs = [(k, v, f"{path}.{k}") for k, v in held.items()]
    for key, value, where in pairs:
        if is_real(value) or is_traced(value):
            yield where, this, key
        elif depth < 4 and (isinstance(value, dict | list) or names.get(type(value).__name__) is type(value)):
            yield from state_of(value, names, where, depth + 1)


def entries_of(this: Any, names: dict[str, Any]) -> dict[str, Any]:
    return {path: take(holder, key) for path, holder, key in state_of(this, names)}

"""One forward and one backward pass, run at random points with what the events are to be."""

from __future__ import annotations

import ast
import copy
import random
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from wengert.programs import events
from wengert.programs.arrays import Library, is_array, is_traced, numbers
from wengert.programs.events import Event, Recorder
from wengert.programs.names import LOSS, RATE, quantity
from wengert.programs.pairs import Pair, assigned
from wengert.programs.results import of_only_input, results
from wengert.programs.rules import rule_of
from wengert.programs.signals import OUTPUT, backward_arguments, loss_of, loss_seen, outputs, weighted
from wengert.programs.source import Program, line_of, run
from wengert.programs.state import entries_of, put, state_of, take


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
class RunOutcome:
    loss: Any
    results: list[tuple[str, np.ndarray]]
    error: BaseException | None = None
    raw: Any = None  # what backward returned


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

    def run(self, recorder: Recorder, p: int, only_forward: bool = False) -> RunOutcome:
        """Run the pair at point p. An error of the backward pass is part of the outcome, one of the forward pass is raised."""
        self.runs += 1
        self.program.hooks.returned = self.named_returns
        recorder.library = self.program.library
        with self.program.library.running():
            return self._run(recorder, p, only_forward)

    def _run(self, recorder: Recorder, p: int, only_forward: bool) -> RunOutcome:
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
        given, init, kept = self._given(point)
        return self._function(self.pair.forward, self._object(point, init, kept))(**given)

    def _is_forward(self, key: events.Key, kept: AfterForward) -> bool:
        return key[2] < kept.counts.get(key[:2], 0)

    def _seed(self, point: Point) -> None:
        random.seed(1)
        np.random.seed(1 + point.seed % 1000)  # noqa: NPY002 - the generator that programs draw from

    def _run_script(self, recorder: Recorder, p: int) -> RunOutcome:
        point, names = self.points[p], dict(self.program.names)
        self._seed(point)
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
        return RunOutcome(loss_seen(self, recorder) if error is None or recorder.scalars else None, [], error)

    def _run_all(self, recorder: Recorder, p: int, only_forward: bool) -> RunOutcome:
        program, point = self.program, self.points[p]
        hooks, names = program.hooks, program.names
        self._seed(point)
        given = self._given(point)
        this = self._object(point, given[1], given[2])
        before = {
            k: v
            for k, v in names.items()
            if (isinstance(v, np.random.Generator | np.random.RandomState | list | dict) or is_array(v))
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
            for held, value in given[0].items():
                for path, holder, key in list(state_of(value, {}, held)) if isinstance(value, dict | list) else []:
                    if is_array(take(holder, key)):
                        put(holder, key, hooks.event("argument", path, 0, take(holder, key)))
            for path, holder, key in list(state_of(this, program.names)) if this is not None else []:
                put(holder, key, hooks.event("attribute", path, 0, take(holder, key)))
            entered = entries_of(this, program.names) if this is not None else {}
            entered = {k: numbers(v).astype(float) for k, v in entered.items() if not is_traced(v)}
            out, error = self._called(arguments, this)
            if error is not None:
                return RunOutcome(loss_seen(self, recorder), [], error)
            if out is None and this is not None and self.output:
                out = vars(this).get(self.output)
            if self.pair.combined:
                return RunOutcome(
                    loss_of(self, out, recorder),
                    [] if recorder.probes is not None else results(self, out, this, entered, p),
                )
            outs = outputs(self, out)
            loss = weighted(self, outs, point)
            if only_forward or recorder.probes is not None:
                return RunOutcome(loss, [])
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

    def _run_back(self, recorder: Recorder, p: int, kept: AfterForward) -> RunOutcome:
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

    def _back(self, recorder: Recorder, p: int, state: Any, loss: Any) -> RunOutcome:
        arguments, this, out, _, entered = state
        given = backward_arguments(self, p, arguments, out, this, recorder)
        try:
            found = self._function(self.pair.backward, this)(**given)
        except (Exception, SystemExit) as error:
            return RunOutcome(loss, [], error)
        return RunOutcome(loss, results(self, found, this, entered, p), raw=found)

    def _called(self, arguments: dict[str, Any], this: Any) -> tuple[Any, BaseException | None]:
        """What the forward pass gives. An error after the loss, in a function that goes on to gradients, is one of its backward part."""
        try:
            return self._function(self.pair.forward, this)(**arguments), None
        except Exception as error:
            if not self.pair.combined or line_of(error) <= self.last_loss:
                raise
            return None, error

    @cached_property
    def last_loss(self) -> float:
        """The last line of a function with its gradients that computes the loss."""
        return _last_loss(self.definition(self.pair.forward))

    # -- objects --------------------------------------------------------------------------------------------------------------

    def _function(self, name: str | None, this: Any) -> Any:
        return getattr(this, str(name)) if this is not None else self.program.names[str(name)]

    def _given(self, point: Point) -> tuple[dict[str, Any], dict[str, Any], Any]:
        """Copies of what a run is given, as arrays of the program's library."""
        arguments, init, this = copy.deepcopy((point.arguments, point.init, point.this))
        library = self.program.library
        return (
            {n: _with(library, v) for n, v in arguments.items()},
            {n: _with(library, v) for n, v in init.items()},
            this,
        )

    def _object(self, point: Point, init: dict[str, Any], given: Any) -> Any:
        if self.pair.rule:
            return rule_of(self.program.names, self.pair)
        if self.pair.cls is None:
            return None
        this = given if given is not None else self.program.names[self.pair.cls](**init)
        if given is None:
            rng = np.random.default_rng(point.seed)
            held = {id(v) for v in init.values()}
            for _, holder, key in list(state_of(this, self.program.names)):
                value = take(holder, key)
                if is_array(value) and id(value) not in held:
                    put(holder, key, self.program.library.like(rng.standard_normal(tuple(value.shape)) * 0.7, value))
        for name, value in point.attributes.items():
            setattr(this, name, value)
        return this

    @cached_property
    def output(self) -> str:
        """The attribute that has the result of a forward pass which returns none: one with a usual name, else the last that is set."""
        function = self.definition(self.pair.forward)
        if self.pair.combined or any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(function)):
            return ""
        own = [name[5:] for name in assigned(function) if re.fullmatch(r"self\.\w+", name)]
        usual = [name for name in own if OUTPUT.match(name)]
        return (usual or own or [""])[-1]

    # -- the text -----------------------------------------------------------------------------------------------------------------

    def definition(self, name: str | None) -> ast.FunctionDef:
        """The text of a function of the pair, as a tree."""
        return self.program.functions[self.pair.cls, str(name)]

    def returned(self, name: str | None, value: Any) -> list[str]:
        """The names of what a function returns, from its return statements."""
        if name == self.pair.forward and self.pair.cls and self.output:
            return [f"self.{self.output}"]
        count = len(value) if isinstance(value, tuple) else 1
        kept_beside = self.pair.rule == "vjp" and name == self.pair.forward
        for parts in returns_of(self.definition(name), kept_beside):
            if len(parts) == count:
                return parts
        return [f"result{i}" for i in range(count)]

    def arguments(self) -> list[str]:
        """The arguments of the forward pass."""
        return [] if self.pair.flat else self.pair.taken(self.definition(self.pair.forward), "forward")

    def parameters(self) -> list[str]:
        """The arguments of the backward pass."""
        return self.pair.taken(self.definition(self.pair.backward), "backward")

    def differentiated(self) -> list[str]:
        """The arguments of forward that a rule has a result for."""
        return self.arguments()[self.pair.plain :] if self.pair.rule else self.arguments()

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

    @cached_property
    def named_returns(self) -> dict[str, str]:
        """What returned expressions of the backward pass are the gradient of: of the only input, or in their order of a rule's."""
        if self.pair.flat or self.pair.combined:
            return {}
        only, out = of_only_input(self), dict[str, str]()
        for node in ast.walk(self.definition(self.pair.backward)):
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            names = [f"gradient of {n}" for n in self.differentiated()] if self.pair.rule else [only] if only else []
            if len(names) == len(parts):
                out |= {f"{events.place_of(node)}.{i}": n for i, n in enumerate(names)}
        return out

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What backward calls the gradients that a rule returns in order, with the arguments of forward that they are of."""
        out: dict[str, str] = {}
        for node in ast.walk(self.definition(self.pair.backward)) if self.pair.rule else ():
            if isinstance(node, ast.Return) and node.value is not None:
                parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                given = self.differentiated()
                if len(parts) == len(given):
                    out |= {ast.unparse(e): n for e, n in zip(parts, given, strict=True) if isinstance(e, ast.Name)}
        return out


def _with(library: Library, value: Any) -> Any:
    """Arrays of the library for those of NumPy, in what holds them too."""
    if isinstance(value, dict):
        return {k: library.given(v) for k, v in value.items()}
    return [library.given(v) for v in value] if isinstance(value, list) else library.given(value)


@lru_cache(maxsize=1000)
def returns_of(function: ast.FunctionDef, kept_beside: bool) -> list[list[str]]:
    """For each return statement of a function, the last first, the names of what it returns: every run asks.

    `kept_beside`: the first of two is the result, and the other what is kept for backward.
    """
    values = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    values = [v.elts[0] if kept_beside and isinstance(v, ast.Tuple) else v for v in values[::-1]]
    return [
        [
            ast.unparse(e) if isinstance(e, ast.Name | ast.Attribute | ast.Subscript) else f"return[{i}]"
            for i, e in enumerate(value.elts if isinstance(value, ast.Tuple) else [value])
        ]
        for value in values
    ]


@lru_cache(maxsize=1000)
def _last_loss(function: ast.FunctionDef) -> float:
    lines = [n.lineno for n in ast.walk(function) if isinstance(n, ast.stmt) and any(map(LOSS.match, assigned(n)))]
    return max(lines, default=float("inf"))

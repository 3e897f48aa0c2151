"""Quick: the way of gradients of functions of plain arrays and numbers, where nothing is in containers.

Once a path is compiled, a call compares keys, calls one program and is done. What else may be is left to `TapeRun`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.functions.namespaces.functions import Standing
from wengert.functions.run import roots
from wengert.functions.run.exponentials import calls_exponential
from wengert.functions.run.on_tape import TapeRun
from wengert.functions.run.others import Start
from wengert.functions.run.runs import Transform
from wengert.functions.tracing.kinds import Kind, kind_of
from wengert.functions.tracing.live import Live
from wengert.functions.tracing.tracer import OPEN
from wengert.functions.tracing.trees import unflatten
from wengert.functions.tracing.watch import ON

Found = tuple[Any, Sequence[Any]]


class Quick:
    """(L, ∇L) of a function by arguments at some places, where a call is of plain arrays and numbers."""

    __slots__ = ("check", "codes", "f", "mark", "places", "standing", "takes_others", "transform")

    def __init__(
        self, f: Callable[..., Any], places: tuple[int, ...], transform: Transform, check: Callable[[Any], None]
    ) -> None:
        self.f = f
        self.standing = Standing(f)
        """What runs in its place on traced values."""
        self.places = places
        self.transform = transform
        self.check = check
        """Refuses results that have no gradient."""
        self.codes = roots.codes_of(f)
        self.mark = roots.mark_of(self.codes)
        self.takes_others: bool | None = None
        """Whether the other arguments may have to be values of the tape; None before the first call."""

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found | None:
        """The value and the gradients; None where the call is of another kind, before f has run."""
        if not self.places or OPEN.get() is not None or ON[0]:
            return None
        values: list[Any] = []
        kinds: list[Kind] = []
        count = len(args)
        for place in self.places:
            if not 0 <= place < count:
                return None
            x = args[place]
            if type(x) is not float and (type(x) is not np.ndarray or x.dtype.char not in "fdg"):
                return None
            values.append(x)
            kinds.append(kind_of(x))
        given = list(args)
        key: tuple[Any, ...] = (self.mark, self.places, *kinds)
        start = None
        if count > len(self.places) or kwargs:
            if self.takes_others is None:
                self.takes_others = calls_exponential(self.f)
            start = Start(key, self.codes) if self.takes_others else None
        if start is None:
            run = TapeRun(self.codes, key, values, kinds)
        else:
            run, kwargs = TapeRun.begun(self.codes, key, values, kinds, start, given, kwargs, self.places)
        tape = run.tape
        for k, place in enumerate(self.places):
            given[place] = tape.argument(k)
        with tape:
            y = self.standing.run()(*given, **kwargs)
            if type(y) is not Live or y.tape is not tape or y.kind.shape or y.kind.dtype.kind != "f":
                run.returned(y)
                self.check(run)
            else:
                place = y.place
                path = tape.path
                hot = None if path is None else path.programs.get(place)
                if hot is not None:
                    reads, native = hot
                    inputs = tape.inputs
                    found = native(*inputs) if reads is None else native(*[inputs[k] for k in reads])
                    return found[0], found[1:]
                run.returned_one(y)
        if start is not None:
            start.settle(tape)
        found = run.run(self.transform)
        self._heat(run)
        if run.spec is None:
            return found[0], found[1:]
        n = len(run.outputs)
        return unflatten(run.spec, found[:n]), found[n:]

    def _heat(self, run: TapeRun) -> None:
        """Note the code of the path, where there is some by now."""
        path = run.tape.path
        if path is None or len(run.outputs) != 1:
            return
        program = None if run.last is None else run.last.program
        if program is not None and program.native is not None:
            reads = program.reads
            path.programs[run.outputs[0]] = (
                None if reads == list(range(len(run.tape.inputs))) else reads,
                program.native,
            )

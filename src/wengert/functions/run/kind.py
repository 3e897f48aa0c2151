"""Kind: a function for one kind of arguments, with a path for each way that Python has gone through it.

A path is tried as it is, and its result is taken if Python's questions have the answers that it stands for; else the answers
say which other path it is, or that none is there yet. It knows no machine code.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from wengert.core.ir import collector
from wengert.errors import GraphError
from wengert.functions.namespaces import standing
from wengert.functions.run.out import OUT, filled
from wengert.functions.run.path import Answers, CompiledPath, Options, answers_of
from wengert.functions.tracing.record import Leaf, TracedProgram, is_number, traced_program
from wengert.functions.tracing.trees import argument_names, flatten, name_of, parameters_of, unflatten
from wengert.targets.parameters import Parameter, Static

MOST_PATHS = 64
"""So many paths are kept of one kind, those that ran last."""


class FunctionOfKind:
    """The function for one kind of arguments."""

    def __init__(self, f: Callable[..., Any], options: Options, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.f, self.options = f, options
        self.parameters = _parameter_kinds(f, args, kwargs)
        self.paths: OrderedDict[Answers, CompiledPath] = OrderedDict()
        """By the answers that Python was given, the path that ran last at the end."""
        self.has_written = False
        """Whether it was called with `out=`."""
        self.slow: Callable[..., Any] = self.run
        """Where arguments go that the entry does not take."""
        names = argument_names(f, args, kwargs)
        self._lock = threading.RLock()
        with collector.waiting():
            self.current = self._first(args, kwargs, names)

    def _first(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: Sequence[str]) -> CompiledPath:
        """The path for these arguments, and what all paths have in common."""
        program = traced_program(standing(self.f), args, kwargs, known=True)
        self.arguments, self.known, self.fixed = program.arguments, program.leaves, program.fixed
        self.leaves: list[Leaf] = [leaf for leaf in self.known if leaf is not None]
        self.names = [name for name, leaf in zip(names, self.known, strict=True) if leaf is not None]
        self.donated = self._donated(args, kwargs, self.options.donate)
        return self._new(program)

    @property
    def is_guarded(self) -> bool:
        """Whether Python asked for values on the way."""
        return bool(self.current.answers)

    @property
    def bytes(self) -> int:
        """The bytes of the code of all paths."""
        return sum(path.bytes for path in self.paths.values())

    def _new(self, program: TracedProgram) -> CompiledPath:
        path = CompiledPath(program, self.names, self.donated, self.options)
        self.paths[path.answers] = path
        while len(self.paths) > MOST_PATHS:
            self.paths.popitem(last=False)
        return path

    def _donated(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], donate: Sequence[str | int]) -> list[bool]:
        """For each input, whether it is a leaf of a donated parameter."""
        names = [name for name, _ in self.parameters]
        places = {each if isinstance(each, int) else names.index(each) if each in names else -1 for each in donate}
        unknown = [each for each in donate if not (0 <= each < len(names) if isinstance(each, int) else each in names)]
        if unknown:
            raise GraphError(
                f"'{name_of(self.f)}' is not called with a parameter {unknown[0]!r} that could be donated.",
                f"  its parameters are {', '.join(names) or 'none'}",
                "Donate a parameter by its name or its place.",
            )
        values = (*args, *kwargs.values())
        # The inputs have keywords by name, the call as they came.
        order = [*range(len(args)), *(len(args) + k for k, _ in sorted(enumerate(kwargs), key=lambda pair: pair[1]))]
        return [k in places for k in order for leaf in flatten(values[k])[0] if is_number(leaf)]

    # calls

    @property
    def takes_out(self) -> bool:
        """Whether code can write its results into given arrays: Python asks nothing, and no result is a donated array."""
        return not self.is_guarded and not self.current.executable.donated

    def writing_entry(self, slow: Callable[..., Any]) -> Callable[..., Any]:
        """The emitted entry of calls with `out=`; what it does not take goes to `slow`."""

        def failed(*args: Any, out: Any, **kwargs: Any) -> Any:
            return filled(out, self._interpreted(*args, **kwargs))

        return (self.current.entry(self, slow, failed, into=OUT) if self.takes_out else None) or slow

    def entry(self, slow: Callable[..., Any]) -> Callable[..., Any]:
        """The emitted entry of this kind; what it does not take goes to `slow`."""
        self.slow = slow
        if not self.is_guarded:
            return self.current.entry(self, slow, self._interpreted) or slow
        return self._tried

    def _tried(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the path that ran last, if it is the right one."""
        path = self.current
        if path.tried is None:
            made = path.entry(self, self._elsewhere, self._elsewhere_failed)
            path.tried = made or self._elsewhere
        result, fits = path.tried(*args, **kwargs)
        return result if fits else self._chosen(args, kwargs, path)

    def _elsewhere(self, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        return self.slow(*args, **kwargs), True

    def _elsewhere_failed(self, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        """What code cannot do may be what only a wrong path does."""
        return self._chosen(args, kwargs), True

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result, for arguments that no entry took: of this kind, but with gaps, read-only, or on another way here."""
        if not self.is_guarded:
            return self.current.run(self.arrays(args, kwargs), self.leaves)
        path = self.current
        result, fits = path.attempt(self.arrays(args, kwargs), self.leaves)
        return result if fits else self._chosen(args, kwargs, path)

    def _chosen(self, args: tuple[Any, ...], kwargs: dict[str, Any], wrong: CompiledPath | None = None) -> Any:
        """The result of the path that Python goes with these arguments, which is not the `wrong` one."""
        path, certain = self.path(args, kwargs, wrong)
        arrays = self.arrays(args, kwargs)
        if certain:
            return path.run(arrays, self.leaves)
        result, fits = path.checked(arrays, self.leaves)
        return result if fits else path.interpreted(arrays)  # code rounds to another answer; Python's own is right

    def path(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], wrong: CompiledPath | None = None
    ) -> tuple[CompiledPath, bool]:
        """The path that Python goes with these arguments, and whether code says so too."""
        if not self.is_guarded:
            return self.current, True
        with self._lock, collector.waiting():
            alone = wrong is not None and len(self.paths) == 1
            path = None if alone else self._fitting(self.arrays(args, kwargs))
            certain = path is not None
            if path is None:
                program = traced_program(standing(self.f), args, kwargs, known=True)
                path = self.paths.get(answers_of(program)) or self._new(program)
            self.paths.move_to_end(path.answers)
            self.current = path
            return path, certain

    def _fitting(self, arrays: Sequence[Any]) -> CompiledPath | None:
        """The path whose answers are those of the arrays. Each that is asked says where it parts from the right one."""
        path: CompiledPath | None = self.current
        while path is not None:
            found = path.asked(arrays, self.leaves)
            same = next((k for k, (a, b) in enumerate(zip(found, path.answers, strict=True)) if a != b), None)
            if same is None:
                return path
            start = found[: same + 1]
            path = next((p for answers, p in reversed(self.paths.items()) if answers[: same + 1] == start), None)
        return None

    def _interpreted(self, *args: Any, **kwargs: Any) -> Any:
        return self.current.interpreted(self.arrays(args, kwargs))

    def arrays(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The leaves of the arguments that are inputs."""
        leaves = flatten((args, kwargs))[0]
        return [x for x, leaf in zip(leaves, self.known, strict=True) if leaf is not None]

    # what an entry is told

    def sees_order(self) -> bool:
        """Whether the function sees the order of several keywords."""
        return sum(kind == "keyword" for _, kind in self.parameters) > 1 and sees_order(self.f)

    def trees(self) -> list[Parameter]:
        """The parameters with the containers of their leaves."""
        count, fixed = iter(range(len(self.leaves))), iter(self.fixed)
        numbered = [Static(next(fixed)) if leaf is None else next(count) for leaf in self.known]
        args, kwargs = unflatten(self.arguments, numbered)
        kinds = dict(self.parameters)
        names = [name for name, _ in self.parameters]
        found = [Parameter(name, tree, kinds[name]) for name, tree in zip(names, args, strict=False)]
        return [*found, *(Parameter(name, kwargs[name], "keyword") for name in kwargs)]


def sees_order(f: Callable[..., Any]) -> bool:
    """Whether a function takes keywords by whatever name, and so may see their order."""
    return any(p.kind == p.VAR_KEYWORD for p in parameters_of(f))


def _parameter_kinds(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[tuple[str, Literal["positional", "either", "keyword"]]]:
    """The name and kind of each argument: by position, by its name, or either.

    A name that a decorated function only passes on is good for messages; what the decorator does to a keyword is not known.
    """
    plain = [p.name for p in parameters_of(f) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    own = [p.name for p in parameters_of(f, wrapped=False) if p.kind == p.POSITIONAL_OR_KEYWORD]
    found: list[tuple[str, Literal["positional", "either", "keyword"]]] = []
    for k in range(len(args)):
        name = plain[k] if k < len(plain) else f"argument {k}"
        found.append((name, "either" if name in own else "positional"))
    return [*found, *((name, "keyword") for name in kwargs)]

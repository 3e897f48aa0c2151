"""Python functions as machine code: written down once for each kind of arguments, compiled, and called through an emitted entry.

What the entry does not take (another layout, a new shape, a traced value) comes here. It knows no LLVM.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np

from wengert.backends import interpreter
from wengert.backends.base import Compiled
from wengert.errors import GraphError, TraceError
from wengert.ir.graph import Graph, Node, input_node
from wengert.ir.walk import substitute
from wengert.passes import pipeline
from wengert.tracing.record import Leaf, Program, is_number, leaf_of, traced_program
from wengert.tracing.tracer import Traced
from wengert.tracing.trees import argument_names, flatten, is_common, name_of, orders, parameters_of, unflatten

if TYPE_CHECKING:
    from wengert.backends.native.compiled import Variant
    from wengert.backends.native.signature import Parameter

CHAIN = 4
"""So many kinds of arguments are tried by the entries themselves, the newest first."""
Backend = Literal["native", "interpreter"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)


@overload
def compile(
    f: Graph, *, donate: str | int | Sequence[str | int] = ..., backend: Backend = ..., cache: bool = ...
) -> Compiled: ...
@overload
def compile(
    f: Callable[..., Any], *, donate: str | int | Sequence[str | int] = ..., backend: Backend = ..., cache: bool = ...
) -> CompiledFunction: ...
def compile(
    f: Callable[..., Any] | Graph,
    *,
    donate: str | int | Sequence[str | int] = (),
    backend: Backend = "native",
    cache: bool = True,
) -> CompiledFunction | Compiled:
    """f as machine code: the same results to rounding, for arrays, numbers, and tuples, lists and dicts of them.

    f is run once for each kind of arguments (containers, shapes, dtypes) to write it down; what it captures, and what is no
    array or number, is taken as it is then. `donate` names parameters, or counts them, whose arrays may be overwritten:
    each becomes the first result of its type. With `cache`, machine code is kept on disk for the next process.

    A graph becomes a callable that takes arrays by the names of its inputs and gives the tuple of its outputs.

    Raises GraphError where f is no function and no graph, a donated parameter is not there or no result has its type;
    TraceError, at a call, where f does what a graph cannot hold or an argument is of a kind for which no code can be kept.
    """
    names = (donate,) if isinstance(donate, str | int) else tuple(donate)
    if backend not in BACKENDS:
        raise GraphError(
            f"There is no back end '{backend}'.",
            f"  the back ends are {' and '.join(BACKENDS)}",
            "Write:  backend='native'",
        )
    if isinstance(f, Graph):
        return _compiled_graph(f, names, backend, cache)
    if not callable(f):
        raise GraphError(
            f"A value of type {type(f).__name__} is no function that could be compiled.",
            f"  it is {f!r:.60}",
            "Give a function of arrays, or a graph.",
        )
    return _compiled_function(f, names, backend, cache)


def _compiled_graph(graph: Graph, donate: Sequence[str | int], backend: Backend, cache: bool) -> Compiled:
    graph = pipeline.run(graph)
    if backend == "interpreter":
        return interpreter.compile(graph)
    from wengert.backends import native

    names = graph.input_names
    return native.compile(
        graph, donate=[names[each] if isinstance(each, int) else each for each in donate], cache=cache
    )


def _compiled_function(
    f: Callable[..., Any], donate: Sequence[str | int], backend: Backend, cache: bool
) -> CompiledFunction:
    made: CompiledFunction = type("CompiledFunction", (CompiledFunction,), {"__module__": __name__})(
        f, donate, backend, cache
    )
    update_wrapper(made, f, updated=())
    for name, value in getattr(f, "__dict__", {}).items():
        if not hasattr(made, name):  # what is its own stays so
            setattr(made, name, value)
    return made


def set_threads(count: int) -> None:
    """Let compiled functions use `count` threads, the caller among them; results do not depend on it. By default the processors
    that the process may use.

    Raises GraphError where the count is not between 1 and 256.
    """
    from wengert.backends.native import pool

    pool.set_threads(count)


class CompiledFunction:
    """A function that runs as machine code. Each has a class of its own, whose call is the newest entry."""

    __wrapped__: Callable[..., Any]

    def __init__(self, f: Callable[..., Any], donate: Sequence[str | int], backend: Backend, cache: bool) -> None:
        self._options = _Options(donate, backend, cache)
        self._kinds: dict[Any, _Kind] = {}
        self._lock = threading.RLock()
        self._ordered = _sees_order(f)
        self.__wrapped__ = f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._dispatch(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        from types import MethodType

        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Its name, where a module has it under that; else f and the options, from which code is made again."""
        found: Any = sys.modules.get(self.__module__)
        name = str(getattr(self, "__qualname__", ""))
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is self:
            return name
        options = self._options
        return _compiled_function, (self.__wrapped__, options.donate, options.backend, options.cache)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """The graph that is run for arguments of these types."""
        return self._kind(args, kwargs).graph

    def variant(self, *args: Any, **kwargs: Any) -> Variant:
        """The code for arguments of these types, with its stages in `build`.

        Raises GraphError where the back end is the interpreter.
        """
        kind = self._kind(args, kwargs)
        if kind.variant is None:
            raise GraphError(
                "The interpreter has no code.", "  backend='interpreter'", "Compile with:  backend='native'"
            )
        return kind.variant

    def _dispatch(self, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, Traced) for leaf in flatten((args, kwargs))[0]):
            return self.__wrapped__(*args, **kwargs)
        return self._kind(args, kwargs).run(args, kwargs)

    def _kind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Kind:
        leaves, spec = flatten((args, kwargs))
        order = orders((args, kwargs if self._ordered else list(kwargs.values())))
        key = (spec, order, *(leaf_of(x) if is_number(x) else _fixed(x) for x in leaves))
        with self._lock:
            if key not in self._kinds:
                self._kinds[key] = _Kind(self.__wrapped__, self._options, args, kwargs)
                self._chain()
            return self._kinds[key]

    def _chain(self) -> None:
        """Let the call be the newest entry, which hands on what is not meant for it."""
        if self._options.backend != "native":
            return
        call: Callable[..., Any] = self._dispatch
        for kind in list(self._kinds.values())[-CHAIN:]:
            call = kind.entry(call)
        type(self).__call__ = call


def _fixed(value: Any) -> Any:
    """What a leaf that is no number is known by.

    Raises TraceError where it can change or holds numbers, so that code for it would go on with those of today.
    """
    if isinstance(value, slice):
        return (slice, value.start, value.stop, value.step)
    if isinstance(value, type):
        return (type, value)
    if hasattr(value, "__array__"):
        raise TraceError(
            f"A value of type {type(value).__name__} is no array of NumPy.",
            f"  it is {value!r:.60}",
            "Write:  np.asarray(x)",
        )
    try:
        hash(value)
    except TypeError:
        raise TraceError(
            f"A value of type {type(value).__name__} may change, and a compiled function would not see it.",
            f"  it is {value!r:.60}",
            "Give arrays in tuples, lists or dicts, and what steers the function as a number, a string or a tuple.",
        ) from None
    return (type(value), value)


def _sees_order(f: Callable[..., Any]) -> bool:
    """Whether a function takes keywords by whatever name, and so may see their order."""
    return any(p.kind == p.VAR_KEYWORD for p in parameters_of(f))


@dataclass(frozen=True)
class _Options:
    donate: Sequence[str | int]
    backend: Backend
    cache: bool


class _Kind:
    """The function for one kind of arguments."""

    def __init__(self, f: Callable[..., Any], options: _Options, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.f = f
        self.program: Program = traced_program(self.f, args, kwargs)
        names = argument_names(self.f, args, kwargs)
        moving = [name for name, leaf in zip(names, self.program.leaves, strict=True) if leaf is not None]
        self.leaves: list[Leaf] = [leaf for leaf in self.program.leaves if leaf is not None]
        self.parameters = _parameter_kinds(self.f, args, kwargs)
        graph = _named(self.program.graph, moving)
        donated = self._donated(args, kwargs, options.donate)
        self.graph = pipeline.run(graph)
        self.variant: Variant | None = None
        if options.backend == "native":
            from wengert.backends.native.compiled import Variant, pair_donated

            chosen = [name for name, back in zip(self.graph.input_names, donated, strict=True) if back]
            pairs = pair_donated(self.graph, chosen)
            self.variant = Variant(self.graph, pairs, options.cache)

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

    def entry(self, slow: Callable[..., Any]) -> Callable[..., Any]:
        """The emitted entry of this kind; what it does not take goes to `slow`."""
        variant = self.variant
        if variant is None or variant.segments is not None or not self._plain_containers():
            return slow
        from wengert.backends.native import entry

        weak = [leaf.weak for leaf in self.leaves]
        result = unflatten(self.program.result, range(len(self.graph.outputs)))
        signature = variant.signature(self._trees(), result, strict=True, weak=weak)
        return entry.builtin(variant.code, signature, slow, self._interpreted)

    def _plain_containers(self) -> bool:
        """Whether an entry understands the containers of arguments and result, and the keywords are not seen in their order."""
        trees = (self.program.arguments, self.program.result)
        common = all(is_common(unflatten(spec, range(spec.num_leaves))) for spec in trees)
        keywords = sum(kind == "keyword" for _, kind in self.parameters)
        return common and not (keywords > 1 and _sees_order(self.f))

    def _trees(self) -> list[Parameter]:
        from wengert.backends.native.signature import Parameter, Static

        count, fixed = iter(range(len(self.leaves))), iter(self.program.fixed)
        numbered = [Static(next(fixed)) if leaf is None else next(count) for leaf in self.program.leaves]
        args, kwargs = unflatten(self.program.arguments, numbered)
        kinds = dict(self.parameters)
        names = [name for name, _ in self.parameters]
        found = [Parameter(name, tree, kinds[name]) for name, tree in zip(names, args, strict=False)]
        return [*found, *(Parameter(name, kwargs[name], "keyword") for name in kwargs)]

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result, for arguments that no entry took: of this kind, but with gaps, read-only, or on another way here."""
        arrays = self._arrays(args, kwargs)
        if self.variant is None:
            return self._interpreted(*args, **kwargs)
        donated = set(self.variant.donated.values())
        whole = [
            _whole(array, leaf, k in donated) for k, (array, leaf) in enumerate(zip(arrays, self.leaves, strict=True))
        ]
        return self._result(self.variant.run(whole, lambda *given: self._evaluated(given)))

    @cached_property
    def plain(self) -> interpreter.Interpreted:
        """The graph run by NumPy."""
        return interpreter.compile(self.graph)

    def _interpreted(self, *args: Any, **kwargs: Any) -> Any:
        return self._result(self._evaluated(self._arrays(args, kwargs)))

    def _arrays(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        leaves = flatten((args, kwargs))[0]
        return [x for x, leaf in zip(leaves, self.program.leaves, strict=True) if leaf is not None]

    def _evaluated(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        return self.plain(**dict(zip(self.graph.input_names, arrays, strict=True)))

    def _result(self, outputs: Sequence[Any]) -> Any:
        return unflatten(self.program.result, list(outputs))


def _whole(value: Any, leaf: Leaf, donated: bool) -> Any:
    """The array without gaps, in the graph's dtype; of a donated one a copy, since it is none that could be overwritten."""
    dtype = leaf.type.dtype
    return np.array(value, dtype, order="C") if donated else np.require(value, dtype, ["C", "A"])


def _named(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph whose inputs have names of their own."""
    seen: dict[str, int] = {}
    new: dict[Node, Node] = {}
    for node, name in zip(graph.inputs, names, strict=True):
        seen[name] = seen.get(name, 0) + 1
        new[node] = input_node(name if seen[name] == 1 else f"{name} ({seen[name]})", node.type, node.source)
    return Graph(tuple(new.values()), tuple(substitute(graph.outputs, new)), graph.names)


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

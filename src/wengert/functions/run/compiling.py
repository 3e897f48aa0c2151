"""compile: Python functions as machine code, a kind of arguments at a time. It knows no LLVM.

What no entry takes (another layout, a new shape, a traced value) comes here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, get_args, overload

from wengert.core.ir.graph import Graph
from wengert.core.passes import pipeline
from wengert.errors import GraphError, TraceError
from wengert.functions.namespaces import standing
from wengert.functions.run.binding import bound
from wengert.functions.run.kind import FunctionOfKind, sees_order
from wengert.functions.run.out import OUT, filled, refuse_traced
from wengert.functions.run.path import Backend, Options
from wengert.functions.run.statics import PerValue, Statics, name_in_module
from wengert.functions.tracing.foreign import all_taken
from wengert.functions.tracing.record import is_number, leaf_of
from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.trees import flatten, orders, parameters_of
from wengert.functions.tracing.watch import ON
from wengert.targets.base import Executable, default, mesh_target, target
from wengert.targets.compiled import Compiled
from wengert.targets.compiled import compile as compiled_graph

CHAIN = 4
"""So many kinds of arguments are tried by the entries themselves, the newest first."""
MOST_KINDS, MOST_BYTES = 256, 256 * 2**20
"""So many kinds are kept of one function, and so many bytes of code; those go that came in longest ago by another way than an entry."""
P = ParamSpec("P")
T = TypeVar("T", covariant=True)
BACKENDS: tuple[Backend, ...] = get_args(Backend)


@overload
def compile(
    f: Graph, *, donate: str | int | Sequence[str | int] = ..., backend: Backend = ..., cache: bool = ...
) -> Compiled: ...
@overload
def compile(
    f: Callable[P, T],
    *,
    donate: str | int | Sequence[str | int] = ...,
    static: Statics = ...,
    backend: Backend = ...,
    cache: bool = ...,
) -> CompiledFunction[P, T]: ...
def compile(
    f: Callable[..., Any] | Graph,
    *,
    donate: str | int | Sequence[str | int] = (),
    static: Statics = (),
    backend: Backend = "native",
    cache: bool = True,
) -> CompiledFunction[..., Any] | PerValue | Compiled:
    """f as machine code: the same results to rounding, for arrays, numbers, and tuples, lists and dicts of them.

    f is run once for each kind of arguments (containers, shapes, dtypes) to write it down; what it captures, arrays and
    numbers, and what is no array or number, is taken as it is then. Where Python asks for a value on the way (`if x > 0`,
    `while`, `range(int(n))`, `x[mask]`), f is run once for each way that it goes.
    `donate` names parameters, or counts them, whose arrays may be overwritten: each becomes the first result of its type
    (where Python asks for values, nothing is overwritten). `static` names parameters, or counts them, that are taken as constants: sizes,
    modes, settings in containers; each of their values has code of its own. With `cache`, machine code is kept on disk for the next process.

    A graph becomes a callable that takes arrays by the names of its inputs and gives the tuple of its outputs.

    Raises GraphError where f is no function and no graph, a donated or static parameter is not there or no result has its type;
    TraceError, at a call, where f does what a graph cannot hold or an argument is of a kind for which no code can be kept.
    """
    names = (donate,) if isinstance(donate, str | int) else tuple(donate)
    if backend not in BACKENDS:
        raise GraphError(
            f"There is no back end '{backend}'.",
            f"  the back ends are {', '.join(BACKENDS)}",
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
    made = _compiled_function(f, names, backend, cache, static)
    if ON[0]:
        from wengert.functions.run.watching import or_watched

        return or_watched(f, made)  # pyright: ignore[reportReturnType]
    return made


def _compiled_graph(graph: Graph, donate: Sequence[str | int], backend: Backend, cache: bool) -> Compiled:
    graph = pipeline.run(graph)
    names = graph.input_names
    donated = [names[each] if isinstance(each, int) else each for each in donate]
    return compiled_graph(graph, backend, donate=donated, cache=cache)


def _compiled_function(
    f: Callable[..., Any], donate: Sequence[str | int], backend: Backend, cache: bool, static: Statics = ()
) -> CompiledFunction | PerValue:
    made: CompiledFunction | PerValue
    if static != ():
        made = PerValue(f, static, _compiled_function, (donate, backend, cache))
    else:
        kind = type("CompiledFunction", (CompiledFunction,), {"__module__": __name__})
        made = kind(f, donate, backend, cache)
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
    default().set_threads(count)


def keep_subnormals(kept: bool = True) -> None:
    """Let compiled functions that loop keep subnormal numbers, as IEEE 754 has them, or take them as 0, which is what they do unless
    told otherwise: below 2⁻¹²⁶ in float32 and 2⁻¹⁰²² in float64 some processors are up to a hundred times slower. It holds at once, for
    functions that are compiled already too.
    """
    default().keep_subnormals(kept)


def set_factors(dtype: str | None) -> None:
    """Let the back end "xla" round the factors of sums of products in float32 to `dtype`, "bfloat16", of which matrix units make
    several times more than of float32; the products are added in float32. None, as at first, leaves them in float32. It holds for
    programs that are made from now on; float64 is never rounded.

    Raises GraphError where the dtype is another one, MissingPackageError where JAX is not installed.
    """
    mesh_target().factors_in(dtype)


class CompiledFunction(Generic[P, T]):
    """A function that runs as machine code. Each has a class of its own, whose call is the newest entry."""

    __wrapped__: Callable[..., Any]

    def __init__(self, f: Callable[..., Any], donate: Sequence[str | int], backend: Backend, cache: bool) -> None:
        self._options = Options(donate, backend, cache)
        self._kinds: OrderedDict[Any, FunctionOfKind] = OrderedDict()
        self._lock = threading.RLock()
        self._ordered = sees_order(f)
        self._takes_out = not any(p.name == OUT or p.kind == p.VAR_KEYWORD for p in parameters_of(f))
        """Whether `out=` is for the results, and no parameter of f."""
        self.__wrapped__ = f

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._dispatch(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        from types import MethodType

        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Its name, where a module has it under that; else f and the options, from which code is made again."""
        options = self._options
        again = (self.__wrapped__, options.donate, options.backend, options.cache)
        return name_in_module(self) or (_compiled_function, again)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """The graph that is run for arguments of these types, and these values where Python asks for them: then it has a last
        output, whether the answers are those that it stands for.
        """
        return self._kind(args, kwargs).path(args, kwargs)[0].graph

    def variant(self, *args: Any, **kwargs: Any) -> Executable:
        """The code for arguments of these types, and these values where Python asks for them, with its stages in `build`.

        Raises GraphError where the back end is the interpreter.
        """
        path, _ = self._kind(args, kwargs).path(args, kwargs)
        if not path.target.makes_code:
            raise GraphError(
                "The interpreter has no code.", "  backend='interpreter'", "Compile with:  backend='native'"
            )
        return path.executable

    def _dispatch(self, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop(OUT, None) if self._takes_out else None
        args, kwargs = all_taken((args, kwargs))
        if any(isinstance(leaf, StandIn) for leaf in flatten((args, kwargs))[0]):
            return standing(self.__wrapped__)(*args, **kwargs) if out is None else refuse_traced(self.__wrapped__)
        kind = self._kind(args, kwargs)
        if out is None:
            return kind.run(args, kwargs)
        if not kind.has_written:
            kind.has_written = True
            self._chain()
        return filled(out, kind.run(args, kwargs))

    def bind(self, *args: Any, **kwargs: Any) -> Callable[[], T]:
        """A function without arguments: f of these arrays, whatever they hold when it is called. Its results are the same arrays at
        every call, with new numbers: those of the keyword `out`, of the result's structure, or new ones; a result without axes is an
        array without axes.

        Numbers are taken as they are now; in place of one that changes, give an array without axes. A call checks and makes nothing,
        where arrays lie without gaps and share no memory with a result; else it calls f and copies. With `donate`, a result is the
        donated array, so that each call goes on from the one before.

        Raises GraphError where `out` does not fit the result, or the function is called while it runs.
        """
        out = kwargs.pop(OUT, None) if self._takes_out else None
        args, kwargs = all_taken((args, kwargs))
        if any(isinstance(leaf, StandIn) for leaf in flatten((args, kwargs))[0]):
            refuse_traced(self.__wrapped__)
        return bound(self, self._kind(args, kwargs), args, kwargs, out)

    def _kind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> FunctionOfKind:
        leaves, spec = flatten((args, kwargs))
        order = orders((args, kwargs if self._ordered else list(kwargs.values())))
        key = (spec, order, *(leaf_of(x) if is_number(x) else _fixed(x) for x in leaves))
        with self._lock:
            kind = self._kinds.get(key)
            if kind is None:
                kind = self._kinds[key] = FunctionOfKind(self.__wrapped__, self._options, args, kwargs)
                self._evict()
                self._chain()
            else:
                self._kinds.move_to_end(key)
            return kind

    def _evict(self) -> None:
        """Let the kinds go that were not asked for longest; never the newest."""
        kinds = self._kinds
        while len(kinds) > MOST_KINDS or (len(kinds) > 1 and sum(kind.bytes for kind in kinds.values()) > MOST_BYTES):
            kinds.popitem(last=False)

    def _chain(self) -> None:
        """Let the call be the newest entry, which hands on what is not meant for it."""
        if not target(self._options.backend).makes_code:
            return
        call: Callable[..., Any] = self._dispatch
        for kind in list(self._kinds.values())[-CHAIN:]:
            if kind.has_written:
                call = kind.writing_entry(call)
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
    try:
        hash(value)
    except TypeError:
        raise TraceError(
            f"A value of type {type(value).__name__} may change, and a compiled function would not see it.",
            f"  it is {value!r:.60}",
            "Give arrays in tuples, lists or dicts, and what steers the function as a number, a string or a tuple.",
        ) from None
    return (type(value), value)

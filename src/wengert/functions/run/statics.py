"""Static arguments: a compiled function has code of its own for each of their values. It knows no machine code."""

from __future__ import annotations

import inspect
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert.functions.tracing.statics import Statics, known_by, places_of
from wengert.functions.tracing.trees import flatten, parameters_of, unflatten

if TYPE_CHECKING:
    from wengert.core.ir.graph import Graph
    from wengert.targets.base import Executable

MOST_VALUES = 64
"""For so many values code is kept, those that were asked for last."""


def _kept(value: Any) -> Any:
    """The value as it is now: containers and arrays of its own."""
    leaves, spec = flatten(value)
    return unflatten(spec, [x.copy() if isinstance(x, np.ndarray) else x for x in leaves])


def filled(f: Callable[..., Any], placed: Mapping[int, Any], named: Mapping[str, Any]) -> Callable[..., Any]:
    """f as a function of its other arguments."""
    inserted = sorted(placed.items())

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        whole = list(args)
        for place, value in inserted:
            whole.insert(place, value)
        return f(*whole, **named, **kwargs)

    parameters = parameters_of(f)
    taken = {p.name for k, p in enumerate(parameters) if k in placed} | set(named)
    made: Any = call
    made.__signature__ = inspect.Signature([p for p in parameters if p.name not in taken])
    return made


def name_in_module(made: Any) -> str | None:
    """The name under which a compiled function stands in its module, None where that is something else."""
    found: Any = sys.modules.get(made.__module__)
    name = str(getattr(made, "__qualname__", ""))
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is made else None


class PerValue:
    """A function that is compiled anew for each value of its static arguments."""

    __wrapped__: Callable[..., Any]

    def __init__(
        self, f: Callable[..., Any], static: Statics, make: Callable[..., Any], options: tuple[Any, str, bool]
    ) -> None:
        self.__wrapped__ = f
        self._places = places_of(f, static)
        self._again = make, (f, *options, static)
        names = [p.name for p in parameters_of(f)]
        donate, *rest = options
        donated = [names[x] if isinstance(x, int) and x < len(names) else x for x in donate]  # places count all
        self._make: Callable[[Callable[..., Any]], Any] = lambda filled: make(filled, donated, *rest)
        self._made: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made, rest, named = self._of(args, kwargs)
        return made(*rest, **named)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        from types import MethodType

        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Its name, where a module has it under that; else what it is made of."""
        return name_in_module(self) or self._again

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """The graph that is run for arguments of these types and these static values."""
        made, rest, named = self._of(args, kwargs)
        return made.graph(*rest, **named)

    def variant(self, *args: Any, **kwargs: Any) -> Executable:
        """The code for arguments of these types and these static values, with its stages in `build`."""
        made, rest, named = self._of(args, kwargs)
        return made.variant(*rest, **named)

    def bind(self, *args: Any, **kwargs: Any) -> Callable[[], Any]:
        """A function without arguments: see `CompiledFunction.bind`."""
        made, rest, named = self._of(args, kwargs)
        return made.bind(*rest, **named)

    def _of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """What is compiled for the static values of a call, and the other arguments."""
        placed = {place: args[place] for place in self._places.values() if 0 <= place < len(args)}
        named = {name: kwargs[name] for name in self._places if name in kwargs}
        key = (*((k, known_by(x)) for k, x in placed.items()), *((k, known_by(x)) for k, x in named.items()))
        rest = tuple(x for k, x in enumerate(args) if k not in placed)
        others = {name: x for name, x in kwargs.items() if name not in named}
        with self._lock:
            made = self._made.get(key)
            if made is None:
                fixed = {k: _kept(x) for k, x in placed.items()}, {k: _kept(x) for k, x in named.items()}
                made = self._made[key] = self._make(filled(self.__wrapped__, *fixed))
                while len(self._made) > MOST_VALUES:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
        return made, rest, others

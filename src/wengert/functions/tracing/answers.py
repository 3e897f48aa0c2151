"""How the table of NumPy's functions is filled: a rule answers to a function, to a method, or to both. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

import numpy as np

from wengert.functions.tracing.standin import FUNCTIONS, StandIn, refuse
from wengert.functions.tracing.trees import flatten

_NOTHING: Any = (None, np._NoValue)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


def answers(*functions: Any, method: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a rule for functions of NumPy, and for the method of that name.

    An argument that the rule does not have is refused by name, unless it is given the value that means nothing, or the default.
    """
    original = functions[0] if functions else getattr(np, method, None)

    def enter(rule: Callable[..., Any]) -> Callable[..., Any]:
        own = signature(rule).parameters
        kinds = {p.kind for p in own.values()}
        plain = Parameter.VAR_KEYWORD in kinds
        most = None if Parameter.VAR_POSITIONAL in kinds else len(own)

        @wraps(rule)
        def call(*args: Any, **kwargs: Any) -> Any:
            if most is not None and len(args) > most:
                args, kwargs = (), _by_name(original, args, kwargs)
            if not plain and not own.keys() >= kwargs.keys():
                kwargs = _known(rule, original, kwargs)
            return rule(*args, **kwargs)

        for function in functions:
            FUNCTIONS[function] = call
        if method:
            FUNCTIONS[f"method {method}"] = call
        return call

    return enter


def _by_name(original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names that NumPy has for them."""
    return dict(signature(original).bind(*args, **kwargs).arguments)


def _known(rule: Callable[..., Any], original: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a rule has.

    Raises TraceError for one that it has not and that says something.
    """
    known: dict[str, Any] = {}
    for name, value in given.items():
        if name in signature(rule).parameters:
            known[name] = value
        elif not any(value is nothing for nothing in _NOTHING) and not _is_default(original, name, value):
            refuse(
                f"'{rule.__name__.strip('_')}' takes no argument '{name}' on traced values.",
                "Leave it out, and do what it does in a line of its own.",
            )
    return known


def _is_default(original: Any, name: str, value: Any) -> bool:
    """Whether a value is what NumPy takes where nothing is given."""
    try:
        default = signature(original).parameters[name].default
    except (TypeError, ValueError, KeyError):  # a function without a signature, or without this name in it
        return False
    return isinstance(value, str | int | bool) and type(value) is type(default) and value == default


def stands_in(original: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a rule for a function that asks no value how it is to be called, and make one in its place that does.

    On traced values, also inside of lists and tuples, what is made goes by the rule; else it is the original.
    """

    def enter(rule: Callable[..., Any]) -> Callable[..., Any]:
        answers(original)(rule)

        @wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            for leaf in flatten((args, kwargs))[0]:
                if isinstance(leaf, StandIn):
                    return leaf.call(original, args, kwargs)
            return original(*args, **kwargs)

        return function

    return enter

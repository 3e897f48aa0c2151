"""How the table of NumPy's functions is filled: a rule answers to a function, to a method, or to both. It knows no graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np

from wengert.tracing.tracer import FUNCTIONS, refuse

_NOTHING: Any = (None, np._NoValue)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


def answers(*functions: Any, method: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a rule for functions of NumPy, and for the method of that name.

    An argument that the rule does not have is refused by name, unless it is given the value that means nothing.
    """

    def enter(rule: Callable[..., Any]) -> Callable[..., Any]:
        known = signature(rule)
        plain = any(p.kind is p.VAR_KEYWORD for p in known.parameters.values())

        @wraps(rule)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = {k: v for k, v in kwargs.items() if k in known.parameters or not any(v is n for n in _NOTHING)}
            unknown = [] if plain else [name for name in given if name not in known.parameters]
            if unknown:
                refuse(
                    f"'{rule.__name__.strip('_')}' takes no argument '{unknown[0]}' on traced values.",
                    "Leave it out, and do what it does in a line of its own.",
                )
            return rule(*args, **given)

        for function in functions:
            FUNCTIONS[function] = call
        if method:
            FUNCTIONS[f"method {method}"] = call
        return call

    return enter

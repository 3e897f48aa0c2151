"""What a function returns beside the value that is derived: what is traced goes through the graph, all else stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast

from wengert.functions.tracing.standin import StandIn
from wengert.functions.tracing.trees import flatten, unflatten


class LossAndMore:
    """A function of one call that returns (L, more), and what more is apart from its traced values."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.more: list[Any] = []
        self.spec: Any = None

        @wraps(f)
        def numbers(*args: Any, **kwargs: Any) -> Any:
            found: Any = f(*args, **kwargs)
            if not isinstance(found, tuple) or len(cast(tuple[Any, ...], found)) != 2:
                return cast(Any, found)
            value, more = found  # pyright: ignore[reportUnknownVariableType]
            self.more, self.spec = flatten(more)
            return value, [x for x in self.more if isinstance(x, StandIn)]

        self.numbers = numbers
        """The function, which returns (L, what is traced of more)."""

    def filled(self, numbers: Sequence[Any]) -> Any:
        """More, with numbers for what was traced."""
        found = iter(numbers)
        return unflatten(self.spec, [next(found) if isinstance(x, StandIn) else x for x in self.more])

"""A native graph under other names: keywords as the caller knows its inputs, results in a container. It knows no equations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from wengert.targets.native import entry
from wengert.targets.native.compiled import CHAIN, Native, interned
from wengert.targets.native.signature import Parameter, Tree


class Named:
    """f(**values) -> a tree of the outputs. Each has a class of its own, whose call is the newest variant's emitted entry."""

    def __init__(
        self, native: Native, names: Sequence[str], result: Tree, slow: Callable[..., Any], fail: Callable[..., Any]
    ) -> None:
        self.native = native
        self.parameters = [Parameter(name, k, "keyword") for k, name in enumerate(names)]
        self.result = result
        self.slow = slow
        self.fail = fail
        self._entries = 0
        self._lock = threading.Lock()
        self._first: Callable[..., Any] = self._other

    def __call__(self, /, **values: Any) -> Any:
        return self._other(**values)

    def _other(self, /, *args: Any, **values: Any) -> Any:
        """What no entry takes: it is checked and run, which may compile a variant, whose entry comes first from then on."""
        known = interned(values)
        if known is not None:
            return self._first(*args, **known)
        found = self.slow(*args, **values)
        with self._lock:
            variants = list(self.native.variants.values())[:CHAIN]
            for variant in variants[self._entries :]:
                if variant.segments is None:
                    signature = variant.signature(self.parameters, self.result)
                    self._first = entry.builtin(variant.code, signature, self._first, self.fail)
                    type(self).__call__ = self._first
            self._entries = len(variants)
        return found


def named(
    native: Native,
    names: Sequence[str],
    result: Tree,
    slow: Callable[..., Any],
    fail: Callable[..., Any],
    doc: str,
) -> Named:
    """The callable with keywords `names`, one an input in order, that gives the tree `result` of outputs.

    `slow` takes all that is not just as a variant wants it, and runs `native`; `fail` is called where a program gives up.
    """
    return type("Named", (Named,), {"__doc__": doc, "__module__": __name__})(native, names, result, slow, fail)

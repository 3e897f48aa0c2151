"""The ops that function names mean, from the notations of the ops: tanh, exp, σ."""

from __future__ import annotations

from functools import lru_cache

from wengert.core.ir.op import OPS


def function_op(name: str) -> str | None:
    """The op that a function name means, None where it has no definition."""
    return _spellings(len(OPS)).get(name)


@lru_cache(maxsize=1)
def _spellings(count: int) -> dict[str, str]:
    """Every spelling of a function of entries among the `count` ops of the table, with its op."""
    found: dict[str, str] = {}
    for op in OPS.values():
        if op.notation.fixity == "function" and op.kind == "elementwise":
            for spelling in (op.name, op.notation.unicode, *op.notation.spellings):
                found.setdefault(spelling, op.name)
    return found

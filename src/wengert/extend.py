"""Names for those who give derivatives of their own functions: `primitive` and its rules, in the spelling of autograd's `extend`.

defvjp(f, *makers)       maker(y, *args) is the function ȳ ↦ x̄, one for each argument
defjvp(f, *rules)        rule(ẋ, y, *args) is ẏ, one for each argument; "same" where f is linear
defvjp_argnum, defvjp_argnums, defjvp_argnum, defjvp_argnums, def_linear     one rule for all arguments
check_rules              whether rules are compared with differences when they are first used
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from wengert.functions.tracing.trees import flatten, unflatten
from wengert.functions.transforms.custom import primitive as primitive
from wengert.functions.transforms.primitives import Primitive
from wengert.functions.transforms.rule_checks import check_rules as check_rules

__all__ = [
    "check_rules",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "primitive",
]

Rule = Callable[..., Any]


def defvjp(f: Primitive, *makers: Rule | None, argnums: Iterable[int] | None = None) -> None:
    """Give reverse mode argument by argument: makers[k](y, *args, **kwargs) is the function ȳ ↦ x̄_k."""
    f.defvjp(*makers, argnums=argnums)


def defjvp(f: Primitive, *rules: Rule | str | None, argnums: Iterable[int] | None = None) -> None:
    """Give forward mode argument by argument: rules[k](ẋ_k, y, *args, **kwargs) is what it adds to ẏ."""
    f.defjvp(*rules, argnums=argnums)


def defvjp_argnums(f: Primitive, maker: Rule) -> None:
    """Give reverse mode for several arguments at once: maker(argnums, y, args, kwargs) is the function from ȳ to their x̄."""
    f.vjp_of_all = maker


def defvjp_argnum(f: Primitive, maker: Rule) -> None:
    """Give reverse mode by one rule: maker(argnum, y, args, kwargs) is the function ȳ ↦ x̄ of that argument."""

    def of_all(argnums: Sequence[int], ans: Any, args: Any, kwargs: Any) -> Rule:
        pullbacks = [maker(argnum, ans, args, kwargs) for argnum in argnums]
        return lambda g: [pullback(g) for pullback in pullbacks]

    f.vjp_of_all = of_all


def defjvp_argnums(f: Primitive, rule: Rule) -> None:
    """Give forward mode for several arguments at once: rule(argnums, their ẋ, y, args, kwargs) is ẏ."""
    f.jvp_of_all = rule


def defjvp_argnum(f: Primitive, rule: Rule) -> None:
    """Give forward mode by one rule: rule(argnum, ẋ, y, args, kwargs) is what that argument adds to ẏ."""

    def of_all(argnums: Sequence[int], tangents: Sequence[Any], ans: Any, args: Any, kwargs: Any) -> Any:
        moved = [flatten(rule(k, g, ans, args, kwargs)) for k, g in zip(argnums, tangents, strict=True)]
        total = [sum(leaves[1:], start=leaves[0]) for leaves in zip(*(leaves for leaves, _ in moved), strict=True)]
        return unflatten(moved[0][1], total)

    f.jvp_of_all = of_all


def def_linear(f: Primitive) -> None:
    """Say that f is linear in each of its arguments, so that ẏ = f(…, ẋ, …)."""

    def moved(argnum: int, g: Any, ans: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return f(*args[:argnum], g, *args[argnum + 1 :], **kwargs)

    defjvp_argnum(f, moved)

"""autograd's names for derivatives, in its order of arguments: `from wengert.autograd import grad` in place of `from autograd import grad`.

Each is a few lines over the names of `wengert`, which are the ones to prefer: docs/from-autograd.md has the table.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from wengert.functions.transforms.analytic import holomorphic_grad as holomorphic_grad
from wengert.functions.transforms.checkpoints import checkpoint as checkpoint
from wengert.functions.transforms.custom import primitive as primitive
from wengert.functions.transforms.derivatives import elementwise_grad as elementwise_grad
from wengert.functions.transforms.derivatives import grad as _grad
from wengert.functions.transforms.derivatives import value_and_grad as _value_and_grad
from wengert.functions.transforms.linear import jvp, linearize, vjp
from wengert.functions.transforms.matrices import ggnvp, half_square, hvp
from wengert.functions.transforms.matrices import hessian as hessian
from wengert.functions.transforms.matrices import jacobian as jacobian

__all__ = [
    "checkpoint",
    "deriv",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "primitive",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]

Function = Callable[..., Any]
Argnum = int | tuple[int, ...] | list[int]


def _number(fun: Function) -> Function:
    """A result with one entry, whatever its axes, as a number."""

    @wraps(fun)
    def number(*args: Any, **kwargs: Any) -> Any:
        y = fun(*args, **kwargs)
        return np.reshape(y, ()) if np.ndim(y) and np.size(y) == 1 else y

    return number


def grad(fun: Function, argnum: Argnum = 0) -> Function:
    """∇f of a function whose result has one entry; `argnum` may be a tuple."""
    return _grad(_number(fun), argnum)


def value_and_grad(fun: Function, argnum: Argnum = 0) -> Function:
    """(f, ∇f) of a function whose result has one entry."""
    return _value_and_grad(_number(fun), argnum)


def grad_and_aux(fun: Function, argnum: Argnum = 0) -> Function:
    """(∇f, more) of a function that returns (f, more)."""
    return _grad(fun, argnum, has_aux=True)


def grad_named(fun: Function, argname: str) -> Function:
    """∇f by the argument of that name."""
    return _grad(_number(fun), argnames=argname)


def multigrad_dict(fun: Function) -> Function:
    """∇f by all arguments at once: a dict from the names of the parameters to the derivatives, defaults among them."""
    signature = inspect.signature(fun)

    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of(arguments: dict[str, Any]) -> Any:
            given = inspect.BoundArguments(signature, arguments)  # pyright: ignore[reportArgumentType]
            return fun(*given.args, **given.kwargs)

        return _grad(_number(of))(dict(bound.arguments))

    return gradients


def deriv(fun: Function, argnum: int = 0) -> Function:
    """J 𝟏: of a function that works entry by entry its derivative, in forward mode."""

    @wraps(fun)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        x = args[argnum]
        along, _ = _of_one(fun, args, kwargs, argnum)
        return jvp(along, (x,), (np.ones(np.shape(x)) if np.ndim(x) else 1.0,))[1]

    return derivative


def _of_one(fun: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnum: int) -> tuple[Function, int]:
    """The function of one of its arguments, the others as they are."""
    place = argnum % len(args)
    return (lambda x: fun(*args[:place], x, *args[place + 1 :], **kwargs)), place


def make_vjp(fun: Function, argnum: int = 0) -> Function:
    """make_vjp(f)(x) is (ȳ ↦ Jᵀ ȳ, f(x))."""

    def at(*args: Any, **kwargs: Any) -> tuple[Function, Any]:
        along, place = _of_one(fun, args, kwargs, argnum)
        y, pullback = vjp(along, args[place])
        return (lambda g: pullback(g)[0]), y

    return at


def make_jvp(fun: Function, argnum: int = 0) -> Function:
    """make_jvp(f)(x) is ẋ ↦ (f(x), J ẋ)."""

    def at(*args: Any, **kwargs: Any) -> Function:
        along, place = _of_one(fun, args, kwargs, argnum)
        y, push = linearize(along, args[place])
        return lambda v: (y, push(v))

    return at


def make_jvp_reversemode(fun: Function, argnum: int = 0) -> Function:
    """make_jvp_reversemode(f)(x) is ẋ ↦ J ẋ; it is forward mode, which needs no detour here."""

    def at(*args: Any, **kwargs: Any) -> Function:
        along, place = _of_one(fun, args, kwargs, argnum)
        return linearize(along, args[place])[1]

    return at


def make_hvp(fun: Function, argnum: int = 0) -> Function:
    """make_hvp(f)(x) is (v ↦ H v, ∇f(x))."""
    return make_vjp(grad(fun, argnum), argnum)


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Function:
    """hessian_tensor_product(f)(*args, v) is H v, the vector or tensor behind all arguments."""

    @wraps(fun)
    def product(*args: Any, **kwargs: Any) -> Any:
        place = argnum % (len(args) - 1)
        rest, v = args[:-1], args[-1]
        return hvp(_number(fun), place)(*rest[: place + 1], v, *rest[place + 1 :], **kwargs)

    return product


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """tensor_jacobian_product(f)(*args, t) is Σ t_… ∂f_…/∂x over the axes of t, the first ones of f."""

    def product(*args: Any, **kwargs: Any) -> Any:
        rest, t = args[:-1], args[-1]
        contracted = wraps(fun)(lambda *a, **k: np.tensordot(t, fun(*a, **k), axes=np.ndim(t)))
        return jacobian(contracted, argnum)(*rest, **kwargs)

    return product


vector_jacobian_product = tensor_jacobian_product


def make_ggnvp(f: Function, g: Function = half_square, f_argnum: int = 0) -> Function:
    """make_ggnvp(f, g)(x) is v ↦ Jᵀ (∇²g) J v."""

    def at(*args: Any, **kwargs: Any) -> Function:
        along, place = _of_one(f, args, kwargs, f_argnum)
        return lambda v: ggnvp(along, g)(args[place], v)

    return at

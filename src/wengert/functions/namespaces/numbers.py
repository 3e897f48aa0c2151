"""Functions of Python's numbers on traced values: those of `math`, and what Python is asked about a value."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np

from wengert.functions.namespaces.codes import CASTS, CLASSES
from wengert.functions.namespaces.views import CALLS
from wengert.functions.tracing.calls import number_operator
from wengert.functions.tracing.standin import NumberText, StandIn, refuse
from wengert.functions.tracing.tracer import Traced
from wengert.functions.tracing.trees import flatten

_UFUNCS: dict[str, np.ufunc] = {
    **{name: getattr(np, name) for name in ("exp", "expm1", "log2", "log10", "log1p", "sqrt", "cbrt", "exp2")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "degrees", "radians")},
    **{name: getattr(np, f"arc{name[1:]}") for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2")},
    **{name: getattr(np, name) for name in ("fabs", "copysign", "fmod", "ldexp")},
    "pow": np.power,
}
_SPECIAL = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "lgamma": "gammaln"}


def _whole(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda x: int(_applied(ufunc, x))


def _asked(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda x: bool(_applied(ufunc, x))


def _log(x: Any, base: Any = None) -> Any:
    found = _applied(np.log, x)
    return found if base is None else found / _applied(np.log, base)


def _hypot(*xs: Any) -> Any:
    if len(xs) == 2:
        return _applied(np.hypot, *xs)
    return _applied(np.sqrt, sum(x * x for x in xs))


def _isclose(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> bool:
    return bool(abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol))


def _prod(xs: Any, *, start: Any = 1) -> Any:
    for x in xs:
        start = start * x
    return start


_OTHERS: dict[str, Callable[..., Any]] = {
    "log": _log,
    "hypot": _hypot,
    "isclose": _isclose,
    "fsum": lambda xs: sum(xs),
    "prod": _prod,
    "dist": lambda p, q: _hypot(*[a - b for a, b in zip(p, q, strict=True)]),
    "sumprod": lambda p, q: sum(a * b for a, b in zip(p, q, strict=True)),
    "fma": lambda x, y, z: x * y + z,
    "modf": lambda x: (x - _applied(np.trunc, x), _applied(np.trunc, x)),
    "phase": lambda z: np.angle(z),
    "floor": _whole(np.floor),
    "ceil": _whole(np.ceil),
    "trunc": _whole(np.trunc),
    "isnan": _asked(np.isnan),
    "isinf": _asked(np.isinf),
    "isfinite": _asked(np.isfinite),
}


def _applied(ufunc: np.ufunc, *args: Any) -> Any:
    """A ufunc between numbers, as an operator: of Python numbers the result is one."""
    args = tuple([np.reshape(x, ()) if isinstance(x, StandIn) and x.shape else x for x in args])
    for x in args:
        if isinstance(x, StandIn):
            return x.operate(ufunc, *args)
    return ufunc(*args).item()


def of_math(original: Any) -> Callable[..., Any]:
    """A function of math or cmath that takes traced values too."""
    name = original.__name__
    other = _OTHERS.get(name)

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if isinstance(x, StandIn):
                break
        else:
            if name not in ("fsum", "prod", "dist", "sumprod") or not has_traced(args):
                return original(*args, **kwargs)
        if other is not None:
            return other(*args, **kwargs)
        if name in _UFUNCS:
            return _applied(_UFUNCS[name], *args)
        if name in _SPECIAL:
            import_module("wengert.functions.tracing.special")  # their rules
            return _applied(getattr(import_module("scipy.special"), _SPECIAL[name]), *args)
        if all(not isinstance(x, StandIn) or x.dtype.kind in "biu" for x in args):
            return original(*[operator.index(x) if isinstance(x, StandIn) else x for x in args], **kwargs)
        return refuse(
            f"'{original.__module__}.{name}' has no form in a graph.",
            "Write it with functions of NumPy; if no derivative goes through it, call it on numbers:  int(n), or outside.",
        )

    return call


def has_traced(value: Any) -> bool:
    """Whether there is a traced value in a container."""
    return any(isinstance(x, StandIn) for x in flatten(value)[0])


def refusing(original: Any, name: str) -> Callable[..., Any]:
    """A function that does not know traced values: on them by its rule, if there is one, else refused by name."""

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = settled(args), settled(kwargs)
        for x in flatten((args, kwargs))[0]:
            if isinstance(x, StandIn):
                from wengert.functions.tracing.standin import FUNCTIONS

                if original in FUNCTIONS:
                    return x.call(original, args, kwargs)
                refuse(
                    f"'{name}' takes numbers and arrays, and knows no traced values.",
                    "Give it a derivative with wg.primitive, or call it outside of the function that is differentiated.",
                )
        return original(*args, **kwargs)

    return call


def refuse_text(x: Any = None) -> None:
    """Refuse to read a number from the text of a traced value.

    Raises TraceError.
    """
    if isinstance(x, NumberText):
        refuse(
            "A number is read from the text of a traced value: its derivative would be lost.",
            "Use the value itself, and text to be shown only.",
        )


@wraps(float, updated=())
def as_float(*args: Any) -> Any:
    """float(x): of a traced number a traced number of Python."""
    refuse_text(*args[:1])
    if not args or not isinstance(args[0], StandIn):
        return float(*args)
    x: Any = args[0]
    if x.shape:
        if x.size != 1:
            raise TypeError("only length-1 arrays can be converted to Python scalars")
        x = np.reshape(x, ())
    if x.dtype.kind == "c":
        raise TypeError("can't convert complex to float")
    x = x if x.weak and x.dtype.kind == "f" else x.astype(float)
    if isinstance(x, Traced):
        return Traced(x.node, x.owner, weak=True)
    return x if x.weak else x.call(number_operator(np.positive), (x,), {})


CALLS["float()"] = as_float


@wraps(complex, updated=())
def as_complex(*args: Any, **kwargs: Any) -> Any:
    """complex(a, b) = a + i b, a traced number where one of them is."""
    refuse_text(*args[:1])
    given = dict(zip(("real", "imag"), args, strict=False), **kwargs)
    if not any(isinstance(x, StandIn) for x in given.values()):
        return complex(*args, **kwargs)
    return sum(x * unit for x, unit in ((given.get("real", 0.0), 1.0 + 0j), (given.get("imag", 0.0), 1j)))


CALLS["complex()"] = as_complex


def _cast(cls: Any) -> Callable[..., Any]:
    """A class of NumPy's numbers where it is called: of traced values an array or number of that dtype."""

    @wraps(cls, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        refuse_text(*args[:1])
        if not has_traced(args):
            return cls(*args, **kwargs)
        x: Any = args[0] if isinstance(args[0], StandIn) else import_module("wengert.numpy.creation").asarray(args[0])
        found = x.astype(cls)
        return found if found.shape else found[()]

    return call


CASTS.update({name: _cast(getattr(np, name)) for name in CLASSES})


class InPlaceOf:
    """What stands for an object of a class of SciPy."""

    _original: Any = None
    """The object, where it is made of numbers."""
    _class: type | None = None

    def is_a(self, classes: Any) -> bool:
        """Whether SciPy's object would be one of a class."""
        if self._original is not None:
            return builtins.isinstance(self._original, classes)
        return self._class is not None and issubclass(self._class, classes)


def settled(x: Any) -> Any:
    """Arguments of a call with numbers in place of traced values that depend on nothing."""
    if isinstance(x, StandIn):
        found = x.constant()
        return x if found is None else np.asarray(found)[()]
    if type(x) in (list, tuple):
        return type(x)([settled(each) for each in x])
    return {name: settled(each) for name, each in x.items()} if type(x) is dict else x


def settling(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, to which arrays that the user's function makes of numbers are numbers."""

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*settled(args), **settled(kwargs))

    return call


def in_place_of(cls: type, make: Callable[..., Any]) -> Callable[..., Any]:
    """What makes an object in place of one of the class."""
    made = settling(make)

    @wraps(make)
    def call(*args: Any, **kwargs: Any) -> Any:
        found = made(*args, **kwargs)
        if builtins.isinstance(found, InPlaceOf):
            found._class = cls  # pyright: ignore[reportPrivateUsage]
        return found

    ORIGINALS[id(call)] = call, cls
    return call


ORIGINALS: dict[int, tuple[Any, type]] = {}
"""By identity: what stands for a class of a library, and the class."""


def kind_of(x: StandIn) -> type:
    """The class that the value has where it is not traced."""
    if x.weak:
        return {"f": float, "c": complex, "i": int, "b": bool}.get(x.dtype.kind, float)
    if x.shape or x.is_zero_dimensional():
        return np.ndarray
    return x.dtype.type


def is_instance(x: Any, classes: Any) -> bool:
    """isinstance, as the function would be told where nothing is traced."""
    if builtins.isinstance(classes, tuple):
        return any(is_instance(x, each) for each in classes)
    classes = ORIGINALS.get(id(classes), (None, classes))[1]
    if builtins.isinstance(x, classes):
        return True
    if builtins.isinstance(x, StandIn):
        return issubclass(kind_of(x), classes)
    if builtins.isinstance(x, InPlaceOf):
        return x.is_a(classes)
    original = vars(classes).get("_wengert_original") if builtins.isinstance(classes, type) else None
    return original is not None and builtins.isinstance(x, original)


def is_scalar(x: Any) -> bool:
    """np.isscalar, as the function would be told where nothing is traced."""
    return issubclass(kind_of(x), np.generic | float | int | complex) if isinstance(x, StandIn) else np.isscalar(x)

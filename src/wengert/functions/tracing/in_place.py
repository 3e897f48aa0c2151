"""What NumPy writes in place: augmented assignment, `out=`, `ufunc.at` and the functions and methods that change an array.

Each computes the new entries by calls without effects and hands them to `storage`. It knows neither graphs nor tapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from wengert.errors import TraceError
from wengert.functions.tracing import storage
from wengert.functions.tracing.array_writes import added_at
from wengert.functions.tracing.source import user_line

WRITES: dict[Any, Callable[..., Any]] = {}
"""The functions of NumPy that change an argument."""
METHODS: dict[str, Callable[..., Any]] = {}
"""The methods of arrays that change them."""


def is_stand_in(x: Any) -> bool:
    """Whether a value stands in for an array."""
    return hasattr(type(x), "MEANING")


def refuse_array(name: str) -> NoReturn:
    """Refuse to write a traced value into an array of NumPy.

    Raises TraceError.
    """
    raise TraceError(
        f"'{name}' would write a traced value into a NumPy array.",
        user_line(),
        "Write into an array that is traced, as x.copy(), np.zeros_like(x) or wengert.numpy.zeros(n); or:  a = a + x",
    )


# ---------------------------------------------------------------- augmented assignment


def augmented(ufunc: Any, x: Any, other: Any) -> Any:
    """x += other and its kin: an array is written and keeps its dtype, a number is bound anew.

    Raises TypeError where the result cannot be cast to the dtype of x, ValueError where x is too small for it.
    """
    result = x.operate(ufunc, x, other)
    if result is NotImplemented or not storage.is_array(x):
        return result
    _check_fits(ufunc.__name__, result, x)
    storage.replace(x, result)
    return x


def _check_fits(name: str, result: Any, x: Any) -> None:
    """Refuse, with NumPy's words, a result that does not fit into an array.

    Raises TypeError for its dtype, ValueError for its shape.
    """
    if not np.can_cast(result.dtype, x.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc '{name}' output from dtype('{result.dtype}') to dtype('{x.dtype}') "
            "with casting rule 'same_kind'"
        )
    if result.shape != x.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {_shown(x.shape)} "
            f"doesn't match the broadcast shape {_shown(result.shape)}"
        )


def _shown(shape: tuple[int, ...]) -> str:
    return str(shape).replace(" ", "")


# ---------------------------------------------------------------- out=


OUT_AT: dict[Any, int] = {
    **dict.fromkeys((np.dot, np.max, np.min, np.any, np.all, np.argmax, np.argmin, np.round), 2),
    **dict.fromkeys(
        (np.clip, np.sum, np.prod, np.mean, np.std, np.var, np.cumsum, np.cumprod, np.take, np.compress), 3
    ),
    **dict.fromkeys((np.trace,), 5),
}
"""Where `out` stands among the arguments of functions that are often given it without its name."""
OUT_AT |= {f"method {function.__name__}": place for function, place in OUT_AT.items()}


def has_out(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call is given an array for its result."""
    return kwargs.get("out") is not None or (
        len(args) > 2 and len(args) > OUT_AT.get(function, 9) and args[OUT_AT[function]] is not None
    )


def into_out(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a call, written into the array that is its `out`.

    Raises TraceError where that is an array of NumPy; TypeError and ValueError where the result does not fit into it.
    """
    if "out" not in kwargs:
        place = OUT_AT[function]
        args, kwargs = (*args[:place], *args[place + 1 :]), {**kwargs, "out": args[place]}
    outs = kwargs["out"] if isinstance(kwargs["out"], tuple) else (kwargs["out"],)
    name = _name(function)
    rest = {key: value for key, value in kwargs.items() if key not in ("out", "where", "casting")}
    for out in outs:
        if out is not None and not is_stand_in(out):
            refuse_array(name)
    where = kwargs.get("where", True)
    if where is not True and isinstance(function, tuple):
        rest["where"], where = where, True
    first = next(out for out in outs if out is not None)
    found = first.call(function, args, rest)
    results: list[Any] = list(found) if isinstance(found, tuple) else [found]  # pyright: ignore[reportUnknownArgumentType]
    final = [_written(name, out, new, where) for out, new in zip(outs, results, strict=True)]
    return tuple(final) if len(final) > 1 else final[0]


def _written(name: str, out: Any, new: Any, where: Any) -> Any:
    if out is None:
        return new
    if where is not True:
        new = out.call(np.where, (where, new, out), {})
    if new.shape != out.shape and _spreads(new.shape, out.shape):
        new = out.call(np.broadcast_to, (new, out.shape), {})
    _check_fits(name, new, out)
    storage.replace(out, new)
    return out


def _spreads(shape: tuple[int, ...], wide: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to a wider one: a ufunc computes over the shape of its output."""
    return len(shape) <= len(wide) and all(a in (1, b) for a, b in zip(shape[::-1], wide[::-1], strict=False))


def _name(function: Any) -> str:
    if isinstance(function, tuple):
        ufunc, method = function  # pyright: ignore[reportUnknownVariableType]
        return f"{ufunc.__name__}.{method}"
    return str(getattr(function, "__name__", function))


# ---------------------------------------------------------------- ufunc.at


def at(ufunc: Any, x: Any, indices: Any, *values: Any) -> None:
    """x[indices] = ufunc(x[indices], values), once more for every time that an entry is named.

    Raises TraceError where x is an array of NumPy.
    """
    if not is_stand_in(x):
        refuse_array(f"{ufunc.__name__}.at")
    storage.check(x)
    values = tuple([np.stack(each) if isinstance(each, list | tuple) else each for each in values])
    if ufunc in (np.add, np.subtract):
        (value,) = values
        value = value if ufunc is np.add else np.negative(value)
        _check_casts(ufunc, value, x)
        storage.commit(x, x.call(added_at, (x, indices, value), {}))
        return
    for places, picked in _rounds(x, indices, values):
        flat = x.call(np.reshape, (x, (-1,)), {})
        old = x.call("getitem", (flat, places), {})
        new = x.call(ufunc, (old, *picked), {})
        _check_casts(ufunc, new, x)
        storage.write(x, np.unravel_index(places, x.shape), new)


def _check_casts(ufunc: Any, value: Any, x: Any) -> None:
    dtype = np.result_type(value.dtype if is_stand_in(value) else value, x.dtype)
    if not np.can_cast(dtype, x.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc '{ufunc.__name__}' output from dtype('{dtype}') to dtype('{x.dtype}') "
            "with casting rule 'same_kind'"
        )


def _rounds(x: Any, indices: Any, values: tuple[Any, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
    """The places in the flat array, so many at a time that none is there twice, and what goes there.

    Raises TraceError where the indices are traced: where they meet is not known.
    """
    if any(is_stand_in(each) for each in (indices if isinstance(indices, tuple) else (indices,))):
        raise TraceError(
            "Where traced indices meet is not known, so only 'np.add.at' and 'np.subtract.at' take them.",
            user_line(),
            "Give indices that are known, or write a loop:  wg.fori_loop(0, n, body, x)",
        )
    places = np.arange(x.size).reshape(x.shape)[indices]
    wide = [each if np.shape(each) == places.shape else np.broadcast_to(each, places.shape) for each in values]
    flat = [each.reshape(-1) for each in wide]
    order = np.argsort(places.ravel(), kind="stable")
    ranked = places.ravel()[order]
    starts = np.r_[True, ranked[1:] != ranked[:-1]] if ranked.size else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(starts, np.arange(ranked.size), 0))
    times = np.empty(ranked.size, np.int64)
    times[order] = np.arange(ranked.size) - first
    rounds = [np.flatnonzero(times == k) for k in range(int(times.max(initial=-1)) + 1)]
    return [(places.ravel()[chosen], tuple(each[chosen] for each in flat)) for chosen in rounds]


# ---------------------------------------------------------------- functions


def writes(*functions: Any, method: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter what stands for functions of NumPy, and for the method of that name, that change their first argument."""

    def enter(rule: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            if not is_stand_in(x):
                refuse_array(functions[0].__name__)
            return rule(x, *args, **kwargs)

        WRITES.update(dict.fromkeys(functions, call))
        if method:
            METHODS[method] = rule
        return call

    return enter


@writes(method="fill")
def _fill(x: Any, value: Any) -> None:
    storage.write(x, ..., value)


@writes(np.copyto)
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    new = src if is_stand_in(src) else np.asarray(src)
    if type(src) not in (int, float, bool) and not np.can_cast(new.dtype, dst.dtype, casting):  # pyright: ignore[reportArgumentType]
        raise TypeError(
            f"Cannot cast array data from dtype('{new.dtype}') to dtype('{dst.dtype}') according to the rule '{casting}'"
        )
    storage.write(dst, ..., src if where is True else dst.call(np.where, (where, src, dst), {}))


@writes(np.putmask)
def _putmask(a: Any, mask: Any, values: Any) -> None:
    """a = values where the mask holds; values of another size are repeated along the flat array."""
    shape = values.shape if is_stand_in(values) else np.shape(values)
    if shape != a.shape:
        size = int(np.prod(shape))
        if not size:
            return
        places = np.arange(a.size).reshape(a.shape) % size
        values = a.call("getitem", (_flat(values), places), {}) if is_stand_in(values) else np.ravel(values)[places]
    storage.write(a, ..., a.call(np.where, (mask, values, a), {}))


@writes(np.place)
def _place(arr: Any, mask: Any, vals: Any) -> None:
    """The places where the mask holds get the values one after another, again from the start where they are too few."""
    size = vals.size if is_stand_in(vals) else np.size(vals)
    if is_stand_in(mask) and size == 1:
        return _putmask(arr, mask, vals)
    if is_stand_in(mask):
        raise TraceError(
            "How many entries a traced mask picks is not known, so they cannot get values of their own.",
            user_line(),
            "Write:  np.where(mask, new, x)",
        )
    places = np.flatnonzero(np.asarray(mask))
    if not places.size:
        return None
    if not size:
        raise ValueError("Cannot insert from an empty array!")
    chosen = np.arange(places.size) % size
    new = arr.call("getitem", (_flat(vals), chosen), {}) if is_stand_in(vals) else np.ravel(vals)[chosen]
    return storage.write(arr, np.unravel_index(places, arr.shape), new)


@writes(np.put, method="put")
def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """The entries of the flat array at `ind` get the values, which are repeated where they are too few."""
    places = np.asarray(ind).ravel()
    if mode == "wrap":
        places = places % a.size
    elif mode == "clip":
        places = np.clip(places, 0, a.size - 1)
    elif places.size and (places.min() < -a.size or places.max() >= a.size):
        wrong = places[(places < -a.size) | (places >= a.size)][0]
        raise IndexError(f"index {wrong} is out of bounds for axis 0 with size {a.size}")
    size = v.size if is_stand_in(v) else np.size(v)
    if not size or not places.size:
        return
    chosen = np.arange(places.size) % size
    new = a.call("getitem", (_flat(v), chosen), {}) if is_stand_in(v) else np.ravel(v)[chosen]
    storage.write(a, np.unravel_index(places % a.size, a.shape), new)


@writes(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = None) -> None:
    """arr at (i, …, indices, …, j) gets the values: the indices run along one axis and stand beside their own place in the others."""
    if axis is None:
        storage.write(arr, np.unravel_index(np.asarray(indices).ravel() % arr.size, arr.shape), _flat(values))
        return
    place = axis % len(arr.shape)
    shape = indices.shape
    if len(shape) != len(arr.shape):
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    index = [
        indices if k == place else np.arange(n).reshape([-1 if j == k else 1 for j in range(len(shape))])
        for k, n in enumerate(arr.shape)
    ]
    storage.write(arr, tuple(index), values)


@writes(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    numbers = np.zeros(a.shape, np.int64)
    np.fill_diagonal(numbers, 1, wrap)
    places = np.flatnonzero(numbers)
    size = val.size if is_stand_in(val) else np.size(val)
    _put(a, places, val if size > 1 else _flat(val))


@writes(method="sort")
def _sort(x: Any, axis: int = -1, kind: Any = None) -> None:
    storage.check(x)
    storage.replace(x, x.call(np.sort, (x, axis), {}))


def _flat(x: Any) -> Any:
    return x.call(np.reshape, (x, (-1,)), {}) if is_stand_in(x) else np.ravel(x)

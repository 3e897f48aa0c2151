"""Arrays of other libraries, and numbers of 16 bits: taken as NumPy's, in the precision in which a graph computes. It knows no graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import TraceError
from wengert.functions.tracing.trees import flatten, unflatten

_OWN = (np.ndarray, np.generic, int, float, complex, str, bytes, type, type(None))
NARROW = frozenset(("float16", "bfloat16"))
"""Real numbers of 16 bits: they are stored so, and computed as float32."""


def is_foreign(x: Any) -> bool:
    """Whether x is an array of another library: it has DLPack's protocol or NumPy's."""
    kind = type(x)
    if isinstance(x, _OWN) or not (hasattr(kind, "__dlpack__") or hasattr(kind, "__array__")):
        return False
    return not hasattr(kind, "__array_function__") or hasattr(kind, "__dlpack__")


def is_narrow(x: Any) -> bool:
    """Whether x is an array of NumPy, or a number, of 16 bits."""
    return isinstance(x, np.ndarray | np.generic) and x.dtype.itemsize == 2 and x.dtype.name in NARROW


def taken(x: Any) -> Any:
    """An array of another library as one of NumPy, its memory shared where that can be; numbers of 16 bits as float32; else x itself.

    Raises TraceError where an array lies on another device.
    """
    if is_narrow(x):
        return x.astype(np.float32)
    if not is_foreign(x):
        return x
    found = _as_numpy(x.detach() if hasattr(x, "detach") else x)
    return found.astype(np.float32) if is_narrow(found) else found


def _as_numpy(x: Any) -> Any:
    if "bfloat16" in str(getattr(x, "dtype", "")) and hasattr(x, "float"):  # NumPy has no such dtype
        x = x.float()
    try:
        return np.from_dlpack(x) if hasattr(type(x), "__dlpack__") else np.asarray(x)
    except (BufferError, RuntimeError, TypeError, ValueError):
        pass  # as read-only memory, or a dtype that DLPack does not have
    try:
        return np.asarray(x)
    except (RuntimeError, TypeError, ValueError) as error:
        raise TraceError(
            f"An array of type {type(x).__name__} cannot be read by NumPy.",
            f"  {str(error).splitlines()[0]:.100}",
            "Copy it to the host first, for example:  x.cpu()",
        ) from None


def all_taken(tree: Any) -> Any:
    """A container with every leaf as NumPy's; the container itself where all are."""
    leaves, spec = flatten(tree)
    new = [taken(x) for x in leaves]
    return tree if all(a is b for a, b in zip(leaves, new, strict=True)) else unflatten(spec, new)


def stored_like(tree: Any, like: Any) -> Any:
    """Arrays as numbers of 16 bits where those of a container of the same form are such."""
    models = flatten(like)[0]
    if not any(map(is_narrow, models)):
        return tree
    leaves, spec = flatten(tree)
    both = zip(leaves, models, strict=True)
    return unflatten(spec, [x.astype(model.dtype) if is_narrow(model) else x for x, model in both])

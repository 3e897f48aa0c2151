"""Calls of compiled programs without an emitted entry: the same checks and results in Python, for a Python or NumPy whose objects
do not look as expected, or that has no global lock.

It knows nothing of how objects lie in memory; it is slower than the entry by microseconds, and means the same.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.types import ArrayType
from wengert.targets.native import jit
from wengert.targets.native.signature import PROGRAM, Input, Signature
from wengert.targets.parameters import Static, Tree, children, is_named_tuple

_PYTHON = {"float64": float, "float32": float, "int64": int, "bool": bool}
_ALIGNMENT = 64


class _Unfit(Exception):
    """The arguments are not what the signature says."""


class PlainCall:
    """A program with its signature, callable like the entry; the interpreter's lock stays held, which `wg_poll` allows."""

    def __init__(
        self, code: jit.MachineCode, signature: Signature, slow: Callable[..., Any], fail: Callable[..., Any]
    ) -> None:
        self._program = ctypes.PYFUNCTYPE(ctypes.c_int32, *(ctypes.c_void_p,) * 3)(code.address(PROGRAM))
        self._code, self._signature, self._slow, self._fail = code, signature, slow, fail

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:
            given = self._inputs(args, kwargs)
        except _Unfit:
            return self._slow(*args, **kwargs)
        signature = self._signature
        outputs = [
            given[signature.aliases[k]] if k in signature.aliases else _empty(kind)
            for k, kind in enumerate(signature.outputs)
        ]
        _held, start = scratch(signature.arena_bytes)
        status = self._program(pointers(given), pointers(outputs), start)  # an exception set meanwhile is raised here
        if status == 2:
            raise MemoryError
        if status != 0:
            return self._fail(*args, **kwargs)
        if signature.returned is not None:
            return self._bound(args, kwargs)[signature.returned]
        made = [x if x.ndim or k in signature.aliases else x[()] for k, x in enumerate(outputs)]
        return _filled(signature.result, made)

    def _inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[np.ndarray]:
        """The arguments as arrays, in the order of the inputs."""
        signature = self._signature
        found: dict[int, Any] = {}
        for parameter, thing in zip(signature.called_with, self._bound(args, kwargs), strict=True):
            found.update(_matched(parameter.tree, thing))
        given = [_array(x, found[k]) for k, x in enumerate(signature.inputs)]
        for k, one in enumerate(signature.inputs):
            if one.donate and any(j != k and _overlap(given[k], other) for j, other in enumerate(given)):
                raise _Unfit
        return given

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The arguments in the order of the parameters."""
        signature = self._signature
        rest = signature.called_with[len(args) :]
        by_name = [parameter.name for parameter in rest if parameter.kind != "positional"]
        if len(args) > signature.positional or len(by_name) != len(rest) or kwargs.keys() != set(by_name):
            raise _Unfit
        return [*args, *(kwargs[name] for name in by_name)]


def _matched(tree: Tree, thing: Any) -> Iterator[tuple[int, Any]]:
    """(number of the leaf, what stands there), for a container that is exactly of the tree's form."""
    stack = [(tree, thing)]
    while stack:
        tree, thing = stack.pop()
        if isinstance(tree, int):
            yield tree, thing
        elif tree is None or isinstance(tree, Static):
            if thing is not (tree.value if isinstance(tree, Static) else None):
                raise _Unfit
        elif type(thing) is not type(tree) or len(thing) != len(tree):
            raise _Unfit
        elif type(tree) is dict:
            if list(thing) != list(tree):  # f may go over a dict in its order
                raise _Unfit
            stack.extend((tree[key], thing[key]) for key in tree)
        else:
            stack.extend(zip(children(tree), thing, strict=True))


def _array(wanted: Input, thing: Any) -> np.ndarray:
    """The argument itself, or an array of its one number."""
    kind = wanted.type
    dtype = np.dtype(kind.dtype)
    if type(thing) is np.ndarray and wanted.takes_numpy:
        flags = thing.flags
        usable = flags.c_contiguous and flags.aligned and (not wanted.donate or _writeable(flags))
        if thing.dtype is dtype and thing.shape == kind.shape and usable:
            return thing
    elif not kind.shape and not wanted.donate:
        numpy = wanted.takes_numpy and type(thing) is dtype.type
        python = wanted.takes_python and type(thing) is _PYTHON[kind.dtype]
        if numpy or (python and (type(thing) is not int or -(2**63) <= thing < 2**63)):
            return np.array(thing, dtype)
    raise _Unfit


def _writeable(flags: Any) -> bool:
    return flags.writeable and not flags.writebackifcopy


def _overlap(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether two arrays without gaps share a byte; arrays of one number that were made here never do."""
    start, other = one.ctypes.data, two.ctypes.data
    return start < other + two.nbytes and other < start + one.nbytes


def _empty(kind: ArrayType) -> np.ndarray:
    return np.empty([int(size) for size in kind.shape if isinstance(size, int)], kind.dtype)


def scratch(size: int) -> tuple[np.ndarray, int]:
    """Memory of so many bytes, and the address in it where they begin."""
    arena = _empty(ArrayType((size + _ALIGNMENT,), "bool"))
    return arena, -(-arena.ctypes.data // _ALIGNMENT) * _ALIGNMENT


def pointers(arrays: Sequence[np.ndarray]) -> Any:
    """The addresses of arrays, as an array of C."""
    return (ctypes.c_void_p * max(1, len(arrays)))(*(array.ctypes.data for array in arrays))


def _filled(tree: Tree, outputs: list[Any]) -> Any:
    """The result's tree with the outputs in it."""
    if isinstance(tree, int):
        return outputs[tree]
    if tree is None or isinstance(tree, Static):
        return tree.value if isinstance(tree, Static) else None
    if type(tree) is dict:
        return {key: _filled(inside, outputs) for key, inside in tree.items()}
    inside = [_filled(part, outputs) for part in children(tree)]
    return type(tree)(*inside) if is_named_tuple(tree) else type(tree)(inside)

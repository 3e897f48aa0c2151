"""A signature as tables in memory, which the emitted entry walks at each call: the containers, the leaves, the outputs, the result.

It knows how the tables lie, not what walks them.
"""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from wengert.core.ir.types import ArrayType
from wengert.targets.native import numpy_abi as abi
from wengert.targets.native.signature import Input, Signature
from wengert.targets.parameters import Static, Tree, children, is_named_tuple

STACK_BYTES = 16 * 1024
"""Up to here the memory of a call lies on the stack."""
_ALIGNMENT = 64

_P, _I = ctypes.c_void_p, ctypes.c_int64


class ContainerKind(IntEnum):
    """What a container in the arguments must be."""

    TUPLE = 0
    LIST = 1
    DICT = 2
    STATIC = 3


class Convert(IntEnum):
    """How a Python scalar becomes a number in memory."""

    IN_PLACE = 0
    TO_FLOAT32 = 1
    FROM_INT = 2
    FROM_BOOL = 3


class Do(IntEnum):
    """A step of putting the result together, on a stack."""

    MOVE = 0
    COPY = 1
    STATIC = 2
    TUPLE = 3
    LIST = 4
    DICT = 5
    CALL = 6
    GIVEN = 7


class ContainerNode(ctypes.Structure):
    """A container: which of the objects it is, its kind and type (of a static object: itself), length, keys, first child."""

    _fields_ = [("source", _I), ("kind", _I), ("type", _P), ("length", _I), ("keys", _P), ("first", _I)]


class LeafSlot(ctypes.Structure):
    """An input: which of the objects it is, and what may stand there; `mask` and `flags` are NumPy's bits."""

    _fields_ = [
        ("object", _I),
        ("descr", _P),
        ("rank", _I),
        ("shape", _P),
        ("mask", _I),
        ("flags", _I),
        ("bytes", _I),
        ("numpy_scalar", _P),
        ("python_scalar", _P),
        ("convert", _I),
    ]


class PlanOutput(ctypes.Structure):
    """An output: the array to allocate, or the leaf whose array it is (`alias`, else −1), or the type of a scalar and its bytes."""

    _fields_ = [("descr", _P), ("rank", _I), ("shape", _P), ("alias", _I), ("scalar", _P), ("bytes", _I)]


class ResultStep(ctypes.Structure):
    """A step of the result: what to do, with which object (static, keys, callable), and a number (output, or how many items)."""

    _fields_ = [("do", _I), ("object", _P), ("number", _I)]


class CallPlan(ctypes.Structure):
    """The whole. Offsets are in bytes from the beginning of the call's memory, where the objects lie first."""

    _fields_ = [
        ("program", _P),
        ("parameters", _I),
        ("positional", _I),
        ("names", _P),
        ("nodes", _I),
        ("node", _P),
        ("leaves", _I),
        ("leaf", _P),
        ("donated", _I),
        ("donation", _P),
        ("outputs", _I),
        ("output", _P),
        ("steps", _I),
        ("step", _P),
        ("inputs_at", _I),
        ("outputs_at", _I),
        ("in_scalars_at", _I),
        ("out_scalars_at", _I),
        ("made_at", _I),
        ("stack_at", _I),
        ("arena_at", _I),
        ("bytes", _I),
        ("long", _I),
        ("hold", _I),
        ("slot", _P),
    ]


class Slot:
    """Memory of calls that need more than the stack gives: one piece kept between calls, taken and given back by exchange."""

    def __init__(self) -> None:
        self._cell = ctypes.c_size_t(0)
        self._free = ctypes.CFUNCTYPE(None, _P)(abi.python_symbol("PyMem_RawFree"))

    @property
    def address(self) -> int:
        """Where the pointer to the memory lies."""
        return ctypes.addressof(self._cell)

    def __del__(self) -> None:
        if self._cell.value:
            self._free(self._cell.value)
            self._cell.value = 0


@dataclass(frozen=True)
class PlanMemory:
    """A plan as bytes, and all that its addresses point to: alive as long as this is."""

    plan: bytes
    held: tuple[Any, ...]


class _Holder:
    """Collects what addresses point to."""

    def __init__(self) -> None:
        self.held: list[Any] = []

    def array(self, kind: Any, entries: list[Any]) -> int:
        """The address of a C array of the entries; 0 for none."""
        if not entries:
            return 0
        made = (kind * len(entries))(*entries)
        self.held.append(made)
        return ctypes.addressof(made)

    def address(self, thing: Any) -> int:
        """The address of an object, kept alive."""
        self.held.append(thing)
        return id(thing)

    def addresses(self, things: Any) -> int:
        """The address of an array of pointers to objects."""
        return self.array(_P, [self.address(thing) for thing in things])


def make(signature: Signature, program: int) -> PlanMemory:
    """The tables of a signature for the program at an address."""
    holder = _Holder()
    nodes, where, objects = _nodes(signature, holder)
    steps = _steps(signature, holder)
    count_in, count_out = len(signature.inputs), len(signature.outputs)
    sizes = [8 * objects, 8 * count_in, 8 * count_out, 8 * count_in, 8 * count_out, 8 * count_out, 8 * (len(steps) + 1)]
    places = [sum(sizes[:k]) for k in range(len(sizes) + 1)]
    arena = -(-places[-1] // _ALIGNMENT) * _ALIGNMENT
    slot = Slot()
    holder.held.append(slot)
    nested = len(nodes) > 0
    made = CallPlan(
        program=program,
        parameters=len(signature.called_with),
        positional=signature.positional,
        names=_names(signature, holder),
        nodes=len(nodes),
        node=holder.array(ContainerNode, nodes),
        leaves=count_in,
        leaf=holder.array(LeafSlot, [_leaf(x, where[k], holder) for k, x in enumerate(signature.inputs)]),
        donated=sum(x.donate for x in signature.inputs),
        donation=holder.array(_I, [k for k, x in enumerate(signature.inputs) if x.donate]),
        outputs=count_out,
        output=holder.array(
            PlanOutput, [_output(t, signature.aliases.get(k, -1), holder) for k, t in enumerate(signature.outputs)]
        ),
        steps=len(steps),
        step=holder.array(ResultStep, steps),
        inputs_at=places[1],
        outputs_at=places[2],
        in_scalars_at=places[3],
        out_scalars_at=places[4],
        made_at=places[5],
        stack_at=places[6],
        arena_at=arena,
        bytes=arena + signature.arena_bytes,
        long=signature.long,
        hold=nested,
        slot=slot.address,
    )
    return PlanMemory(bytes(made), tuple(holder.held))


def _names(signature: Signature, holder: _Holder) -> int:
    """The interned names of the parameters; none (0) where a parameter goes by position only."""
    addresses = [
        0 if parameter.kind == "positional" else holder.address(sys.intern(parameter.name))
        for parameter in signature.called_with
    ]
    return holder.array(_P, addresses)


def _nodes(signature: Signature, holder: _Holder) -> tuple[list[ContainerNode], dict[int, int], int]:
    """The containers of the arguments, each before those inside it; the object of each leaf; how many objects there are."""
    objects: list[Tree] = [parameter.tree for parameter in signature.called_with]
    nodes: list[ContainerNode] = []
    where: dict[int, int] = {}
    for source, tree in enumerate(objects):  # grows while it runs
        if isinstance(tree, int):
            where[tree] = source
        elif isinstance(tree, Static) or tree is None:
            value = None if tree is None else tree.value
            nodes.append(ContainerNode(source=source, kind=ContainerKind.STATIC, type=holder.address(value)))
        else:
            inside = children(tree)
            kind = {list: ContainerKind.LIST, dict: ContainerKind.DICT}.get(type(tree), ContainerKind.TUPLE)
            keys = holder.addresses(tree) if kind is ContainerKind.DICT else 0
            first = len(objects)
            nodes.append(ContainerNode(source, kind, holder.address(type(tree)), len(inside), keys, first))
            objects.extend(inside)
    return nodes, where, len(objects)


def _leaf(given: Input, source: int, holder: _Holder) -> LeafSlot:
    """What may stand for an input."""
    kind = given.type
    made = LeafSlot(object=source, rank=kind.rank, shape=_shape(kind, holder), bytes=_bytes(kind))
    made.mask = made.flags = abi.C_CONTIGUOUS | abi.ALIGNED
    if given.donate:
        made.mask |= abi.WRITEABLE | abi.WRITEBACK
        made.flags |= abi.WRITEABLE
    if given.takes_numpy:
        made.descr = abi.descr(kind.dtype)
        if not kind.shape and not given.donate:
            made.numpy_scalar = holder.address(abi.scalar_type(kind.dtype))
    if given.takes_python:
        python, convert = _PYTHON_SCALARS[kind.dtype]
        made.python_scalar, made.convert = holder.address(python), convert
    return made


_PYTHON_SCALARS: dict[str, tuple[type, Convert]] = {
    "float64": (float, Convert.IN_PLACE),
    "float32": (float, Convert.TO_FLOAT32),
    "int64": (int, Convert.FROM_INT),
    "bool": (bool, Convert.FROM_BOOL),
}


def _output(kind: ArrayType, alias: int, holder: _Holder) -> PlanOutput:
    """The object made for an output."""
    made = PlanOutput(abi.descr(kind.dtype), kind.rank, _shape(kind, holder), alias, None, _bytes(kind))
    if not kind.shape and alias < 0:
        made.scalar = holder.address(abi.scalar_type(kind.dtype))
    return made


def _shape(kind: ArrayType, holder: _Holder) -> int:
    return holder.array(_I, list(kind.shape))


def _bytes(kind: ArrayType) -> int:
    return math.prod(size for size in kind.shape if isinstance(size, int)) * np.dtype(kind.dtype).itemsize


def _steps(signature: Signature, holder: _Holder) -> list[ResultStep]:
    """The result in postfix order: items first, then the container. The last use of an output gives its reference away."""
    if signature.returned is not None:
        return [ResultStep(Do.GIVEN, None, signature.returned)]
    order = list(_postfix(signature.result))
    last = {tree: place for place, tree in enumerate(order) if isinstance(tree, int)}
    steps: list[ResultStep] = []
    for place, tree in enumerate(order):
        if isinstance(tree, int):
            steps.append(ResultStep(Do.MOVE if last[tree] == place else Do.COPY, None, tree))
        elif tree is None or isinstance(tree, Static):
            steps.append(ResultStep(Do.STATIC, holder.address(None if tree is None else tree.value), 0))
        elif is_named_tuple(tree):
            steps.append(ResultStep(Do.CALL, holder.address(type(tree)), len(tree)))
        elif type(tree) is dict:
            steps.append(ResultStep(Do.DICT, holder.addresses(tree), len(tree)))
        else:
            steps.append(ResultStep(Do.TUPLE if type(tree) is tuple else Do.LIST, None, len(tree)))
    return steps


def _postfix(result: Tree) -> Iterator[Tree]:
    """Every tree inside, children before their container, from left to right; nothing recurses."""
    stack: list[tuple[Tree, bool]] = [(result, False)]
    while stack:
        tree, opened = stack.pop()
        inside = () if opened else children(tree)
        if opened or not inside:
            yield tree
        else:
            stack.append((tree, True))
            stack.extend((child, False) for child in reversed(inside))

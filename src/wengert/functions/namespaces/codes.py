"""What the code of a function says of the names that it uses. It runs nothing and knows no value."""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any

import numpy as np

MOST = 4096
"""So many codes are remembered."""


def _opcodes(*names: str) -> frozenset[int]:
    return frozenset(dis.opmap[name] for name in names if name in dis.opmap)


_LISTS = _opcodes("BUILD_LIST", "LIST_APPEND", "LIST_EXTEND")
_TUPLES = _opcodes("BUILD_TUPLE")
_NO_ARGUMENTS = _opcodes(
    "BINARY_SUBSCR", "BINARY_OP", "STORE_SUBSCR", "RETURN_VALUE", "UNPACK_SEQUENCE", "DELETE_SUBSCR"
)
"""What may be done to a tuple that is no argument of a call."""
_STORES = _opcodes("STORE_GLOBAL", "DELETE_GLOBAL")


@dataclass(frozen=True)
class CodeFacts:
    """The code of a function, with those inside of it."""

    names: frozenset[str]
    """Globals, attributes, and what is imported."""
    stored: frozenset[str]
    """Names that `global` statements write."""
    builds: bool
    """Whether it makes lists, or tuples that are no indices."""
    methods: bool
    """Whether it calls methods that arrays of NumPy have for arrays alone."""
    in_classes: frozenset[str]
    """Names in bodies of classes, which Python reads without asking a subclass of dict."""


_KNOWN: dict[int, tuple[CodeType, CodeFacts]] = {}


def facts_of(code: CodeType) -> CodeFacts:
    """What a code says, told once."""
    found = _KNOWN.get(id(code))
    if found is None:
        if len(_KNOWN) >= MOST:
            _KNOWN.clear()
        found = _KNOWN[id(code)] = code, _read(code)
    return found[1]


CLASSES = frozenset({"float64", "float32", "float16", "complex128", "complex64", "int64", "int32", "intp", "bool_"})
"""NumPy's classes of numbers, which make numbers where they are called."""
CALLED = frozenset({"float", "complex", "eval"})
"""Classes and functions of Python that are something else where they are called on traced values; where they are named alone they are themselves."""
_WITH_CALLS: dict[tuple[int, frozenset[str]], tuple[CodeType, CodeType]] = {}
NUMPY = frozenset({"np", "numpy"})
"""What NumPy is called."""


def with_calls(code: CodeType, numpy: frozenset[str] = frozenset()) -> CodeType:
    """The code in which a call of `float` looks for a global "float()", one of `np.float64` for an attribute "float64()", and so on.

    `numpy` are the globals that are NumPy.
    """
    known = _WITH_CALLS.get((id(code), numpy))
    if known is None:
        if len(_WITH_CALLS) >= MOST:
            _WITH_CALLS.clear()
        known = _WITH_CALLS[id(code), numpy] = code, _renamed(code, numpy)
    return known[1]


def _renamed(code: CodeType, numpy: frozenset[str]) -> CodeType:
    names, body = list(code.co_names), bytearray(code.co_code)
    for name in CALLED:
        if name not in names:
            continue
        new = len(names)
        if new > 127:  # it has no place in one byte beside the bit that says that a call follows
            continue
        old = names.index(name) << 1 | 1
        places = [k for k in range(0, len(body), 2) if body[k] == _LOAD and body[k + 1] == old]
        loads = {i.offset for i in dis.get_instructions(code) if i.opcode == _LOAD and i.arg == old}
        places = [k for k in places if k in loads]
        if places:
            names.append(f"{name}()")
        for k in places:
            body[k + 1] = new << 1 | 1
    _rename_classes(code, numpy, names, body)
    consts = tuple([with_calls(x, numpy) if isinstance(x, CodeType) else x for x in code.co_consts])
    asked = _ask_methods(code, body, len(consts))
    if len(names) == len(code.co_names) and not asked and all(map(operator.is_, consts, code.co_consts)):
        return code
    size = code.co_stacksize + 2 * bool(asked)
    return code.replace(co_names=tuple(names), co_code=bytes(body), co_consts=(*consts, *asked), co_stacksize=size)


def _class_places(code: CodeType, numpy: frozenset[str]) -> list[dis.Instruction]:
    """Where  np.float64  is loaded to be called: behind NumPy's name, below which Python has put nothing for the call."""
    if CLASSES.isdisjoint(code.co_names):
        return []
    found: list[dis.Instruction] = []
    first: Any = None
    before: Any = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_ATTR" and instruction.argval in CLASSES and before is not None:
            if before.opcode == _LOAD:
                called = bool(before.arg & 1) and before.argval in numpy
            else:  # imported inside
                called = before.opname == "LOAD_FAST" and before.argval in NUMPY and "numpy" in code.co_names
                called = called and first is not None and first.opname == "PUSH_NULL"
            if called:
                found.append(instruction)
        first, before = before, instruction
    return found


def _rename_classes(code: CodeType, numpy: frozenset[str], names: list[str], body: bytearray) -> None:
    shift = sys.version_info >= (3, 12)
    for instruction in _class_places(code, numpy):
        name = f"{instruction.argval}()"
        if name not in names:
            names.append(name)
        place = names.index(name)
        if place < 128:
            body[instruction.offset + 1] = place << 1 if shift else place


# ---------------------------------------------------------------- methods of arrays that take arrays

METHODS = frozenset({"copy", "dot"}) | CLASSES
"""Methods of NumPy's arrays and modules which know no traced values: where they are called, MethodOf says what is called."""
CASTS: dict[str, Callable[..., Any]] = {}
"""What CLASSES do to traced values, entered by `numbers`."""
MADE: dict[str, Callable[..., Any]] = {}
"""Of these methods those that make an array into which traced values may be written, entered by `sequences`."""


class MethodOf:
    """MethodOf(name)[x] is the method of x of that name; of an array of NumPy one that takes traced values too."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, x: Any) -> Any:
        if type(x) is not np.ndarray:
            found = getattr(x, self.name)
            return CASTS[self.name] if self.name in CASTS and found is getattr(np, self.name) else found
        if self.name not in MADE:
            return partial(_called, x, self.name)
        return partial(MADE[self.name], x) if x.dtype.kind in "fc" else getattr(x, self.name)


def _called(x: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    if any(hasattr(type(each), "__array_ufunc__") and not isinstance(each, np.ndarray) for each in args):
        return getattr(np, name)(x, *args, **kwargs)
    return getattr(x, name)(*args, **kwargs)


def _calls_method(instruction: dis.Instruction) -> bool:
    if instruction.argval not in METHODS:
        return False
    is_method = instruction.opname == "LOAD_METHOD" or (
        sys.version_info >= (3, 12) and instruction.opname == "LOAD_ATTR" and bool((instruction.arg or 0) & 1)
    )
    return is_method and (instruction.arg or 0) < 256


def calls_methods(code: CodeType) -> bool:
    """Whether code calls one of METHODS of something that is no module by its name."""
    return not METHODS.isdisjoint(code.co_names) and bool(_method_places(code))


def _method_places(code: CodeType) -> list[dis.Instruction]:
    found: list[dis.Instruction] = []
    before: Any = None
    for instruction in dis.get_instructions(code):
        of_numpy = before is not None and before.opname == "LOAD_GLOBAL" and before.argval in ("np", "numpy")
        if _calls_method(instruction) and (not of_numpy or instruction.argval in CLASSES):
            found.append(instruction)
        before = instruction
    return found


def _ask_methods(code: CodeType, body: bytearray, place: int) -> list[MethodOf]:
    """Replace loads of METHODS by  MethodOf(name)[x],  in the room that the load has for what Python remembers; the constants for it.

    Python takes a method as what is below it on the stack and above; that is nothing and the method here.
    """
    if METHODS.isdisjoint(code.co_names):
        return []
    constants: dict[str, int] = {}
    for instruction in _method_places(code):
        name = str(instruction.argval)
        constant = constants.get(name, place + len(constants))
        steps = _steps_of(constant)
        if constant > 255 or len(steps) > _room(instruction):
            continue
        constants[name] = constant
        for k in range(_room(instruction)):
            at = instruction.offset + 2 * k
            body[at : at + 2] = bytes(steps[k] if k < len(steps) else (dis.opmap["NOP"], 0))
    return [MethodOf(name) for name in constants]


def _room(instruction: dis.Instruction) -> int:
    return 1 + (10 if instruction.opname == "LOAD_METHOD" else 9)


def _steps_of(constant: int) -> list[tuple[int, int]]:
    names = dis.opmap
    if "BINARY_SUBSCR" not in names or "SWAP" not in names or "PUSH_NULL" not in names:
        return [(0, 0)] * 99
    cache = [(names["CACHE"], 0)] * (4 if sys.version_info < (3, 12) else 1)
    ask = [(names["LOAD_CONST"], constant), (names["SWAP"], 2), (names["BINARY_SUBSCR"], 0), *cache]
    null = [(names["PUSH_NULL"], 0)]
    return [*ask, *null] if sys.version_info >= (3, 13) else [*null, (names["SWAP"], 2), *ask]


_LOAD = dis.opmap["LOAD_GLOBAL"]


def _all(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _all(each)


def _read(code: CodeType) -> CodeFacts:
    codes = list(_all(code))
    names = {name for each in codes for name in each.co_names}
    stored: set[str] = set()
    builds = False
    for each in codes:
        body = each.co_code[::2]
        found = set(body)
        builds = builds or not found.isdisjoint(_LISTS) or (not found.isdisjoint(_TUPLES) and _gives_tuples(body))
        if not found.isdisjoint(_STORES):
            stored.update(str(i.argval) for i in dis.get_instructions(each) if i.opcode in _STORES)
    in_classes = {name for each in codes if not each.co_flags & 1 for name in each.co_names}  # 1: CO_OPTIMIZED
    methods = any(calls_methods(each) or _class_places(each, NUMPY) for each in codes)
    return CodeFacts(frozenset(names), frozenset(stored), builds, methods, frozenset(in_classes))


def _gives_tuples(body: bytes) -> bool:
    """Whether a tuple may be an argument of a call, where opcodes follow one another so."""
    return any(body[k] in _TUPLES and body[k + 1] not in _NO_ARGUMENTS for k in range(len(body) - 1))

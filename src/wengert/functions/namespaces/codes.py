"""What the code of a function says of the names that it uses. It runs nothing and knows no value."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

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


CALLED = frozenset({"float", "complex"})
"""Classes of Python that are something else where they are called on traced values; where they are named alone they are themselves."""
_WITH_CALLS: dict[int, tuple[CodeType, CodeType]] = {}


def with_calls(code: CodeType) -> CodeType:
    """The code in which a call of `float` looks for a global "float()", and so on."""
    known = _WITH_CALLS.get(id(code))
    if known is None:
        if len(_WITH_CALLS) >= MOST:
            _WITH_CALLS.clear()
        known = _WITH_CALLS[id(code)] = code, _renamed(code)
    return known[1]


def _renamed(code: CodeType) -> CodeType:
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
    consts = tuple([with_calls(x) if isinstance(x, CodeType) else x for x in code.co_consts])
    if len(names) == len(code.co_names) and all(a is b for a, b in zip(consts, code.co_consts, strict=True)):
        return code
    return code.replace(co_names=tuple(names), co_code=bytes(body), co_consts=consts)


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
    return CodeFacts(frozenset(names), frozenset(stored), builds, frozenset(in_classes))


def _gives_tuples(body: bytes) -> bool:
    """Whether a tuple may be an argument of a call, where opcodes follow one another so."""
    return any(body[k] in _TUPLES and body[k + 1] not in _NO_ARGUMENTS for k in range(len(body) - 1))

"""Every assignment of a program as an event: (statement, name, occurrence), to be recorded, moved, replaced or given a probe.

A statement is known by its place in the text, an occurrence by counting, so that a second run meets the same events: loops, helpers
and recursion need nothing of their own.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.programs.arrays import Library, is_array, is_real, is_tensor, is_traced, numbers, size

Key = tuple[str, str, int]
SCOPES_KEPT = 8  # occurrences of a statement whose variables are kept


@dataclass(frozen=True)
class Event:
    """What a name was given at one moment of a run."""

    key: Key
    line: int
    name: str
    value: np.ndarray
    forward: bool
    inplace: bool


@dataclass
class Recorder:
    """What a run is to do at its events, and what it saw.

    probes     arrays that are added at events, to be differentiated
    replace    values that are taken in place of the program's
    move       what is added to the program's values
    scopes_of  statements before which the variables are kept, at the first `turns` of their occurrences
    """

    probes: Mapping[Key, Any] | None = None
    replace: Mapping[Key, np.ndarray] = field(default_factory=dict)
    move: Mapping[Key, np.ndarray] = field(default_factory=dict)
    scopes_of: frozenset[str] = frozenset()
    turns: int = SCOPES_KEPT
    keep: bool = True
    forward: bool = True
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    scopes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    scalars: dict[str, Any] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)  # statements, also those of masks and whole numbers
    library: Library = field(default_factory=Library)

    def meet(self, sid: str, name: str, line: int, value: Any, inplace: bool) -> Any:
        if not self.forward or self.keep:
            self.met.add(sid)
        n = self.counts.get((sid, name), 0)
        self.counts[sid, name] = n + 1
        key = (sid, name, n)
        if is_traced(value) or (self.probes is not None and is_real(value)):
            value = self._probed(key, value, inplace)
            if size(value) == 1:
                self.scalars[name] = value
            return value
        if not is_real(value):
            return value
        value = self._changed(key, value, inplace)
        if self.keep:
            self.events.append(Event(key, line, name, numbers(value).astype(float), self.forward, inplace))
        return value

    def _probed(self, key: Key, value: Any, inplace: bool) -> Any:
        if self.probes is None or key not in self.probes:
            return value
        if self.library.name != "numpy" and not is_tensor(value):  # numbers of Python stay what they are
            return value
        if inplace and np.ndim(value) and self.library.name != "jax":
            if is_traced(value) or is_tensor(value):
                value[...] += self.probes[key]
            return value
        return value + self.probes[key]

    def _changed(self, key: Key, value: Any, inplace: bool) -> Any:
        for given, moved in ((self.replace, False), (self.move, True)):
            if key not in given:
                continue
            new = self.library.like(numbers(value) + given[key] if moved else given[key], value)
            if inplace and is_array(value) and np.shape(new) == value.shape and self.library.name != "jax":
                value[...] = new
            else:
                value = new
        return value


class Hooks:
    """What instrumented code calls. `recorder` is None where nothing is to be seen."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.returned: dict[str, str] = {}  # what a returned expression is called, by its statement
        self.choice = 0

    def names(self) -> dict[str, Callable[..., Any]]:
        return {
            "_wg_event": self.event,
            "_wg_entry": self.entry,
            "_wg_result": self.result,
            "_wg_scope": self.scope,
            "_wg_pick": self.pick,
            "_wg_divide": divide,
        }

    def event(self, sid: str, name: str, line: int, value: Any, inplace: bool = False) -> Any:
        return value if self.recorder is None else self.recorder.meet(sid, name, line, value, inplace)

    def entry(self, sid: str, text: str, line: int, base: Any, index: Callable[[], Any]) -> None:
        """After base[index] = …: of an array the whole array has another value, of a list or a dictionary the entry."""
        if self.recorder is None:
            return
        if is_array(base) or is_traced(base):
            self.recorder.meet(sid, text[: text.index("[")] if "[" in text else text, line, base, True)
            return
        if not isinstance(base, dict | list):
            return
        where = index()
        if isinstance(where, slice):
            return
        new = self.recorder.meet(sid, text, line, base[where], False)
        if new is not base[where]:
            base[where] = new

    def result(self, sid: str, line: int, value: Any, place: int = 0) -> Any:
        """What is returned, at a place of a tuple, where it is no name that was an event already."""
        if self.recorder is None:
            return value
        known = f"{sid}.{place}"
        return self.recorder.meet(sid, self.returned.get(known, f"return[{place}]"), line, value, False)

    def scope(self, sid: str) -> None:
        """Keep the variables that a statement sees."""
        recorder = self.recorder
        if recorder is None or sid not in recorder.scopes_of:
            return
        kept = recorder.scopes.setdefault(sid, [])
        if len(kept) < recorder.turns:
            seen = sys._getframe(1).f_locals  # pyright: ignore[reportPrivateUsage]
            kept.append(copied({k: v for k, v in seen.items() if not k.startswith(("_wg", "__"))}))

    def pick(self, *options: Callable[[], Any]) -> Any:
        """One of the right sides that a statement under trial has: the author's is the first."""
        return options[self.choice]()


def copied(values: dict[str, Any]) -> dict[str, Any]:
    """A copy of variables in which what cannot be copied is shared."""
    memo: dict[int, Any] = {}
    out: dict[str, Any] = {}
    for name, value in values.items():
        try:
            out[name] = copy.deepcopy(value, memo)
        except Exception:  # modules, files and generators of all kinds refuse in their own ways: they are shared
            out[name] = value
    return out


def divide(a: Any, b: Any) -> Any:
    """Division as in Python 2: whole numbers divide to whole numbers."""
    whole = isinstance(a, int) and isinstance(b, int) and not isinstance(a, bool)
    return a // b if whole else a / b


def call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def constants(*values: Any) -> list[ast.expr]:
    return [ast.Constant(v) for v in values]


def place_of(statement: ast.stmt) -> str:
    return f"{statement.lineno}:{statement.col_offset}"


def reading(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


def thunk(body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


class Instrument(ast.NodeTransformer):
    """Puts the calls of the hooks into a program."""

    def __init__(self, python2: bool = False) -> None:
        self.python2 = python2

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in body:
            made = self.visit(statement)
            out.extend(made if isinstance(made, list) else [made])
        return out

    def _deep(self, node: Any) -> Any:
        for name in ("iter", "test"):
            if self.python2 and hasattr(node, name):
                setattr(node, name, self.visit(getattr(node, name)))
        for name in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, name, None), list):
                setattr(node, name, self.block(getattr(node, name)))
        for handler in getattr(node, "handlers", []):
            handler.body = self.block(handler.body)
        return node

    visit_Module = visit_ClassDef = visit_For = visit_While = visit_With = visit_Try = visit_If = _deep

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if self.python2 and isinstance(node.op, ast.Div):
            return ast.copy_location(call("_wg_divide", node.left, node.right), node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Arguments are events too: they are renamed values of what the caller had."""
        arguments = [a.arg for a in node.args.args if a.arg != "self"]
        node = self._deep(node)
        entries: list[ast.stmt] = [
            ast.Expr(call("_wg_event", *constants(f"def {node.name}", a, 0), ast.Name(a, ast.Load())))
            for a in arguments
        ]
        node.body[:0] = self._placed(entries, node)
        node.decorator_list = [d for d in node.decorator_list if isinstance(d, ast.Name) and d.id in KEPT_DECORATORS]
        return node

    def _after(self, target: ast.expr, statement: ast.stmt, inplace: bool) -> list[ast.stmt]:
        sid, line = place_of(statement), statement.lineno
        if isinstance(target, ast.Name | ast.Attribute):
            text = ast.unparse(target)
            store = ast.parse(f"{text} = 0").body[0]
            assert isinstance(store, ast.Assign)
            seen = call("_wg_event", *constants(sid, text, line), reading(target), ast.Constant(inplace))
            return [ast.Assign(store.targets, seen)]
        if isinstance(target, ast.Subscript):
            index = target.slice
            sliced = any(isinstance(n, ast.Slice) for n in ast.walk(index))
            where = thunk(call("slice", ast.Constant(None)) if sliced else copy.deepcopy(index))
            name = constants(sid, ast.unparse(target), line)
            return [ast.Expr(call("_wg_entry", *name, reading(target.value), where))]
        if isinstance(target, ast.Tuple | ast.List):
            return [
                s for t in target.elts if not isinstance(t, ast.Starred) for s in self._after(t, statement, inplace)
            ]
        return []

    def _value(self, statement: Any) -> None:
        if self.python2:
            statement.value = self.visit(statement.value)

    def _placed(self, statements: list[ast.stmt], at: ast.stmt) -> list[ast.stmt]:
        return [ast.fix_missing_locations(ast.copy_location(s, at)) for s in statements]

    def _with_scope(self, statements: list[ast.stmt], at: ast.stmt) -> list[ast.stmt]:
        return self._placed([ast.Expr(call("_wg_scope", ast.Constant(place_of(at)))), *statements], at)

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        self._value(node)
        after = [s for t in node.targets for s in self._after(t, node, False)]
        return self._with_scope([node, *after], node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        return self._with_scope(
            [node, *(self._after(node.target, node, False) if node.value is not None else [])], node
        )

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        self._value(node)
        return self._with_scope([node, *self._after(node.target, node, True)], node)

    def visit_Pass(self, node: ast.Pass) -> list[ast.stmt]:
        return self._with_scope([node], node)

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt] | ast.stmt:
        value = node.value
        if not isinstance(value, ast.Call) or not value.args:
            return node
        sid, line, f = place_of(node), node.lineno, value.func
        if isinstance(f, ast.Attribute) and f.attr in ("append", "insert"):
            name = constants(sid, ast.unparse(f.value) + "[]", line)
            value.args[-1] = call("_wg_event", *name, value.args[-1])
            return self._with_scope([node], node)
        if isinstance(f, ast.Attribute) and f.attr == "at" and isinstance(value.args[0], ast.Name | ast.Attribute):
            return self._with_scope([node, *self._after(value.args[0], node, True)], node)
        if isinstance(f, ast.Attribute) and re.fullmatch(r"[a-z]\w*[a-z]_", f.attr):  # a.index_add_(…) of PyTorch
            return self._with_scope([node, *self._after(f.value, node, True)], node)
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt | list[ast.stmt]:
        if node.value is None:
            return node
        self._value(node)
        sid = constants(place_of(node), node.lineno)
        parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        seen: list[ast.expr] = [
            e if isinstance(e, SEEN) else call("_wg_result", *copy.deepcopy(sid), e, ast.Constant(i))
            for i, e in enumerate(parts)
        ]
        whole = ast.Tuple(seen, ast.Load()) if isinstance(node.value, ast.Tuple) else seen[0]
        return self._with_scope([ast.copy_location(ast.Return(whole), node)], node)


SEEN = (ast.Name, ast.Constant, ast.Tuple, ast.Starred)
"""Returned expressions that are no events of their own: names were events when they were assigned."""
KEPT_DECORATORS = frozenset(["staticmethod", "classmethod", "property"])


def instrumented(tree: ast.Module, python2: bool = False) -> ast.Module:
    return ast.fix_missing_locations(Instrument(python2).visit(copy.deepcopy(tree)))

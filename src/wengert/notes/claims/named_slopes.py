"""The derivatives of functions that have names, as people write them: cos(x) of sin(x), 1 − tanh²(x) of tanh(x); σ'(x) keeps its prime."""

from __future__ import annotations

from dataclasses import replace

from wengert.core.ir.op import OPS
from wengert.core.ops.terms import NamedLeaf
from wengert.notes.derive.forms import IndexForm
from wengert.notes.derive.recognise import formula
from wengert.notes.derive.term_trees import NoForm
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Call, Expr, Ref, mapped
from wengert.notes.notation.function_names import function_op

PLACE = "argument"


def named_slope(system: SystemData, call: Call) -> Expr | None:
    """f'(u) of f(u) without a prime; None where f is a letter, or has no derivative of that kind."""
    op = function_op(call.function)
    if op is None or len(call.function) == 1 or OPS[op].partials is None or OPS[op].arity != 1 or not OPS[op].smooth:
        return None
    try:
        opened = IndexForm(system).show(formula(op, 1, NamedLeaf((), PLACE)), ())
    except NoForm:
        return None

    def change(tree: Expr) -> Expr:
        if tree == Ref(PLACE):
            return call.args[0]
        same = isinstance(tree, Call) and function_op(tree.function) == op
        return replace(tree, function=call.function) if same else tree

    found = mapped(opened, change)
    return None if found == call else found

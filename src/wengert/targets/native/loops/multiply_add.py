"""Products that are only added: a·b + c with one rounding, as the processors of the last decade have it.

This is the one freedom that is taken with a user's rounding: such a product is not rounded before it is added. Nothing is
reordered. It knows no graph.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from wengert.targets.native.loops.inside import operands
from wengert.targets.native.loops.nest import Compute, Gather, Instruction, Lookup

FLOATS = ("float32", "float64")
New = dict[Instruction, Instruction]


def with_fma(
    instructions: Sequence[Instruction],
    results: Iterable[Instruction],
    shared: Collection[Instruction] = (),
    finished: Collection[Instruction] = (),
) -> tuple[list[Instruction], New]:
    """The instructions with fma(a, b, c) = a·b + c where nothing but a sum reads the product; and what those that are left,
    `results` among them, have become.

    c − a·b is fma(−a, b, c), a·b − c is fma(a, b, −c), and a square is a product. Of two products the one that more steps lead
    to is taken, so that the sum follows it at once; of two alike the second.

    An entry may be computed in several kernels and compared with itself, as that of a maximum is; it is the same in all of them.
    So a product is kept that is `shared`, read by several nodes, of which others may be elsewhere, and steps are counted from what
    is `finished` here, which others load.
    """
    uses, steps = _uses(instructions, results), _steps(instructions, finished)
    sums: dict[Instruction, Compute] = {}
    for each in instructions:
        if isinstance(each, Compute) and each.function in ("add", "subtract") and each.dtype in FLOATS:
            products = [x for x in reversed(each.inputs) if uses[x] == 1 and x not in shared and _factors(x)]
            product = max(products, key=steps.__getitem__, default=None)
            if isinstance(product, Compute):
                sums[each] = product
    lost = set(sums.values())
    new: New = {}
    made: list[Instruction] = []
    for old in instructions:
        if isinstance(old, Compute) and old not in lost:
            product = sums.get(old)
            if product is not None:
                new[old] = _fused(old, product, new, made)
            else:
                new[old] = Compute(old.function, tuple(new[x] for x in old.inputs), old.dtype, old.exponent)
            made.append(new[old])
        elif old not in lost:
            new[old] = replace(old, lookups=_moved(old.lookups, new)) if isinstance(old, Gather) else old
            made.append(new[old])
    return (made, new) if sums else (list(instructions), {old: old for old in instructions})


def _steps(instructions: Iterable[Instruction], finished: Collection[Instruction]) -> dict[Instruction, int]:
    """How many functions in a row lead to each value from what is loaded or finished."""
    found: dict[Instruction, int] = {}
    for each in instructions:
        before = each.inputs if isinstance(each, Compute) else ()
        found[each] = 1 + max((found.get(x, 0) for x in before), default=0) if before and each not in finished else 0
    return found


def _moved(lookups: Iterable[Lookup], new: New) -> tuple[Lookup, ...]:
    return tuple(replace(each, place=new[each.place]) for each in lookups)


def _factors(x: Instruction) -> tuple[Instruction, ...]:
    """What is multiplied; nothing where x is no product."""
    if isinstance(x, Compute) and x.function == "multiply":
        return x.inputs
    return x.inputs * 2 if isinstance(x, Compute) and x.function == "integer_power" and x.exponent == 2 else ()


def _fused(total: Compute, product: Compute, new: New, made: list[Instruction]) -> Compute:
    a, b = (new[x] for x in _factors(product))
    left, right = total.inputs
    other = new[left if right is product else right]
    if total.function == "subtract":
        negated = Compute("negative", (a if right is product else other,), total.dtype)
        made.append(negated)
        a, other = (negated, other) if right is product else (a, negated)
    return Compute("fma", (a, b, other), total.dtype)


def _uses(instructions: Iterable[Instruction], results: Iterable[Instruction]) -> dict[Instruction, int]:
    uses: dict[Instruction, int] = {}
    for x in (*(x for each in instructions for x in operands(each)), *results):
        uses[x] = uses.get(x, 0) + 1
    return uses

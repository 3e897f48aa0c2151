"""A step as the lecture writes it: chain rule = result."""

from wengert.notes.derive.steps import DerivationStep
from wengert.notes.notation.expr import Line


def two_stage(step: DerivationStep) -> Line:
    """v̄ = chain rule = result, of a line without a chain the result alone."""
    if step.chain is None:
        return step.simplified
    return Line(step.simplified.left, (*step.chain.rights, step.simplified.rights[0]))

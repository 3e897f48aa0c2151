"""A matrix product with a fused epilogue as LLVM code, in the form that suits its sizes and strides.

The result exists only through what the epilogue stores. The order of every sum depends on the sizes, the strides and the target:
the inner axis is never split between threads, so results do not depend on their number. It knows no loop nest: the epilogue
is a function of its caller.
"""

from __future__ import annotations

from wengert.targets.native.contraction import ContractionStage, ContractSpec, Epilogue, Operands
from wengert.targets.native.counted import Count, counted
from wengert.targets.native.dots import DotProduct
from wengert.targets.native.instructions import Value
from wengert.targets.native.memory import Memory
from wengert.targets.native.packed import PackedProduct
from wengert.targets.native.processor import Processor
from wengert.targets.native.straight import StraightProduct
from wengert.targets.native.tiles import TiledProduct

__all__ = ["ContractSpec", "ContractionStage", "Epilogue", "Operands", "emit_contract", "stages", "workspace_bytes"]

FEW_COLUMNS = 4
"""Up to so many columns, and fewer than there are rows, the transposed product is computed: its vectors are full."""


class _NoTerms(StraightProduct):
    """A product without terms: all sums are 0."""

    def _all(self, b: Memory, piece: Count, operands: Operands, epilogue: Epilogue) -> None:
        zero: Value = Memory(b.module, 1, b.body).constant(0, self.spec.dtype)
        with counted(b, self.spec.m) as row, counted(b, self.spec.n) as column:
            epilogue(row, column, None, zero)


def _form(spec: ContractSpec, target: Processor, parallel: bool) -> StraightProduct | DotProduct | TiledProduct:
    if not spec.k:
        return _NoTerms(spec)
    if StraightProduct.suits(spec, target):
        return StraightProduct(spec)
    swapped = spec.n <= FEW_COLUMNS and spec.n < spec.m
    product = spec.swapped if swapped else spec
    if DotProduct.suits(product, target):
        return DotProduct(product, target, parallel, swapped)
    if not swapped and PackedProduct.suits(spec):
        return PackedProduct(spec, target, parallel)
    return TiledProduct(product, target, parallel, swapped)


def workspace_bytes(spec: ContractSpec, target: Processor) -> int:
    """The bytes of workspace, aligned to 64, that the code of a product needs; often 0."""
    return _form(spec, target, False).workspace_bytes if spec.m and spec.n else 0


def stages(spec: ContractSpec, target: Processor, parallel: bool = True) -> tuple[ContractionStage, ...]:
    """The work as stages, one after the other; the chunks of one stage are independent and write disjoint entries.

    Without `parallel` the chunks are as large as one thread likes them. None for a product without entries.
    """
    return _form(spec, target, parallel).stages if spec.m and spec.n else ()


def emit_contract(b: Memory, spec: ContractSpec, operands: Operands, epilogue: Epilogue) -> None:
    """Write the code of a product at the end of the builder's block, for one thread."""
    for stage in stages(spec, b.target, False):
        with counted(b, stage.chunks) as chunk:
            stage.emit(b, chunk, operands, epilogue)

"""Matrix products of a nest: the kernels' code with the nest's body as their epilogue. It knows no kernel."""

from __future__ import annotations

from typing import Self

from wengert.targets.native.calling import Calling, LoopChunk
from wengert.targets.native.contraction import ContractionStage, Operands
from wengert.targets.native.counted import Count, counted
from wengert.targets.native.frame import Lanes, product_of
from wengert.targets.native.instructions import Value
from wengert.targets.native.loops.nest import Accumulate, Accumulator, Compute, Contract, For, Load, Total
from wengert.targets.native.loops_ir import POLLED_WORK, work_of
from wengert.targets.native.matmul import stages


class Products(Calling):
    """A function in the making that has matrix products."""

    def contract(self, contract: Contract) -> None:
        """A product; of integers by plain loops."""
        spec = product_of(contract)
        if spec is None:
            self._plainly(contract)
            return
        self._outside_lanes(contract)
        work = work_of((contract,)) if self.polls else 0
        pieces = self.polls and (contract.parallel or work > POLLED_WORK)
        for stage in stages(spec, self.unit.module.target, pieces):
            if contract.parallel and self.polls and stage.chunks > 1:
                self._on_threads(contract, stage, LoopChunk(work // stage.chunks))
                continue
            with counted(self.one, stage.chunks) as chunk:
                self._stage(contract, stage, chunk)
                if work > POLLED_WORK and isinstance(chunk, str):
                    self.poll(Value(chunk, "int64", 1), 1)

    def _stage(self, contract: Contract, stage: ContractionStage, chunk: Count) -> None:
        """The code of one piece of a product."""
        for axis in (contract.rows, contract.columns, contract.inner):
            self.bind(axis, self.number(0))
        (a, a_index), (b, b_index) = contract.a, contract.b
        left, right = self.address(a, self.index(a_index)), self.address(b, self.index(b_index))

        def epilogue(row: Count, column: Count, mask: Value | None, product: Value) -> None:
            self.bind(contract.rows, Value(str(row), "int64", 1))
            self.bind(contract.columns, Value(str(column), "int64", 1))
            self.lanes = Lanes(contract.columns, product.width, 1, mask if product.width > 1 else None)
            self.values[contract.product] = product
            with self.one.scope():
                self.body(contract.body)
            self.lanes = None

        stage.emit(self.one, chunk, Operands(left, right, self.workspace), epilogue)

    def _on_threads(self, contract: Contract, stage: ContractionStage, chunk: LoopChunk) -> None:
        """The pieces of a stage as chunks."""

        def contents(inner: Self, number: Value) -> None:
            inner._stage(contract, stage, number.name)

        facts = self.unit.book.of(contract)
        self.chunks(type(self)(self.unit, (contract,), {}), facts, self.number(stage.chunks), contents, chunk)

    def _plainly(self, contract: Contract) -> None:
        """Rows, columns in lanes, and a sum over the inner axis."""
        dtype = contract.product.dtype
        total, left, right = Accumulator("add", dtype), Load(*contract.a), Load(*contract.b)
        factor, result = Compute("multiply", (left, right), dtype), Total(total)
        inner = For(contract.inner, (left, right, factor, Accumulate(total, factor)))
        self.products[contract.product] = result
        columns = For(contract.columns, (total, inner, result, contract.product, *contract.body), "vector")
        self.sites[total] = {}
        self.serial(For(contract.rows, (columns,)))

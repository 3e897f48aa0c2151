"""Factors of matrices as LLVM text: loops of our own for small ones, calls of LAPACK and BLAS for the others.

Matrices lie in rows; LAPACK takes them for transposed, in columns. It knows no graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wengert.targets.native import lapack
from wengert.targets.native.loops.nest import Routine
from wengert.targets.native.memory import BYTES
from wengert.targets.native.module import Module
from wengert.targets.native.writer import Function

BLOCK = 8
"""Rows and columns of the squares in which a matrix is transposed."""


@dataclass(frozen=True, slots=True)
class Triangle:
    """One side of a matrix in memory: the entry (i, j) lies at i·rows + j, or with `turned` at j·rows + i."""

    pointer: str
    lower: bool
    unit: bool
    turned: bool = False


class RoutineCode:
    """The function of one routine: (sources, target) -> status."""

    def __init__(self, module: Module, routine: Routine) -> None:
        self.module, self.routine = module, routine
        self.n, self.k = routine.rows, routine.columns
        dtype = routine.target[0].dtype
        self.kind, self.bytes, self.letter = ("float", 4, "s") if dtype == "float32" else ("double", BYTES[dtype], "d")
        self.suffix = "f32" if self.letter == "s" else "f64"
        self.name = self.identity
        self.small = self.n <= lapack.SMALL

    @property
    def identity(self) -> str:
        """A name for this routine and its sizes only."""
        routine = self.routine
        flags = "".join(f"_{key}{int(value)}" for key, value in routine.params)
        return f"wg_{routine.name}{flags}_{self.letter}_{routine.many}x{self.n}x{self.k}"

    def text(self) -> str:
        """The whole function: one matrix after another."""
        sources = [f"s{j}" for j in range(len(self.routine.sources))]
        parameters = dict.fromkeys([*sources, "t"], "ptr")
        self.f = f = Function(self.name, "i32", parameters, "internal", "#0")
        self.numbers: dict[str, str] = {}
        self._reserve()
        with f.count(str(self.routine.many)) as matrix:
            places = [
                f.at(f"%{name}", f.value(f"mul i64 {matrix}, {math.prod(shape[-2:])}"), self.kind)
                for name, (_, _, shape) in zip(sources, self.routine.sources, strict=True)
            ]
            target = f.at("%t", f.value(f"mul i64 {matrix}, {self.entries()}"), self.kind)
            getattr(self, self.routine.name)(*places, target)
        f.do("ret i32 0")
        f.label("bad")
        f.do("ret i32 1")
        return f.text()

    def entries(self) -> int:
        """Those of what is made of one matrix."""
        return (self.n + 1 if self.routine.name == "lu" else self.n) * self.k

    def integers(self) -> dict[str, int]:
        """The integers that LAPACK takes, by their names here."""
        return {"n": self.n, "k": self.k, "one": 1}

    def _reserve(self) -> None:
        """What LAPACK takes by address."""
        f = self.f
        self.info = f.value("alloca i32")
        self.place, self.best = f.value("alloca i64"), f.value(f"alloca {self.kind}")
        for name, number in self.integers().items():
            self.numbers[name] = f.value("alloca i32")
            f.store("i32", str(number), self.numbers[name])
        for letter in "LURNTVAS":
            self.numbers[letter] = f.value("alloca i8")
            f.store("i8", str(ord(letter)), self.numbers[letter])
        self.numbers["1.0"] = f.value(f"alloca {self.kind}")
        f.store(self.kind, "1.0", self.numbers["1.0"])

    # entries

    def load(self, pointer: str, index: str) -> str:
        """An entry."""
        return self.f.entry(self.kind, pointer, index)

    def store(self, value: str, pointer: str, index: str) -> None:
        """Write an entry."""
        self.f.store(self.kind, value, self.f.at(pointer, index, self.kind))

    def index(self, row: str, column: str, width: int) -> str:
        """row · width + column."""
        return self.f.value(f"add i64 {self.f.value(f'mul i64 {row}, {width}')}, {column}")

    def after(self, index: str) -> str:
        """index + 1."""
        return self.f.value(f"add i64 {index}, 1")

    def do(self, operation: str, x: str, y: str) -> str:
        """fadd, fsub, fmul, fdiv."""
        return self.f.value(f"{operation} {self.kind} {x}, {y}")

    def size(self, x: str) -> str:
        """|x|."""
        name = f"llvm.fabs.{self.suffix}"
        called = self.module.declare(f"declare {self.kind} @{name}({self.kind})")
        return self.f.value(f"call {self.kind} {called}({self.kind} {x})")

    def copy(self, source: str, target: str, entries: int) -> None:
        """Entries that lie side by side."""
        called = self.module.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        self.f.do(f"call void {called}(ptr {target}, ptr {source}, i64 {entries * self.bytes}, i1 false)")

    @contextmanager
    def squares(self) -> Iterator[tuple[str, str]]:
        """Every row and column, square by square, so that reads down the columns stay near."""
        f, n = self.f, self.n
        blocks = str(-(-n // BLOCK))
        with f.count(blocks) as above, f.count(blocks) as left:
            ends: list[tuple[str, str]] = []
            for block in (above, left):
                first = f.value(f"mul i64 {block}, {BLOCK}")
                last = f.value(f"add i64 {first}, {BLOCK}")
                over = f.compare("sgt", "i64", last, n)
                ends.append((first, f.value(f"select i1 {over}, i64 {n}, i64 {last}")))
            with f.count(ends[0][1], ends[0][0]) as i, f.count(ends[1][1], ends[1][0]) as j:
                yield i, j

    def lapack(self, name: str, *arguments: str) -> None:
        """A call by addresses; a name in `numbers` stands for the address of that number."""
        given = [self.numbers.get(x, x) for x in arguments]
        kinds = ", ".join("ptr" for _ in given)
        called = self.module.declare(f"declare void @{lapack.PREFIX}{self.letter}{name}({kinds})")
        self.f.do(f"call void {called}({', '.join(f'ptr {x}' for x in given)})")

    def swap(self, pointer: str, one: str, other: str) -> None:
        """Two entries, each in the place of the other."""
        x, y = self.load(pointer, one), self.load(pointer, other)
        self.store(y, pointer, one)
        self.store(x, pointer, other)

    # LU

    def lu(self, a: str, t: str) -> None:
        """The factors in columns, and the exchanges as the last row."""
        f, n = self.f, self.n
        with self.squares() as (i, j):
            self.store(self.load(a, self.index(i, j, n)), t, self.index(j, i, n))
        last = f.at(t, n * n, self.kind)
        if self.small:
            with f.count(str(n)) as k:
                self._eliminate(t, last, k)
            return
        self.lapack("getrf", "n", "n", t, "n", last, self.info)
        with f.count(str(n)) as down:  # from the last on: a number is at least as wide as an int
            k = f.value(f"sub i64 {n - 1}, {down}")
            counted = f.value(f"sub i32 {f.entry('i32', last, k)}, 1")
            self.store(f.value(f"sitofp i32 {counted} to {self.kind}"), last, k)

    def _eliminate(self, t: str, last: str, k: str) -> None:
        """The step of column k."""
        f, n = self.f, self.n
        column = f.at(t, f.value(f"mul i64 {k}, {n}"), self.kind)
        f.store("i64", k, self.place)
        f.store(self.kind, self.size(self.load(column, k)), self.best)
        with f.count(str(n), self.after(k)) as i:
            size = self.size(self.load(column, i))
            with f.when(f.value(f"fcmp ogt {self.kind} {size}, {f.load(self.kind, self.best)}")):
                f.store("i64", i, self.place)
                f.store(self.kind, size, self.best)
        p = f.load("i64", self.place)
        self.store(f.value(f"sitofp i64 {p} to {self.kind}"), last, k)
        with f.when(f.compare("ne", "i64", p, k)), f.count(str(n)) as j:
            self.swap(t, self.index(j, k, n), self.index(j, p, n))
        pivot = self.load(column, k)
        with f.when(f.value(f"fcmp une {self.kind} {pivot}, 0.0")):
            with f.count(str(n), self.after(k)) as i:
                self.store(self.do("fdiv", self.load(column, i), pivot), column, i)
            with f.count(str(n), self.after(k)) as j:
                other = f.at(t, f.value(f"mul i64 {j}, {n}"), self.kind)
                factor = self.load(other, k)
                with f.count(str(n), self.after(k)) as i:
                    less = self.do("fmul", self.load(column, i), factor)
                    self.store(self.do("fsub", self.load(other, i), less), other, i)

    def lu_solve(self, factors: str, b: str, t: str) -> None:
        """P A = L U: A X = B is L U X = P B, Aᵀ X = B is Uᵀ Lᵀ P X = B."""
        self.copy(b, t, self.n * self.k)
        self._solve(factors, t, bool(dict(self.routine.params)["transpose"]))

    def lu_inverse(self, factors: str, t: str) -> None:
        """A X = I."""
        f, n = self.f, self.n
        called = self.module.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        f.do(f"call void {called}(ptr {t}, i8 0, i64 {n * n * self.bytes}, i1 false)")
        with f.count(str(n)) as i:
            self.store("1.0", t, self.index(i, i, n))
        self._solve(factors, t, False)

    def _solve(self, factors: str, x: str, transpose: bool) -> None:
        self._check_diagonal(factors)
        upper = Triangle(factors, lower=False, unit=False, turned=True)
        lower = Triangle(factors, lower=True, unit=True, turned=True)
        if not transpose:
            self._exchange(factors, x, lambda k: k)
            self.substitute(lower, x, transpose=False)
            self.substitute(upper, x, transpose=False)
        else:
            self.substitute(upper, x, transpose=True)
            self.substitute(lower, x, transpose=True)
            self._exchange(factors, x, lambda k: self.f.value(f"sub i64 {self.n - 1}, {k}"))

    def _exchange(self, factors: str, x: str, order: Callable[[str], str]) -> None:
        """Rows of x as the last row of the factors says, in an order."""
        f = self.f
        last = f.at(factors, self.n * self.n, self.kind)
        with f.count(str(self.n)) as step:
            k = order(step)
            p = f.value(f"fptosi {self.kind} {self.load(last, k)} to i64")
            with f.when(f.compare("ne", "i64", p, k)), f.count(str(self.k)) as j:
                self.swap(x, self.index(k, j, self.k), self.index(p, j, self.k))

    def _check_diagonal(self, matrix: str) -> None:
        with self.f.count(str(self.n)) as i:
            entry = self.load(matrix, self.index(i, i, self.n))
            self.f.require(self.f.value(f"fcmp une {self.kind} {entry}, 0.0"), "bad")

    # triangles

    def solve_triangular(self, a: str, b: str, t: str) -> None:
        """A X = B or Aᵀ X = B, of one triangle of A."""
        params = dict(self.routine.params)
        if not params["unit"]:
            self._check_diagonal(a)
        self.copy(b, t, self.n * self.k)
        self.substitute(Triangle(a, params["lower"], params["unit"]), t, transpose=params["transpose"])

    def substitute(self, matrix: Triangle, x: str, *, transpose: bool) -> None:
        """The solution in place of the right-hand sides, the rows of x."""
        if self.small:
            self._substitute(matrix, x, transpose)
            return
        # In columns the memory is that of the transposed matrix, unless it is turned; and x is that of Xᵀ.
        stored = ("L" if matrix.lower else "U") if matrix.turned else ("U" if matrix.lower else "L")
        diagonal = "U" if matrix.unit else "N"
        as_it_is = matrix.turned != transpose
        if self.k == 1:
            self.lapack("trsv", stored, "N" if as_it_is else "T", diagonal, "n", matrix.pointer, "n", x, "one")
            return
        side = ("R", stored, "T" if as_it_is else "N", diagonal, "k", "n", "1.0")
        self.lapack("trsm", *side, matrix.pointer, "n", x, "k")

    def _substitute(self, matrix: Triangle, x: str, transpose: bool) -> None:
        f, n, k = self.f, self.n, self.k
        down = matrix.lower != transpose
        with f.count(str(n)) as step:
            i = step if down else f.value(f"sub i64 {n - 1}, {step}")
            with f.count(step) as before:
                j = before if down else f.value(f"sub i64 {n - 1}, {before}")
                place = self.index(j, i, n) if matrix.turned != transpose else self.index(i, j, n)
                factor = self.load(matrix.pointer, place)
                with f.count(str(k)) as q:
                    mine, other = self.index(i, q, k), self.index(j, q, k)
                    less = self.do("fmul", factor, self.load(x, other))
                    self.store(self.do("fsub", self.load(x, mine), less), x, mine)
            if not matrix.unit:
                divisor = self.load(matrix.pointer, self.index(i, i, n))
                with f.count(str(k)) as q:
                    mine = self.index(i, q, k)
                    self.store(self.do("fdiv", self.load(x, mine), divisor), x, mine)

    # Cholesky

    def cholesky(self, a: str, t: str) -> None:
        """L of (A + Aᵀ)/2, 0 above the diagonal."""
        f, n = self.f, self.n
        with self.squares() as (i, j):
            here = self.index(i, j, n)
            both = self.do("fadd", self.load(a, here), self.load(a, self.index(j, i, n)))
            above = f.compare("slt", "i64", i, j)
            half = self.do("fmul", both, "0.5")
            self.store(f.value(f"select i1 {above}, {self.kind} 0.0, {self.kind} {half}"), t, here)
        if not self.small:
            self.lapack("potrf", "U", "n", t, "n", self.info)
            f.require(f.compare("eq", "i32", f.load("i32", self.info), 0), "bad")
            return
        with f.count(str(n)) as j:
            self._less_products(t, j, j)
            middle = self.load(t, self.index(j, j, n))
            f.require(f.value(f"fcmp ogt {self.kind} {middle}, 0.0"), "bad")
            called = self.module.declare(f"declare {self.kind} @llvm.sqrt.{self.suffix}({self.kind})")
            root = f.value(f"call {self.kind} {called}({self.kind} {middle})")
            self.store(root, t, self.index(j, j, n))
            with f.count(str(n), self.after(j)) as i:
                self._less_products(t, i, j)
                here = self.index(i, j, n)
                self.store(self.do("fdiv", self.load(t, here), root), t, here)

    def _less_products(self, t: str, i: str, j: str) -> None:
        """t_ij −= Σ_k<j t_ik t_jk."""
        n, here = self.n, self.index(i, j, self.n)
        with self.f.count(j) as k:
            product = self.do("fmul", self.load(t, self.index(i, k, n)), self.load(t, self.index(j, k, n)))
            self.store(self.do("fsub", self.load(t, here), product), t, here)

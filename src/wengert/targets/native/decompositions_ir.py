"""QR, eigenvalues and singular values as LLVM text: calls of LAPACK on the parts of a result."""

from __future__ import annotations

import math

from wengert.targets.native.factors_ir import RoutineCode
from wengert.targets.native.loops.decompositions import Parts, parts_of


class DecompositionCode(RoutineCode):
    """The function of a decomposition, whose parts lie in one array."""

    def entries(self) -> int:
        return self.parts.total

    @property
    def shape(self) -> tuple[int, int]:
        """Of one matrix that is given."""
        rows, columns = self.routine.sources[0][2][-2:]
        return rows, columns

    @property
    def parts(self) -> Parts:
        """Where the parts of the result lie."""
        return parts_of(self.routine.name, *self.shape, dict(self.routine.params))

    @property
    def identity(self) -> str:
        """The name says the shape of the matrices too."""
        return f"{super().identity}_of_{self.shape[0]}"

    def integers(self) -> dict[str, int]:
        m, n = self.shape
        full = bool(dict(self.routine.params).get("full", False))
        least = min(m, n)
        return {
            **super().integers(),
            "m": m,
            "least": least,
            "columns": m if full else least,
            "rows_of_v": n if full else least,
            "work_size": self.parts.sizes["work"],
            "integers_size": self.parts.sizes.get("integers", 0),
        }

    def in_columns(self, a: str, t: str) -> None:
        """A matrix in the order that LAPACK reads."""
        m, n = self.shape
        f = self.f
        with f.count(str(m)) as i, f.count(str(n)) as j:
            self.store(self.load(a, self.index(i, j, n)), t, self.index(j, i, m))

    def part(self, t: str, name: str) -> str:
        """Where a part of the result lies."""
        return self.f.at(t, self.parts.start(name), self.kind)

    def succeeded(self) -> None:
        """Goes on where LAPACK found a result."""
        self.f.require(self.f.compare("eq", "i32", self.f.load("i32", self.info), 0), "bad")

    def qr_parts(self, a: str, t: str) -> None:
        """A = Q R by reflections."""
        m, n = self.shape
        self.in_columns(a, t)
        q, tau, work = (self.part(t, name) for name in ("q", "tau", "work"))
        self.lapack("geqrf", "m", "n", t, "m", tau, work, "work_size", self.info)
        self.copy(t, q, min(m * n, self.parts.sizes["q"]))
        self.lapack("orgqr", "m", "columns", "least", q, "m", tau, work, "work_size", self.info)

    def eigh_parts(self, a: str, t: str) -> None:
        """A V = V diag w, by halves of the tridiagonal form."""
        side = "L" if dict(self.routine.params)["lower"] else "U"
        self.copy(a, t, math.prod(self.shape))
        values, work, integers = (self.part(t, name) for name in ("values", "work", "integers"))
        ends = (work, "work_size", integers, "integers_size", self.info)
        self.lapack("syevd", "V", side, "n", t, "n", values, *ends)
        self.succeeded()

    def svd_parts(self, a: str, t: str) -> None:
        """A = U diag s Vᵀ."""
        self.in_columns(a, t)
        s, u, v, work, integers = (self.part(t, name) for name in ("s", "u", "v", "work", "integers"))
        job = "A" if dict(self.routine.params)["full"] else "S"
        found = (s, u, "m", v, "rows_of_v")
        self.lapack("gesdd", job, "m", "n", t, "m", *found, work, "work_size", integers, self.info)
        self.succeeded()

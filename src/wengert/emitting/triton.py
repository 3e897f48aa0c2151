"""Kernels of Triton for systems that go by rows: one program a row, whose columns are one block; parameters over columns add up atomically."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.core.ir.names import bar, unbar
from wengert.core.ir.types import Dim, Size
from wengert.core.ops.normal_form import scale, split_coef
from wengert.core.ops.terms import Add, Apply, Factor, NamedLeaf, ProductTerm, Term, components, is_indicator
from wengert.emitting.code import NotWritten, SourceCode, SourceVocabulary, as_code, written_number
from wengert.emitting.layout import comment
from wengert.emitting.module import Assignment, EmittedModule
from wengert.emitting.python import given_values, module_docstring
from wengert.emitting.samples import Samples
from wengert.emitting.spellings import TRITON
from wengert.emitting.stable import LOGSUMEXP, SOFTMAX

RESERVED = [
    "triton",
    "tl",
    "torch",
    "row",
    "columns",
    "mask",
    "BLOCK",
    "forward",
    "backward",
    "test",
    "given",
    "kept",
    "os",
    "np",
    "rng",
    "x",
]
ROW, COLUMN = "row", "columns"


@dataclass(frozen=True)
class Axes:
    """Which sizes are those of rows and of columns."""

    rows: Dim
    columns: Size

    def kind(self, size: Size) -> str:
        """ROW or COLUMN.

        Raises NotWritten for another size.
        """
        if size == self.rows:
            return ROW
        if size == self.columns:
            return COLUMN
        raise NotWritten(f"an axis of '{size}', which is neither rows nor columns")


def axes_of(module: EmittedModule) -> Axes:
    """The rows and the columns of a system: the two axes of its matrices.

    Raises NotWritten where there are others.
    """
    shapes = {
        q.type.shape
        for n, q in module.system.quantities.items()
        if n in {*module.inputs, *(e.name for e in module.forward)}
    }
    matrices = [shape for shape in shapes if len(shape) >= 2]
    if len(set(matrices)) != 1 or len(matrices[0]) != 2:
        raise NotWritten("what does not go by rows: its arrays have no two axes in common")
    rows, columns = matrices[0]
    if not isinstance(rows, Dim) or rows == columns or module.system.recurrences:
        raise NotWritten("what does not go by rows: its rows and columns cannot be told apart")
    return Axes(rows, columns)


@dataclass
class TritonKernel:
    """The statements of one kernel."""

    module: EmittedModule
    axes: Axes
    lines: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.functions = SourceVocabulary(TRITON, {})

    def load(self, name: str) -> None:
        """The row of an array that is given, or what all rows share."""
        word, shape = self.module.identifiers[name], self.shape(name)
        if shape:
            self.lines.append(
                f"{word} = tl.load({self.place(word, shape)}{self.masked(shape, ', mask=mask, other=0.0')})"
            )

    def shape(self, name: str) -> tuple[Size, ...]:
        return self.module.system.quantities[unbar(name)].type.shape

    def place(self, word: str, shape: Sequence[Size]) -> str:
        """Where the row of an array begins, and its columns."""
        kinds = [self.axes.kind(size) for size in shape]
        n = self.columns()
        forms = {(): "", (ROW,): f" + {ROW}", (COLUMN,): f" + {COLUMN}", (ROW, COLUMN): f" + {ROW} * {n} + {COLUMN}"}
        if tuple(kinds) not in forms:
            raise NotWritten("columns before rows")
        return f"{word}_at{forms[tuple(kinds)]}"

    def columns(self) -> str:
        """The number of columns."""
        size = self.axes.columns
        return str(size) if isinstance(size, int) else self.module.identifiers[f"size {size.name}"]

    def masked(self, shape: Sequence[Size], text: str) -> str:
        return text if shape and self.axes.kind(shape[-1]) == COLUMN else ""

    def assign(self, each: Assignment, *, store: bool) -> None:
        """One line: its row, stored where it is a result; what all rows share is added up."""
        self.lines += comment(each.comment, 0)
        word, shape = self.module.identifiers[each.name], each.term.shape
        shared = self.axes.rows not in shape
        if not shared:
            self.lines.append(f"{word} = {self.value(each.term).text}")
            if store:
                self.lines.append(f"tl.store({self.place(word, shape)}, {word}{self.masked(shape, ', mask=mask')})")
            return
        parts = [self.row_part(term).text for term in (each.term.terms if isinstance(each.term, Add) else (each.term,))]
        if not store:
            raise NotWritten(f"'{word}', which needs all rows before others are computed")
        value = " + ".join(parts)
        self.lines.append(f"tl.atomic_add({self.place(word, shape)}, {value}{self.masked(shape, ', mask=mask')})")

    def row_part(self, term: Term) -> SourceCode:
        """What one row adds to a sum over rows."""
        if not isinstance(term, ProductTerm) or not any(term.sizes[q] == self.axes.rows for q in term.summed):
            raise NotWritten("what all rows share and is no sum over them")
        rows = [q for q in term.summed if term.sizes[q] == self.axes.rows]
        if len(rows) != 1 or not all(rows[0] in f.labels for f in term.factors if f.labels):
            raise NotWritten("a product of sums over rows")
        return self.product(term, by_row=True)

    # ---- values of one row

    def value(self, term: Term) -> SourceCode:
        """A term at one row.

        Raises NotWritten where it is not of one row.
        """
        for size in term.shape:
            self.axes.kind(size)
        if isinstance(term, NamedLeaf):
            return SourceCode(self.module.identifiers[term.name])
        if isinstance(term, Add):
            code: SourceCode | None = None
            for k, each in enumerate(sorted(term.terms, key=lambda t: split_coef(t)[0] < 0)):
                negative = k > 0 and split_coef(each)[0] < 0
                piece = self.value(scale(-1, each) if negative else each)
                code = piece if code is None else code - piece if negative else code + piece
            assert code is not None
            return code
        if isinstance(term, ProductTerm):
            return self.product(term)
        assert isinstance(term, Apply)
        return self.applied(term)

    def applied(self, term: Apply) -> SourceCode:
        """Any other op."""
        if term.op == "pi":
            return SourceCode("3.141592653589793")
        if term.op == "size_of":
            size = term.param("size")
            return SourceCode(str(size) if isinstance(size, int) else self.module.identifiers[f"size {size.name}"])
        if term.op == "position":
            return SourceCode(COLUMN if self.axes.kind(term.shape[0]) == COLUMN else ROW)
        if term.op in ("max", "min", SOFTMAX, LOGSUMEXP):
            (x,) = term.args
            if [self.axes.kind(x.shape[k]) for k in term.param("axes")] != [COLUMN]:
                raise NotWritten(f"'{term.op}' over rows")
            return self.over_columns(term.op, self.value(x))
        pieces = [self.value(arg) for arg in term.args]
        if term.op == "negative_part":
            return SourceCode(f"tl.minimum({pieces[0].text}, 0.0)")
        if is_indicator(term):
            return SourceCode(f"({pieces[0].text}).to(tl.float64)")
        return self.functions.source(term.op, pieces, dict(term.params))

    def over_columns(self, op: str, x: SourceCode) -> SourceCode:
        """A maximum, a softmax or a log-sum-exp of a row."""
        if op in ("max", "min"):
            edge = "-float('inf')" if op == "max" else "float('inf')"
            return SourceCode(f"tl.{op}(tl.where(mask, {x.text}, {edge}), axis=0)")
        largest, name = (
            self.over_columns("max", x),
            f"exp_{1 + sum(' = tl.where(mask, tl.exp(' in line for line in self.lines)}",
        )
        self.lines.append(f"{name}_max = {largest.text}")
        self.lines.append(f"{name} = tl.where(mask, tl.exp({(x - SourceCode(f'{name}_max')).text}), 0.0)")
        if op == SOFTMAX:
            return SourceCode(f"{name} / tl.sum({name}, axis=0)", 6)
        return SourceCode(f"{name}_max + tl.log(tl.sum({name}, axis=0))", 5)

    def product(self, term: ProductTerm, *, by_row: bool = False) -> SourceCode:
        """coef · Π factor of one row, sums over columns as reductions."""
        above: list[SourceCode] = []
        below: list[SourceCode] = []
        rows = [q for q in term.summed if term.sizes[q] == self.axes.rows]
        if rows and not by_row:
            raise NotWritten("a sum over rows inside of a line")
        cut = [*term.out, *rows]
        for group in components(term.factors, cut):
            labels = {q for f in group for q in f.labels if q not in cut}
            if len({q for f in group for q in f.labels if term.sizes[q] != self.axes.rows}) > 1:
                raise NotWritten("a product of matrices")
            pieces = [self.raised(f) for f in group]
            if not labels:
                for f, piece in zip(group, pieces, strict=True):
                    (above if f.exponent > 0 else below).append(piece)
                continue
            whole: SourceCode | None = None
            for f, piece in zip(group, pieces, strict=True):
                piece = 1 / piece if f.exponent < 0 else piece
                whole = piece if whole is None else whole * piece
            assert whole is not None
            above.append(SourceCode(f"tl.sum(tl.where(mask, {whole.text}, 0.0), axis=0)"))
        code = as_code(written_number(float(abs(term.coef)))) if abs(term.coef) != 1 or not above else None
        for piece in above:
            code = piece if code is None else code * piece
        assert code is not None
        for piece in below:
            code = code / piece
        return SourceCode(f"-{code.at(6)}", 6) if term.coef < 0 else code

    def raised(self, factor: Factor) -> SourceCode:
        """|exponent| of a factor."""
        code, size = self.value(factor.term), abs(factor.exponent)
        if size == 1:
            return code
        if size == Fraction(1, 2):
            return SourceCode(f"tl.sqrt({code.text})")
        if size.denominator == 1 and size <= 4:
            return SourceCode(" * ".join([code.at(9)] * int(size)), 6)
        raise NotWritten(f"the power {factor.exponent}")


def triton_source(module: EmittedModule, samples: Samples | None) -> str:
    """The module: two kernels, two functions that launch them, and a test by differences.

    Raises NotWritten where the system does not go by rows.
    """
    axes = axes_of(module)
    names = module.identifiers
    kept = [n for n in module.kept if n not in module.inputs]
    results = list(dict.fromkeys([module.loss, *kept]))
    values = {each.name: each for each in module.forward}
    forward, backward = TritonKernel(module, axes), TritonKernel(module, axes)
    for name in module.inputs:
        forward.load(name)
    for each in module.forward:
        forward.assign(each, store=each.name in results)
    given = [*module.kept, bar(module.loss)]
    for name in given:
        backward.load(name)
    for name in module.again:
        backward.assign(values[name], store=False)
    for each in module.backward:
        backward.assign(each, store=unbar(each.name) in module.wrt)
    sizes = [names[f"size {axes.rows.name}"]] + ([forward.columns()] if isinstance(axes.columns, Dim) else [])
    like = next(names[n] for n in module.inputs if len(module.system.quantities[n].type.shape) == 2)
    rows = [module_docstring(module), "", "import torch", "import triton", "import triton.language as tl"]
    rows += _kernel("forward", forward, module.inputs, results, sizes)
    rows += _kernel("backward", backward, given, [bar(n) for n in module.wrt], sizes)
    loss, seed = names[module.loss], names[bar(module.loss)]
    inputs = [names[n] for n in module.inputs]
    rows += ["", "", f"def forward({', '.join(inputs)}):", f'    """{loss}, and what the backward pass needs."""']
    rows += _launch("forward", forward, module.inputs, results, sizes, like, like)
    rows += [*comment(f"kept: {', '.join(names[n] for n in module.kept)}", 4)]
    held = ", ".join([like, *(names[n] for n in module.kept)])
    rows += [f"    return {loss}, ({held})", "", "", f"def backward({seed}, kept):"]
    rows += [f'    """The derivatives by {", ".join(names[n] for n in module.wrt)}, from that by {loss}."""']
    shaped = f"{like}_" if like in [names[n] for n in module.kept] else like
    rows += [f"    {', '.join([shaped, *(names[n] for n in module.kept)])} = kept"]
    rows += _launch("backward", backward, given, [bar(n) for n in module.wrt], sizes, shaped, shaped)
    rows += [f"    return {', '.join(names[bar(n)] for n in module.wrt)}"]
    return "\n".join([*rows, *([] if samples is None else _test(module, samples))]) + "\n"


def _kernel(
    name: str, kernel: TritonKernel, given: Sequence[str], results: Sequence[str], sizes: Sequence[str]
) -> list[str]:
    names = kernel.module.identifiers
    arguments = [f"{names[n]}_at" if kernel.shape(n) else names[n] for n in given]
    arguments += [f"{names[n]}_at" for n in results]
    rows = ["", "", "@triton.jit", f"def {name}_kernel({', '.join([*arguments, *sizes, 'BLOCK: tl.constexpr'])}):"]
    rows += [
        f"    {ROW} = tl.program_id(0)",
        f"    {COLUMN} = tl.arange(0, BLOCK)",
        f"    mask = {COLUMN} < {kernel.columns()}",
    ]
    return [*rows, *(f"    {line}" for line in kernel.lines)]


def _launch(
    name: str,
    kernel: TritonKernel,
    given: Sequence[str],
    results: Sequence[str],
    sizes: Sequence[str],
    like: str,
    shaped: str,
) -> list[str]:
    module, names = kernel.module, kernel.module.identifiers
    rows_word = sizes[0]
    rows = [f"    {rows_word} = {shaped}.shape[0]"] + (
        [f"    {sizes[1]} = {shaped}.shape[1]"] if len(sizes) > 1 else []
    )
    for each in results:
        shape = [names[f"size {n.name}"] if isinstance(n, Dim) else str(n) for n in kernel.shape(each)]
        text = f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"
        rows.append(f"    {names[each]} = torch.zeros({text}, dtype={like}.dtype, device={like}.device)")
    arguments = [
        f"float({names[n]})" if not kernel.shape(n) and module.dtype(n) == "float64" else names[n] for n in given
    ]
    arguments += [names[n] for n in results]
    call = ", ".join([*arguments, *sizes, f"BLOCK=triton.next_power_of_2({kernel.columns()})"])
    return [*rows, f"    {name}_kernel[({rows_word},)]({call})"]


def _test(module: EmittedModule, samples: Samples) -> list[str]:
    names = module.identifiers
    inputs = [names[n] for n in module.inputs]
    loss, seed = names[module.loss], names[bar(module.loss)]
    bars = [names[bar(n)] for n in module.wrt]
    checked = ", ".join(f"({module.inputs.index(n)}, {names[bar(n)]})" for n in module.wrt if n in module.inputs)
    rows = [
        "",
        "",
        "def test():",
        '    """Each derivative against central differences; without a GPU set TRITON_INTERPRET=1."""',
    ]
    rows += ["    import numpy as np", "", "    rng = np.random.default_rng(0)", *given_values(module, samples)]
    rows += ['    device = "cuda" if torch.cuda.is_available() else "cpu"']
    rows += [f"    given = [torch.tensor(np.asarray(x), device=device) for x in ({', '.join(inputs)},)]"]
    rows += [
        f"    {loss}, kept = forward(*given)",
        f"    {seed} = torch.tensor(rng.normal(size=tuple({loss}.shape)), device=device)",
    ]
    target = ", ".join(bars) if len(bars) > 1 else bars[0]
    rows += [f"    {target} = backward({seed}, kept)", f"    for place, found in [{checked}]:"]
    rows += [
        "        direction = torch.tensor(rng.normal(size=tuple(found.shape)), device=device)",
        "        moved = [list(given), list(given)]",
        "        moved[0][place] = given[place] + 1e-6 * direction",
        "        moved[1][place] = given[place] - 1e-6 * direction",
        f"        ahead, behind = (({seed} * forward(*each)[0]).sum() for each in moved)",
        "        expected = (ahead - behind) / 2e-6",
        "        size = (found * direction).abs().sum() + expected.abs()",
        "        assert abs((found * direction).sum() - expected) <= 1e-5 * size + 1e-7",
        "",
        "",
        'if __name__ == "__main__":',
        "    test()",
        '    print("the derivatives agree with differences")',
    ]
    return rows

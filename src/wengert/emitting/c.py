"""One file of C99 with plain loops: forward, backward, and a test as main under -DTEST."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wengert.core.ir.names import bar, unbar
from wengert.core.ir.types import Dim, Size
from wengert.core.ops.terms import Apply, NamedLeaf, Term
from wengert.emitting.body import reads_other_steps, rule_text
from wengert.emitting.c_test import c_test
from wengert.emitting.code import ATOM, NotWritten
from wengert.emitting.entries import EntryWriter
from wengert.emitting.layout import comment
from wengert.emitting.lookups import Scatter, lifted, stays_inside
from wengert.emitting.module import Assignment, EmittedModule
from wengert.emitting.samples import Samples
from wengert.emitting.spellings import C_HELPERS

KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while main exp log sin "
    "cos tan sqrt pow fabs fmax fmin floor gamma erf erfc lgamma j0 j1 jn y0 y1 yn hypot sigmoid softplus squared inverse "
    "determinant doubles forward backward draw INFINITY NAN NULL EOF I i state direction ahead behind sum size expected wrong"
)
RESERVED = KEYWORDS.split()
MATRICES = {
    "inverse": """/* the inverse of an n by n matrix, by elimination with pivots */
static void inverse(int n, const double *a, double *out) {
    double *w = doubles((size_t)n * (size_t)n);
    memcpy(w, a, (size_t)n * (size_t)n * sizeof *w);
    for (int i = 0; i < n * n; i++) out[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k + 1; i < n; i++) if (fabs(w[i * n + k]) > fabs(w[p * n + k])) p = i;
        for (int j = 0; j < n; j++) {
            double t = w[k * n + j]; w[k * n + j] = w[p * n + j]; w[p * n + j] = t;
            t = out[k * n + j]; out[k * n + j] = out[p * n + j]; out[p * n + j] = t;
        }
        double d = w[k * n + k];
        for (int j = 0; j < n; j++) { w[k * n + j] /= d; out[k * n + j] /= d; }
        for (int i = 0; i < n; i++) {
            double f = i == k ? 0.0 : w[i * n + k];
            for (int j = 0; j < n; j++) { w[i * n + j] -= f * w[k * n + j]; out[i * n + j] -= f * out[k * n + j]; }
        }
    }
    free(w);
}""",
    "determinant": """/* the determinant of an n by n matrix, by elimination with pivots */
static double determinant(int n, const double *a) {
    double *w = doubles((size_t)n * (size_t)n), d = 1.0;
    memcpy(w, a, (size_t)n * (size_t)n * sizeof *w);
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k + 1; i < n; i++) if (fabs(w[i * n + k]) > fabs(w[p * n + k])) p = i;
        if (p != k) d = -d;
        for (int j = 0; j < n; j++) { double t = w[k * n + j]; w[k * n + j] = w[p * n + j]; w[p * n + j] = t; }
        d *= w[k * n + k];
        for (int i = k + 1; i < n; i++) {
            double f = w[i * n + k] / w[k * n + k];
            for (int j = k; j < n; j++) w[i * n + j] -= f * w[k * n + j];
        }
    }
    free(w);
    return d;
}""",
}
DOUBLES = """static double *doubles(size_t n) {
    double *p = calloc(n ? n : 1, sizeof *p);
    if (p == NULL) {
        fputs("out of memory\\n", stderr);
        exit(1);
    }
    return p;
}"""


@dataclass
class CFunction:
    """One function of C in the making."""

    module: EmittedModule
    given: Sequence[str]
    """What it is given: inputs, kept values, the signal."""
    results: Sequence[str]
    lines: Sequence[Assignment]
    backwards: bool
    names: dict[str, str] = field(init=False)
    owned: list[str] = field(default_factory=list[str])
    """Arrays that it makes and frees."""
    constants: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict[str, tuple[str, np.ndarray]])
    matrices: dict[str, None] = field(default_factory=dict[str, None])

    def __post_init__(self) -> None:
        self.names = dict(self.module.identifiers)
        self.shapes: dict[str, tuple[Size, ...]] = {}
        system = self.module.system
        for name, quantity in system.quantities.items():
            self.shapes[name] = self.shapes[bar(name)] = quantity.type.shape
        for each in self.lines:
            self.shapes.setdefault(each.name, each.term.shape)
        for name in self.results:
            if not self.shapes[name]:
                self.names[name] = f"*{self.names[name]}"
        self.entries = EntryWriter(self.names, system.time, system.starts, C_HELPERS, self.whole, self.shapes)
        self.entries.constants = self.constants

    @property
    def body(self) -> list[str]:
        """The statements."""
        return self.entries.scopes[0].lines

    def array(self, name: str, word: str, shape: Sequence[Size]) -> None:
        """An array of its own."""
        self.names[name], self.shapes[name] = word, tuple(shape)
        self.owned.append(word)
        self.body.append(f"double *{word} = doubles({self.count(shape)});")

    def count(self, shape: Sequence[Size]) -> str:
        """How many entries a shape has."""
        return " * ".join(f"(size_t){self.entries.size(size)}" for size in shape)

    def declare(self, each: Assignment) -> None:
        """Room for what a line computes, where it is no result."""
        if each.name in self.results:
            return
        if each.term.shape:
            self.array(each.name, self.names[each.name], each.term.shape)

    def write(self) -> None:
        """All lines; those of a recurrence as one loop."""
        groups = {
            (bar(n) if self.backwards else n): loop.names for loop in self.module.system.recurrences for n in loop.names
        }
        terms, done = {each.name: each for each in self.lines}, set[str]()
        for each in self.lines:
            if each.name in done:
                continue
            again = self.backwards and each.name in self.module.again
            names = () if again else groups.get(each.name, ())
            wanted = [bar(n) if self.backwards else n for n in (names[::-1] if self.backwards else names)]
            group = [terms[n] for n in wanted if n in terms]
            if group and reads_other_steps(group):
                self.loop(group)
                done |= {other.name for other in group}
            else:
                self.line(each)

    def line(self, each: Assignment) -> None:
        """One assignment to all entries."""
        self.body.extend(comment(each.comment, 0, "//"))
        self.declare(each)
        term = self.scattered(each)
        if term is None:
            return
        self.entries.scopes[0].known.clear()
        scalar = not each.term.shape and each.name not in self.results
        index = [self.entries.open(size) for size in each.term.shape]
        code = self.entries.entry(term, index)
        target = self.entries.at(each.name, each.term.shape, index)
        self.entries.say(f"{'double ' if scalar else ''}{target.text} = {code.text};")
        for _ in index:
            self.entries.close()

    def loop(self, group: Sequence[Assignment]) -> None:
        """The lines of a recurrence, step by step."""
        time = self.module.system.time
        for each in group:
            self.declare(each)
        self.entries.scopes[0].known.clear()
        first = group[0]
        step = self.entries.open(
            first.term.shape[time[unbar(first.name)]], "t" if "t" not in self.names.values() else "step"
        )
        for each in group:
            for line in comment(each.comment, 0, "//"):
                self.entries.say(line)
            axis = time[unbar(each.name)]
            index = [step if k == axis else self.entries.open(size) for k, size in enumerate(each.term.shape)]
            code = self.entries.entry(each.term, index)
            self.entries.say(f"{self.entries.at(each.name, each.term.shape, index).text} = {code.text};")
            for _ in index[1:]:
                self.entries.close()
            self.entries.scopes[-1].known = {"size": self.entries.scopes[-1].known["size"]}
        self.entries.close(backwards=self.backwards)

    def scattered(self, each: Assignment) -> Term | None:
        """The term with what is added at places in arrays of their own; None where that is all of it."""
        found: list[tuple[NamedLeaf, Scatter]] = []
        term = lifted(each.term, found, f"places in {each.name}")
        for leaf, scatter in found:
            alone = term is leaf
            if alone:
                self.names[leaf.name], self.shapes[leaf.name] = self.names[each.name], leaf.shape
            else:
                self.array(leaf.name, f"added_{len(self.owned) + 1}", leaf.shape)
            self.add_at(leaf, scatter)
            if alone:
                return None
        return term

    def add_at(self, leaf: NamedLeaf, scatter: Scatter) -> None:
        """Zeros, then every value added at its place."""
        word, entries = self.names[leaf.name], self.entries
        entries.scopes[0].known.clear()
        self.body.append(f"memset({word}, 0, {self.count(leaf.shape)} * sizeof *{word});")
        sizes = scatter.term.sizes
        labels = (*scatter.places, *scatter.rest)
        at = {q: entries.open(sizes[q]) for q in labels}
        value = entries.entry(scatter.value, [at[q] for q in labels])
        conditions: list[str] = []
        for delta in scatter.deltas:
            code = entries.entry(delta.place, [at[q] for q in delta.labels])
            at[delta.label] = code.text if code.level == ATOM else f"({code.text})"
            if not stays_inside(delta.place, sizes[delta.label]):
                conditions += [f"{at[delta.label]} >= 0", f"{at[delta.label]} < {entries.size(sizes[delta.label])}"]
        target = entries.at(leaf.name, leaf.shape, [at[q] for q in scatter.term.out])
        guard = f"if ({' && '.join(conditions)}) " if conditions else ""
        entries.say(f"{guard}{target.text} += {value.text};")
        for _ in labels:
            entries.close()

    def whole(self, term: Apply) -> str:
        """The inverse or the determinant of a matrix, before all loops."""
        entries, (x,) = self.entries, term.args
        outer, entries.scopes[1:] = entries.scopes[1:], []
        key = f"whole {term.key}"
        if key not in entries.scopes[0].known:
            number = len(self.owned) + 1
            source = self.names[x.name] if isinstance(x, NamedLeaf) and x.name in self.names else ""
            if not source:
                source = f"matrix_{number}"
                self.array(source, source, x.shape)
                index = [entries.open(size) for size in x.shape]
                code = entries.entry(x, index)
                entries.say(f"{entries.at(source, x.shape, index).text} = {code.text};")
                entries.close()
                entries.close()
            n, word = entries.size(x.shape[0]), f"{term.op}_{number + 1}"
            self.matrices["inverse" if term.op == "inv" else "determinant"] = None
            if term.op == "inv":
                self.array(word, word, x.shape)
                self.body.append(f"inverse({n}, {source}, {word});")
            else:
                self.body.append(f"double {word} = determinant({n}, {source});")
            entries.scopes[0].known[key] = word
        entries.scopes += outer
        return entries.scopes[0].known[key]

    # ---- the function

    def sizes(self) -> list[str]:
        """The sizes that it is given, and statements for those that follow from them."""
        used = [name for name in self.module.identifiers if name.startswith("size ") and self.uses(self.names[name])]
        dims = {d.name: d for q in self.module.system.quantities.values() for d in q.type.shape if isinstance(d, Dim)}
        given: list[str] = []
        for name in list(used):
            size = name.removeprefix("size ")
            if size not in self.module.sizes:
                if size not in dims or not dims[size].rule:
                    raise NotWritten(f"the size '{size}', which no input has")
                text, needed = rule_text(dims[size], self.entries.size, "/")
                self.body.insert(0, f"int {self.names[name]} = {text};")
                used += [f"size {n}" for n in needed if f"size {n}" not in used]
        given += [
            name for name in self.module.identifiers if name in used and name.removeprefix("size ") in self.module.sizes
        ]
        return given

    def uses(self, word: str) -> bool:
        """Whether a statement has a word."""
        pattern = re.compile(rf"\b{re.escape(word)}\b")
        return any(pattern.search(line.partition("//")[0]) for line in self.body)

    def parameter(self, name: str, *, result: bool = False) -> str:
        """The declaration of a parameter."""
        word = self.module.identifiers[name]
        kind = "int" if self.module.dtype(name) == "int64" else "double"
        if result:
            return f"double *{word}"
        return f"const {kind} *{word}" if self.shapes[name] else f"{kind} {word}"

    def source(self, name: str) -> tuple[list[str], list[str], list[str]]:
        """(its lines, the names of the sizes that it takes, the names that it reads)."""
        self.write()
        sizes = self.sizes()
        read = [n for n in self.given if self.uses(self.module.identifiers[n])]
        parameters = [f"int {self.names[s]}" for s in sizes] + [self.parameter(n) for n in read]
        parameters += [self.parameter(n, result=True) for n in self.results]
        rows = wrapped(f"void {name}(", parameters, ") {")
        rows += [f"    {line}" for line in self.body]
        rows += [f"    free({word});" for word in self.owned]
        return [*rows, "}"], sizes, read


def wrapped(head: str, items: Sequence[str], tail: str, width: int = 96) -> list[str]:
    """A list of parameters or arguments, below its head where it is long."""
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= width:
        return [line]
    rows = [" " * 8]
    for k, item in enumerate(items):
        piece = item + ("," if k < len(items) - 1 else "")
        if len(rows[-1]) + len(piece) > width:
            rows.append(" " * 8)
        rows[-1] += piece if rows[-1].endswith("  ") else f" {piece}"
    return [head, *rows[:-1], rows[-1] + tail]


def c_source(module: EmittedModule, samples: Samples | None) -> str:
    """The module as one file of C.

    Raises NotWritten where a part has no source.
    """
    kept = [n for n in module.kept if n not in module.inputs]
    results = list(dict.fromkeys([module.loss, *kept]))
    forward = CFunction(module, module.inputs, results, module.forward, backwards=False)
    values = {each.name: each for each in module.forward}
    lines = [*(values[n] for n in module.again), *module.backward]
    given = [*module.kept, bar(module.loss)]
    backward = CFunction(
        module, given, [bar(n) for n in module.wrt], lines, backwards=True, constants=forward.constants
    )
    ahead, forward_sizes, forward_read = forward.source("forward")
    behind, backward_sizes, backward_read = backward.source("backward")
    equations = [f" *   {each.comment.partition(': ')[2]}" for each in module.forward]
    wrt = ", ".join(module.identifiers[n] for n in module.wrt)
    note = f"/* kept from forward for backward: {', '.join(module.identifiers[n] for n in module.kept) or 'nothing'}"
    note += f"; computed again: {', '.join(module.identifiers[n] for n in module.again)} */" if module.again else " */"
    code = [*ahead, "", note, *behind]
    used = _helpers([*ahead, *behind], forward.matrices | backward.matrices)
    passes = (forward_sizes, forward_read), (backward_sizes, backward_read)
    test = [] if samples is None else c_test(module, samples, results, *passes)
    includes = ["#include <math.h>", "#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>"]
    head = [f"/* Forward and backward pass, the derivatives by {wrt}, of", " *", *equations, " */", *includes]
    used += _constants([*forward.entries.constants.values(), *backward.entries.constants.values()])
    spaced = [line for helper in used for line in ("", helper)]
    return "\n".join([*head, *spaced, "", *code, *test]) + "\n"


def _helpers(code: Sequence[str], matrices: dict[str, None]) -> list[str]:
    """The helper functions that the code calls, each before what calls it."""
    text = "\n".join(code)
    found = [MATRICES[name] for name in matrices]
    found += [body for name, body in C_HELPERS.items() if re.search(rf"\b{name}\(", text)]
    if any("doubles(" in part for part in (*found, text)):
        found.insert(0, DOUBLES)
    return found


def _constants(found: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    """The arrays of numbers that a function brought along."""
    rows: list[str] = []
    for word, values in found:
        kind = "double" if values.dtype.kind == "f" else "int"
        numbers = ", ".join(repr(x) for x in values.ravel().tolist())
        rows.append(f"static const {kind} {word}[] = {{{numbers}}};")
    return list(dict.fromkeys(rows))

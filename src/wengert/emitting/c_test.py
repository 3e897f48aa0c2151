"""The test of an emitted file of C: main under -DTEST, each derivative against central differences along a random direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wengert.core.ir.names import bar, unbar
from wengert.core.ir.types import Dim
from wengert.emitting.module import EmittedModule
from wengert.emitting.samples import DEFINITE, Samples

Read = tuple[Sequence[str], Sequence[str]]
"""The sizes and the arrays that a function of the file reads."""
DRAW = """
#ifdef TEST
static unsigned long long state = 88172645463325252ULL;

static double draw(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

int main(void) {"""


def c_test(module: EmittedModule, samples: Samples, results: Sequence[str], forward: Read, backward: Read) -> list[str]:
    """The lines of the test."""
    return CTest(module, samples, list(results), forward, backward).lines()


@dataclass
class CTest:
    """Draws the inputs, runs both passes, and moves each input along a direction."""

    module: EmittedModule
    samples: Samples
    results: list[str]
    forward: Read
    backward: Read

    def lines(self) -> list[str]:
        """Everything from #ifdef to #endif."""
        body = [line for n in self.module.inputs for line in filled(self.module, self.samples, n)]
        body += [*self.outputs(), f"{self.call()};", f"{self.call_backward()};", "int wrong = 0;"]
        for name in (n for n in self.module.wrt if n in self.module.inputs):
            body += self.compared(name)
        body += ['if (!wrong) puts("the derivatives agree with differences");', "return wrong;"]
        return [*DRAW.split("\n"), *(f"    {line}" for line in body), "}", "#endif"]

    def outputs(self) -> list[str]:
        """Room for the results, and random signals for the loss."""
        names, seed = self.module.identifiers, bar(self.module.loss)
        body: list[str] = []
        for name in dict.fromkeys([*self.results, *(bar(n) for n in self.module.wrt), seed]):
            size = "" if self.is_number(name) else f"[{self.count(unbar(name))}]"
            body.append(f"static double {names[name]}{size};" if size else f"double {names[name]} = 0.0;")
        total = self.count(self.module.loss)
        return [*body, f"for (int i = 0; i < {total}; i++) {self.entry(seed)} = draw() - 0.5;"]

    def compared(self, name: str) -> list[str]:
        """A block that moves an input to both sides, and compares the difference of the loss with the derivative."""
        n, total = self.count(name), self.count(self.module.loss)
        moved, found = self.entry(name), self.entry(bar(name))
        each = f"    for (int i = 0; i < {n}; i++)"
        body = ["{", f"    double direction[{n}], ahead = 0.0, behind = 0.0, sum = 0.0, size = 0.0;"]
        body += [f"{each} direction[i] = draw() - 0.5;"]
        for sign, side in (("+=", "ahead"), ("-= 2.0 *", "behind")):
            body += [f"{each} {moved} {sign} 1e-6 * direction[i];", f"    {self.call()};"]
            product = f"{self.entry(bar(self.module.loss))} * {self.entry(self.module.loss)}"
            body += [f"    for (int i = 0; i < {total}; i++) {side} += {product};"]
        return [
            *body,
            f"{each} {moved} += 1e-6 * direction[i];",
            f"{each} sum += {found} * direction[i], size += fabs({found} * direction[i]);",
            "    double expected = (ahead - behind) / 2e-6;",
            "    if (!(fabs(sum - expected) <= 1e-5 * (size + fabs(expected)) + 1e-7)) {",
            f'        printf("{self.module.identifiers[bar(name)]}: %g, by differences %g\\n", sum, expected);',
            "        wrong = 1;",
            "    }",
            "}",
        ]

    def call(self) -> str:
        sizes, read = self.forward
        given = [
            *map(self.amount, sizes),
            *(self.module.identifiers[n] for n in read),
            *map(self.argument, self.results),
        ]
        return f"forward({', '.join(given)})"

    def call_backward(self) -> str:
        sizes, read = self.backward
        given = [*map(self.amount, sizes), *(self.module.identifiers[n] for n in read)]
        return f"backward({', '.join([*given, *(self.argument(bar(n)) for n in self.module.wrt)])})"

    def is_number(self, name: str) -> bool:
        return not self.module.system.quantities[unbar(name)].type.shape

    def count(self, name: str) -> int:
        total = 1
        for size in self.module.system.quantities[name].type.shape:
            total *= self.samples.sizes[size.name] if isinstance(size, Dim) else size
        return total

    def amount(self, name: str) -> str:
        return str(self.samples.sizes[name.removeprefix("size ")])

    def argument(self, name: str) -> str:
        word = self.module.identifiers[name]
        return f"&{word}" if self.is_number(name) else word

    def entry(self, name: str) -> str:
        """A number, or the entry i of an array."""
        word = self.module.identifiers[name]
        return word if self.is_number(name) else f"{word}[i]"


def filled(module: EmittedModule, samples: Samples, name: str) -> list[str]:
    """Statements that draw an input."""
    word, shape, region = module.identifiers[name], samples.shapes[name], samples.regions[name]
    count = 1
    for size in shape:
        count *= size
    forms = {
        "normal": "draw() - 0.5",
        "positive": "draw() + 0.2",
        "probability": "0.1 + 0.8 * draw()",
        "above one": "1.2 + 1.3 * draw()",
        "integers": f"(int)({samples.below} * draw())",
        DEFINITE: "draw() - 0.5",
    }
    kind = "int" if region == "integers" else "double"
    if not shape:
        return [f"{kind} {word} = {forms[region]};"]
    rows = [f"static {kind} {word}[{count}];", f"for (int i = 0; i < {count}; i++) {word}[i] = {forms[region]};"]
    if region == DEFINITE or name in samples.symmetric:
        n = shape[0]
        rows.append(
            f"for (int i = 0; i < {n}; i++) for (int j = 0; j < i; j++) {word}[i * {n} + j] = {word}[j * {n} + i];"
        )
        rows.append(f"for (int i = 0; i < {n}; i++) {word}[i * {n} + i] += {n};")
    if name in samples.normalised:
        rows.append(f"double sum_of_{word} = 0.0;")
        rows.append(f"for (int i = 0; i < {count}; i++) {word}[i] = fabs({word}[i]) + 0.1, sum_of_{word} += {word}[i];")
        rows.append(f"for (int i = 0; i < {count}; i++) {word}[i] /= sum_of_{word};")
    return rows

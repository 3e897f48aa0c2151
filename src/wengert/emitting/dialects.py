"""Dialects: how NumPy, PyTorch and JAX say the few things that are no functions of entries: axes, shapes, sums, products, look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wengert.core.ir.types import Size
from wengert.core.ops.terms import Term
from wengert.emitting.code import ATOM, NotWritten, SourceCode, Spelling
from wengert.emitting.spellings import JAX, NUMPY, NUMPY_HELPERS, TORCH


@dataclass(frozen=True)
class Dialect:
    """An array library as a language: its table of functions, and its words for axes and shapes."""

    name: str
    prefix: str
    """The name under which the module is imported."""
    table: Mapping[str, Spelling]
    helpers: Mapping[str, str] = field(default_factory=dict[str, str])
    axis: str = "axis"
    keepdims: str = "keepdims"
    permute: str = "transpose"
    like: str = ""
    """What the call of a new array has at its end, with the name of an array beside which it stands in {0}."""

    def reduced(self, op: str, x: SourceCode, axes: Sequence[int], rank: int, *, keep: bool = False) -> SourceCode:
        """op over some axes of an array of a rank: x.sum(axis=0)."""
        words: list[str] = []
        word = {"max": "amax", "min": "amin"}.get(op, op) if self.name == "torch" else op
        if len(axes) < rank or keep:
            words.append(f"{self.axis}={axes[0] if len(axes) == 1 else tuple(axes)}")
        elif self.name == "torch" and op in ("max", "min"):
            word = op
        if keep:
            words.append(f"{self.keepdims}=True")
        return SourceCode(f"{x.at(ATOM)}.{word}({', '.join(words)})")

    def turned(self, x: SourceCode, order: Sequence[int]) -> SourceCode:
        """The axes in another order."""
        if list(order) == sorted(order):
            return x
        if len(order) == 2:
            return SourceCode(f"{x.at(ATOM)}.T")
        return SourceCode(f"{x.at(ATOM)}.{self.permute}({', '.join(map(str, order))})")

    def new(self, fill: str, shape: Sequence[str], like: str) -> SourceCode:
        """A new array of a shape: zeros, or full of a number."""
        text = "()" if not shape else f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"
        end = self.like.format(like)
        if fill in ("0", "0.0"):
            return SourceCode(f"{self.prefix}.zeros({text}{end})")
        return SourceCode(f"{self.prefix}.full({text}, {fill}{end})")

    def spread(self, x: SourceCode, shape: Sequence[str]) -> SourceCode:
        """An array repeated along axes of size 1 and new ones in front."""
        text = f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"
        return SourceCode(f"{self.prefix}.broadcast_to({x.text}, {text})")

    def positions(self, size: SourceCode, like: str) -> SourceCode:
        """0, 1, …, size − 1."""
        device = f", device={like}.device" if self.name == "torch" and like else ""
        return SourceCode(f"{self.prefix}.arange({size.text}{device})")

    def as_numbers(self, condition: SourceCode, like: str) -> SourceCode:
        """1 where a condition holds, else 0, to be multiplied in a matrix product."""
        inner = condition.at(ATOM)
        if self.name == "torch":
            return SourceCode(f"{inner}.to({like}.dtype)" if like else f"{inner}.double()")
        return SourceCode(f"{inner}.astype({like}.dtype)" if like else f"{inner}.astype(float)")

    def outer(self, x: SourceCode, y: SourceCode) -> SourceCode:
        """x_i y_j."""
        return SourceCode(f"{self.prefix}.outer({x.text}, {y.text})")

    def einsum(self, pattern: str, parts: Sequence[SourceCode]) -> SourceCode:
        """The general product and sum."""
        return SourceCode(f'{self.prefix}.einsum("{pattern}", {", ".join(part.text for part in parts)})')

    def root(self, x: SourceCode) -> SourceCode:
        """√x."""
        return SourceCode(f"{self.prefix}.sqrt({x.text})")

    def moved(
        self, op: str, xs: Sequence[SourceCode], params: Mapping[str, Any], x: Term, sizes: Sequence[str]
    ) -> SourceCode:
        """The entries of arrays at other places."""
        (first, *_) = xs
        if op == "reshape":
            return SourceCode(f"{first.at(ATOM)}.reshape({', '.join(sizes)})")
        if op == "concatenate":
            return self.joined(xs, params["axis"])
        if op == "slice":
            return self.sliced(first, params, x.shape, [])
        if op == "flip":
            axes: list[int] = [*params["axes"]]
            where = tuple(axes) if len(axes) > 1 or self.name == "torch" else axes[0]
            return SourceCode(f"{self.prefix}.flip({first.text}, {where})")
        if params.get("step") is not None:
            raise NotWritten("pad with entries between")
        widths = list(zip(params["low"], params["high"], strict=True))
        if self.name == "torch":
            flat = ", ".join(f"{low}, {high}" for low, high in reversed(widths))
            return SourceCode(f"torch.nn.functional.pad({first.text}, ({flat}))")
        return SourceCode(f"{self.prefix}.pad({first.text}, {widths})")

    def sliced(
        self, x: SourceCode, params: Mapping[str, Any], shape: Sequence[Size], gone: Sequence[int]
    ) -> SourceCode:
        """x[a:b:c], with one entry along the axes that go."""
        index: list[str] = []
        for k, (size, a, b, c) in enumerate(zip(shape, params["start"], params["stop"], params["step"], strict=True)):
            step = f":{c}" if c != 1 else ""
            index.append(str(a) if k in gone else f"{a or ''}:{'' if b == size else b}{step}")
        while index and index[-1] == ":":
            index.pop()
        return SourceCode(f"{x.at(ATOM)}[{', '.join(index)}]") if index else x

    def over_axis(self, op: str, x: SourceCode, axes: Sequence[int]) -> SourceCode:
        """softmax or logsumexp along an axis."""
        if len(axes) != 1:
            raise NotWritten(f"{op} over more than one axis")
        axis = axes[0]
        where = {"numpy": "", "torch": "torch.", "jax": "jax.nn."}[self.name]
        return SourceCode(f"{where}{op}({x.text}, {self.axis}={axis})")

    def matrix(self, op: str, x: SourceCode) -> SourceCode:
        """An op on whole matrices."""
        linalg = f"{self.prefix}.linalg"
        forms = {"inv": f"{linalg}.inv({x.text})", "det": f"{linalg}.det({x.text})"}
        return SourceCode(forms[op])

    def added_at(self, target: str, index: Sequence[str], value: SourceCode) -> str:
        """The statement that adds values into the places of an index, equal places more than once."""
        at = ", ".join(index)
        if self.name == "torch":
            places = ", ".join(index) + ("," if len(index) == 1 else "")
            return f"{target}.index_put_(({places}), {value.text}, accumulate=True)"
        if self.name == "jax":
            return f"{target} = {target}.at[{at}].add({value.text})"
        return f"np.add.at({target}, {at if len(index) == 1 else f'({at})'}, {value.text})"

    def put(self, target: str, index: str, value: SourceCode) -> str:
        """The statement that sets an entry."""
        if self.name == "jax":
            return f"{target} = {target}.at[{index}].set({value.text})"
        return f"{target}[{index}] = {value.text}"

    def joined(self, parts: Sequence[SourceCode], axis: int) -> SourceCode:
        """Arrays one behind the other."""
        word = "cat" if self.name == "torch" else "concatenate"
        inner = ", ".join(part.text for part in parts)
        return SourceCode(f"{self.prefix}.{word}([{inner}]{f', {self.axis}={axis}' if axis else ''})")


DIALECTS = {
    "numpy": Dialect("numpy", "np", NUMPY, NUMPY_HELPERS),
    "torch": Dialect(
        "torch",
        "torch",
        TORCH,
        axis="dim",
        keepdims="keepdim",
        permute="permute",
        like=", dtype={0}.dtype, device={0}.device",
    ),
    "jax": Dialect("jax", "jnp", JAX),
}

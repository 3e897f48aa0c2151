"""Random calls of compiled programs, most of them wrong: the emitted entry must agree with the same checks in Python, and never crash.

python scripts/fuzz_calls.py [calls, by default a million] [seed]
"""

from __future__ import annotations

import random
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.ir.types import ArrayType
from wengert.targets.native import entry, jit, runtime
from wengert.targets.native.calls import PlainCall
from wengert.targets.native.processor import host
from wengert.targets.native.signature import PROGRAM, Input, Signature
from wengert.targets.parameters import Parameter, Static

Pair = namedtuple("Pair", "left right")
Odd = type("Odd", (float,), {})
FLAG, NUMBER, WHOLE, SMALL = ArrayType((), "bool"), ArrayType(), ArrayType((), "int64"), ArrayType((), "float32")
VECTOR, MATRIX, EMPTY = ArrayType((3,)), ArrayType((2, 3), "float32"), ArrayType((0, 3), "int64")


def copies(inputs: tuple[Input, ...]) -> str:
    """A program whose output k is input k."""
    lines = ["declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"]
    lines.append("define i32 @program(ptr %inputs, ptr %outputs, ptr %arena) {")
    for k, one in enumerate(inputs):
        size = int(np.prod(one.type.shape)) * np.dtype(one.type.dtype).itemsize
        lines.append(f"  %ip{k} = getelementptr ptr, ptr %inputs, i64 {k}\n  %i{k} = load ptr, ptr %ip{k}")
        lines.append(f"  %op{k} = getelementptr ptr, ptr %outputs, i64 {k}\n  %o{k} = load ptr, ptr %op{k}")
        lines.append(f"  call void @llvm.memcpy.p0.p0.i64(ptr %o{k}, ptr %i{k}, i64 {size}, i1 false)")
    return "\n".join([*lines, "  ret i32 0", "}"])


def signatures() -> list[Signature]:
    """Flat and nested, weak and not, donated, short and long, with and without scratch memory."""
    p = Input("p", MATRIX, donate=True)
    q = Input("q", MATRIX, donate=True)
    flat = (Input("x", VECTOR), Input("y", MATRIX), Input("z", NUMBER))
    weak = (Input("x", NUMBER, weak=True), Input("y", WHOLE, weak=True), Input("z", FLAG, weak=True))
    both = tuple(Input(name, kind, strict=False) for name, kind in zip("xyz", (SMALL, WHOLE, NUMBER), strict=True))
    trees: list[Any] = [{"w": [0, (1,)], "b": Pair(2, None)}, (0, {"a": 1, "b": {"c": [2]}}), [[0], [1, [2, ()]]]]
    made = [Signature(inputs, tuple(x.type for x in inputs)) for inputs in (flat, weak, both, (Input("x", EMPTY),))]
    for k, tree in enumerate(trees):
        parameters = (Parameter("p", tree), Parameter("mode", Static("fast"), "keyword"))
        made.append(Signature(flat, tuple(x.type for x in flat), parameters[: 1 + k % 2], tree, {}, 2**15 * k, k == 1))
    kinds = ("positional", "either", "keyword")
    ordered = tuple(Parameter(x.name, k, kind) for k, (x, kind) in enumerate(zip(flat, kinds, strict=True)))
    made.append(Signature(flat, tuple(x.type for x in flat), ordered, {"x": 0, "y": [1, 2, 1]}))
    donated = (p, q, Input("x", MATRIX), Input("n", NUMBER, weak=True))
    kept = (MATRIX, MATRIX, MATRIX, NUMBER)
    made.append(Signature(donated, kept, aliases={0: 0, 1: 1}))
    made.append(Signature(donated, kept, aliases={0: 0}, arena_bytes=2**16, long=True))
    return made


class Arguments:
    """Random things: right arrays, nearly right arrays, and what is no array at all."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.base = np.zeros(64, "f4")
        self.things: list[Any] = [
            None,
            True,
            0,
            -1,
            2**63,
            1.5,
            float("nan"),
            1j,
            "text",
            b"b",
            (),
            [],
            {},
            object,
            Odd(1),
        ]
        self.things += [np.float64(1), np.float32(2), np.int64(3), np.int32(4), np.bool_(True), np.datetime64(0, "s")]
        self.things += [np.ma.zeros(3), np.rec.array(np.zeros(3)), np.zeros(3, object), np.zeros(3, "U4")]
        self.things += [memoryview(bytes(24)), range(3), np.zeros((3,), [("a", "f8")]), np.zeros(3, ">f8")]
        self.things += [np.zeros(3, np.dtype("f8", metadata={"a": 1})), np.random.default_rng(0)]

    def right(self, wanted: Input) -> Any:
        """What the input takes."""
        kind = wanted.type
        made = np.asarray(np.random.default_rng(self.rng.randrange(2**32)).normal(size=kind.shape) * 3).astype(
            kind.dtype
        )
        if wanted.takes_python and (not wanted.takes_numpy or self.rng.random() < 0.5):
            return made.item()
        if not kind.shape and self.rng.random() < 0.5:
            return made[()]
        if kind == MATRIX and self.rng.random() < 0.3:  # a part of one array, so that parts overlap
            start = self.rng.randrange(0, 50)
            return self.base[start : start + 6].reshape(2, 3)
        return made

    def wrong(self, wanted: Input) -> Any:
        """Something else, often only a little else."""
        rng, kind = self.rng, wanted.type
        if rng.random() < 0.4:
            return rng.choice(self.things)
        shape = list(kind.shape)
        change = rng.randrange(7)
        if change == 0:
            shape.append(1)
        elif change == 1 and shape:
            shape[rng.randrange(len(shape))] = rng.randrange(4)
        dtype = rng.choice(["f4", "f8", "i8", "i4", "?", "c16", "u1"]) if change == 2 else kind.dtype
        made = np.zeros(shape, dtype)
        if change == 3:
            made = np.asfortranarray(made)
        elif change == 4:
            made = np.zeros([2 * int(size) for size in shape], dtype)[tuple(slice(None, None, 2) for _ in shape)]
        elif change == 5:
            made = made[::-1] if shape else made
        elif change == 6:
            made.flags.writeable = False
        return made

    def tree(self, tree: Any, inputs: tuple[Input, ...], spoil: float) -> Any:
        """The container of a tree with arguments in it; parts are spoilt with the given probability."""
        rng = self.rng
        if rng.random() < spoil * 0.3:
            return rng.choice(self.things)
        if isinstance(tree, int):
            return self.wrong(inputs[tree]) if rng.random() < spoil else self.right(inputs[tree])
        if tree is None or isinstance(tree, Static):
            return tree.value if isinstance(tree, Static) else None
        if type(tree) is dict:
            made = {key: self.tree(inside, inputs, spoil) for key, inside in tree.items()}
            if rng.random() < spoil * 0.3:
                made[rng.choice(["w", "extra", 1])] = made.pop(next(iter(made)))
            return dict(reversed(made.items())) if rng.random() < spoil * 0.3 else made
        inside = [self.tree(part, inputs, spoil) for part in tree]
        if rng.random() < spoil * 0.3:
            inside = inside[:-1] if rng.random() < 0.5 else [*inside, None]
        if rng.random() < spoil * 0.2:
            return rng.choice([tuple, list])(inside)
        return (
            Pair(*inside)
            if isinstance(tree, Pair) and len(inside) == 2
            else type(inside)(inside)
            if type(tree) is list
            else tuple(inside)
        )

    def call(self, signature: Signature) -> tuple[list[Any], dict[str, Any]]:
        """Arguments by position and by name, in any order, some missing, some too many."""
        rng = self.rng
        spoil = rng.choice([0.0, 0.0, 0.1, 0.5])
        parameters = signature.called_with
        given = [self.tree(parameter.tree, signature.inputs, spoil) for parameter in parameters]
        if rng.random() < 0.1 and len(given) > 1:
            given[rng.randrange(len(given))] = given[0]
        cut = rng.randrange(len(given) + 1)
        if rng.random() < 0.7:
            cut = signature.positional
        args = given[:cut]
        names = [(parameter.name, thing) for parameter, thing in zip(parameters[cut:], given[cut:], strict=True)]
        rng.shuffle(names)
        kwargs = {("".join(list(name)) if rng.random() < 0.1 else name): thing for name, thing in names}
        if rng.random() < spoil * 0.3:
            args.append(rng.choice(self.things))
        if rng.random() < spoil * 0.3:
            kwargs[rng.choice(["x", "other", "p"])] = None
        if rng.random() < spoil * 0.3 and kwargs:
            kwargs.popitem()
        return args, kwargs


def slow(*args: Any, **kwargs: Any) -> Any:
    """Stands for the slow path: says that it was taken, and with what."""
    return slow, args, kwargs


def same(one: Any, two: Any) -> bool:
    """Whether two results have the same containers, types and numbers."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(two) and all(same(x, y) for x, y in zip(one, two, strict=True))
    if isinstance(one, np.ndarray | np.generic):
        return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    return one is two


def took_slow(result: Any) -> bool:
    """Whether the slow path was taken."""
    return type(result) is tuple and bool(result) and result[0] is slow


def agree(fast: Any, plain: Any, args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Whether the two ways took the same path and gave the same; a name that is not interned may be slow in the entry only."""
    if took_slow(fast):
        handed = fast[1] == () if not args else all(x is y for x, y in zip(fast[1], args, strict=True))
        by_name = fast[2].keys() == kwargs.keys() and all(fast[2][name] is kwargs[name] for name in kwargs)
        interned = all(sys.intern(name) is name for name in kwargs)
        return handed and by_name and (took_slow(plain) or not interned)
    return not took_slow(plain) and same(fast, plain)


def fuzz(calls: int, seed: int = 0, report: Callable[[int, int], None] | None = None) -> tuple[int, list[str]]:
    """How many calls took the fast path, and what disagreed."""
    rng = random.Random(seed)
    ways = []
    for signature in signatures():
        text = copies(signature.inputs)
        code = jit.load(text, [PROGRAM], runtime.imports_of(text), host())
        ways.append((signature, entry.wrap(code, signature, slow), PlainCall(code, signature, slow, slow)))
    arguments = Arguments(rng)
    fine, wrong = 0, []
    for k in range(calls):
        signature, compiled, plain = rng.choice(ways)
        args, kwargs = arguments.call(signature)
        fast, other = compiled(*args, **kwargs), plain(*args, **kwargs)
        fine += not took_slow(fast)
        if not agree(fast, other, args, kwargs):
            wrong.append(
                f"call {k} of seed {seed}: {signature.called_with} with {args} {kwargs}: {fast} against {other}"
            )
        if report is not None and k % 100_000 == 99_999:
            report(k + 1, fine)
    return fine, wrong


def main() -> int:
    """Runs as many calls as the command line says; the exit status is 1 where one disagrees."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    start = time.perf_counter()

    def report(done: int, fine: int) -> None:
        print(f"{done:>9} calls, {fine} by the fast path, {time.perf_counter() - start:.0f} s", flush=True)

    fine, wrong = fuzz(calls, seed, report)
    for line in wrong[:20]:
        print(line)
    print(f"{calls} calls, {fine} by the fast path, {len(wrong)} disagree")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

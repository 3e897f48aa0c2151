"""The rows of the table: a name, how to build the workload, how many threads everybody gets."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contest import Workload
from benchmarks.workloads import (
    attention,
    bundle,
    contractions,
    convolution,
    eager,
    elementwise,
    factorizations,
    first_calls,
    lecture_unit,
    logistic_regression,
    mlp,
    recurrence,
    recurrent,
    rosenbrock,
    small_call,
    two_moons,
    xla_steps,
)
from benchmarks.workloads.emitted import beside_hand

TINY_NETWORK = mlp.Network((7, 5, 3), "tanh", 4, 0.05)
TINY_DEEP_NETWORK = mlp.Network((9, 8, 8, 3), "relu", 5, 0.02)


CONTRACTIONS = (
    ("sums-apart", ("nop,nqp->oq", (64, 16, 576), (64, 25, 576)), ("nop,nqp->oq", (3, 4, 5), (3, 6, 5))),
    ("sums-crossed", ("abc,cbd->ad", (128, 64, 64), (64, 64, 128)), ("abc,cbd->ad", (5, 4, 3), (3, 4, 6))),
    (
        "heads-crossed",
        ("bhts,bshd->bthd", (4, 8, 256, 256), (4, 256, 8, 32)),
        ("bhts,bshd->bthd", (2, 3, 4, 4), (2, 4, 3, 5)),
    ),
    ("batch-small", ("nkj,kij->nki", (1000, 25, 10), (25, 10, 10)), ("nkj,kij->nki", (9, 3, 4), (3, 4, 4))),
    ("few-rows", ("ik,kj->ij", (64, 2048), (2048, 2048)), ("ik,kj->ij", (20, 9), (9, 31))),
)


FACTORIZATIONS = (
    ("solve", 256, 7),
    ("solve-many", 5000, 5),
    ("likelihood", 256, 7),
    ("least-squares", 64, 5),
    ("eigenvalues", 128, 5),
    ("singular-values", 128, 5),
    ("fourier", 65_536, 12),
)


@dataclass(frozen=True)
class Row:
    """`build` makes the workload of the table; `tiny` the same at a size for tests, None where the workload is one of sizes."""

    name: str
    build: Callable[[], Workload]
    tiny: Callable[[], Workload] | None
    threads: int = 1
    gpu: bool = False
    """Whether all compute on a GPU; the clock is elapsed time."""


ROWS = (
    Row("unit-call", lecture_unit.call, lecture_unit.call),
    Row("unit-loop", lecture_unit.loop, functools.partial(lecture_unit.loop, 50)),
    Row("moons-call", two_moons.call, functools.partial(two_moons.call, 10)),
    Row("moons-loop", two_moons.loop, functools.partial(two_moons.loop, 10, 20)),
    Row("mlp-small", functools.partial(mlp.small, 0.92), functools.partial(mlp.small, 0.92, TINY_NETWORK, 5)),
    Row(
        "mlp-small-2",
        functools.partial(mlp.small, 0.95),
        functools.partial(mlp.small, 0.95, TINY_NETWORK, 5),
        threads=2,
    ),
    Row("mlp-large", mlp.large, functools.partial(mlp.large, TINY_DEEP_NETWORK, 3)),
    Row(
        "elementwise-32",
        functools.partial(elementwise.one_thread, "float32"),
        functools.partial(elementwise.one_thread, "float32", 1001),
    ),
    Row(
        "elementwise-64",
        functools.partial(elementwise.one_thread, "float64"),
        functools.partial(elementwise.one_thread, "float64", 1001),
    ),
    Row(
        "elementwise-32-threads",
        functools.partial(elementwise.two_threads, "float32"),
        functools.partial(elementwise.two_threads, "float32", 1001),
        threads=2,
    ),
    Row(
        "elementwise-64-threads",
        functools.partial(elementwise.two_threads, "float64"),
        functools.partial(elementwise.two_threads, "float64", 1001),
        threads=2,
    ),
    Row("logistic", logistic_regression.call, functools.partial(logistic_regression.call, 70, 5)),
    Row("xla-steps", xla_steps.steps, functools.partial(xla_steps.steps, 7, 5, 3, 4, 10)),
    Row(
        "xla-steps-gpu",
        xla_steps.on_gpu,
        functools.partial(xla_steps.on_gpu, 7, 5, 3, 4, 10),
        threads=2,
        gpu=True,
    ),
    Row("recurrence", recurrence.derivative, functools.partial(recurrence.derivative, 40)),
    *(
        Row(
            name, functools.partial(contractions.contraction, *case), functools.partial(contractions.contraction, *tiny)
        )
        for name, case, tiny in CONTRACTIONS
    ),
    Row("convolution", convolution.layer, functools.partial(convolution.layer, 2, 3, 6, 4, 3)),
    Row("attention", attention.heads, functools.partial(attention.heads, 2, 3, 9, 5)),
    *(
        Row(
            name, functools.partial(factorizations.task, name, size), functools.partial(factorizations.task, name, tiny)
        )
        for name, size, tiny in FACTORIZATIONS
    ),
    Row("bundle", bundle.jacobians, functools.partial(bundle.jacobians, 70)),
    Row("rnn-vanishing", recurrent.vanishing, functools.partial(recurrent.vanishing, 20, 3, 4)),
    *(
        Row(
            f"emitted-{name}",
            functools.partial(beside_hand, kind),
            functools.partial(beside_hand, kind, 6),
        )
        for name, kind in (
            ("norm", "layer norm"),
            ("entropy", "softmax cross-entropy"),
            ("attention", "attention"),
            ("lecture", "lecture's network"),
        )
    ),
    Row("rosenbrock-few", rosenbrock.few, rosenbrock.few),
    Row("rosenbrock-many", rosenbrock.many, functools.partial(rosenbrock.many, 1003)),
    Row("rosenbrock-hessian", rosenbrock.hessian_product, functools.partial(rosenbrock.hessian_product, 1003)),
    *(Row(f"first-chain-{n}", functools.partial(first_calls.chain, n), None) for n in (10, 100, 1000)),
    *(Row(f"first-gradient-{n}", functools.partial(first_calls.chain_gradient, n), None) for n in (10, 100, 1000)),
    Row("first-straight-1000", functools.partial(first_calls.straight_gradient, 1000), None),
    Row("first-mlp-step", first_calls.mlp_step, None),
    Row("small-call", small_call.call, small_call.call),
    Row("eager-call", eager.call, eager.call),
    Row("eager-loop", eager.steps, eager.steps),
    Row("eager-first-call", eager.first_call, eager.first_call),
    Row("eager-first-loop", eager.first_steps, eager.first_steps),
    Row("eager-chain", eager.chain, functools.partial(eager.chain, 1000)),
)
BY_NAME = {row.name: row for row in ROWS}

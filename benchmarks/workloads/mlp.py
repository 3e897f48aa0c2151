"""Classifiers with softmax and cross-entropy, steps of gradient descent on one batch: 784-128-10 tanh, 1024-1024-1024-10 relu.

H_l = a(H_{l−1} W_l + b_l),  Z = H W + b,  L = mean_n (log Σ_k exp Z_nk − Σ_k Y_nk Z_nk)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import wengert as wg
from benchmarks import mlp_peers as peers
from benchmarks.contest import ANSWER, Contestant, Reach, Workload
from benchmarks.descent import Descent, copies, in_double, repeated

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class Network:
    """Sizes of the layers from inputs to classes, the activation between them, examples in the batch, the learning rate."""

    sizes: tuple[int, ...]
    activation: str
    batch: int
    rate: float

    @property
    def count(self) -> int:
        """How many arrays of parameters: weights and biases of each layer."""
        return 2 * (len(self.sizes) - 1)

    @property
    def operations(self) -> float:
        """Multiplications and additions in the matrix products of a step: the gradient of the inputs is not needed."""
        layers = [2.0 * self.batch * inner * outer for inner, outer in pairwise(self.sizes)]
        return 3 * sum(layers) - layers[0]

    def data(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """(parameters W₁ b₁ W₂ b₂ …, [X, Y with one-hot rows]), float32."""
        random = np.random.default_rng(0)
        parameters = []
        for inner, outer in pairwise(self.sizes):
            parameters += [random.normal(size=(inner, outer)) / np.sqrt(inner), 0.1 * random.normal(size=outer)]
        X = random.normal(size=(self.batch, self.sizes[0]))
        Y = np.eye(self.sizes[-1])[random.integers(self.sizes[-1], size=self.batch)]
        return [p.astype(np.float32) for p in parameters], [X.astype(np.float32), Y.astype(np.float32)]


SMALL = Network((784, 128, 10), "tanh", 64, 0.05)
LARGE = Network((1024, 1024, 1024, 10), "relu", 256, 0.02)


def loss_of(network: Network) -> Callable[..., Any]:
    def loss(*arguments: Any) -> Any:
        *parameters, X, Y = arguments
        value = X
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            z = value @ W + b
            value = np.tanh(z) if network.activation == "tanh" else np.maximum(z, 0)
        Z = value @ parameters[-2] + parameters[-1]
        top = np.max(Z, axis=1, keepdims=True)
        normalizer = top[:, 0] + np.log(np.sum(np.exp(Z - top), axis=1))
        return np.mean(normalizer - np.sum(Y * Z, axis=1))

    return loss


def gradients_by_hand(network: Network, *arguments: np.ndarray) -> tuple[Any, ...]:
    """(loss, gradients of the parameters)."""
    *parameters, X, Y = arguments
    values = [X]
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        z = values[-1] @ W
        z += b
        values.append(np.tanh(z, out=z) if network.activation == "tanh" else np.maximum(z, 0, out=z))
    Z = values[-1] @ parameters[-2] + parameters[-1]
    Z -= Z.max(axis=1, keepdims=True)
    E = np.exp(Z)
    total = E.sum(axis=1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) - (Y * Z).sum(axis=1))
    bar = (E / total - Y) / Y.dtype.type(len(Y))
    bars: list[np.ndarray] = []
    for W, below in zip(parameters[-2::-2], values[::-1], strict=True):
        bars[:0] = [below.T @ bar, bar.sum(axis=0)]
        if below is not X:
            bar = bar @ W.T
            bar *= 1 - below * below if network.activation == "tanh" else below > 0
    return value, *bars


def step_by_hand(network: Network, *arguments: np.ndarray) -> tuple[Any, ...]:
    value, *bars = gradients_by_hand(network, *arguments)
    return value, *(p - network.rate * bar for p, bar in zip(arguments[:-2], bars, strict=True))


def in_place_by_hand(network: Network, *arguments: np.ndarray) -> tuple[Any, ...]:
    """The same, the parameters changed where they lie."""
    value, *bars = gradients_by_hand(network, *arguments)
    for p, bar in zip(arguments[:-2], bars, strict=True):
        bar *= network.rate
        p -= bar
    return value, *arguments[:-2]


def our_step(network: Network) -> Callable[..., Any]:
    both = wg.value_and_grad(loss_of(network), argnums=tuple(range(network.count)))

    def step(*arguments: Any) -> Any:
        value, bars = both(*arguments)
        return value, *(p - network.rate * bar for p, bar in zip(arguments[:-2], bars, strict=True))

    return step


OURS = ("wengert", "wengert loop")
GRADIENTS, VALUE = "wengert, value and gradient", "wengert, value alone"


def workload(network: Network, title: str, reaches: tuple[Reach, ...], steps: int, yardstick: bool = False) -> Workload:
    """Steps of a network: from Python one a call, and `steps` of them in one loop."""
    parameters, given = network.data()
    double = in_double([*parameters, *given])
    contestants = [*_ours(network, parameters, given, steps), *peers.contestants(network, parameters, given, steps)]
    by_hand = functools.partial(in_place_by_hand, network)
    contestants.append(Contestant("NumPy by hand", lambda: Descent(by_hand, copies(parameters), given)))
    if yardstick:
        contestants += peers.yardsticks(network.operations)
    return Workload(
        title=title,
        contestants=tuple(contestants),
        reaches=(*reaches, Reach("value and gradient at most 3 times the value", (GRADIENTS,), (VALUE,), 3)),
        references={
            ANSWER: lambda: step_by_hand(network, *double),
            "loop": lambda: repeated(functools.partial(step_by_hand, network), steps, double[:-2], double[-2:]),
            "gradients": lambda: gradients_by_hand(network, *double),
            "value": lambda: gradients_by_hand(network, *double)[:1],
        },
        tolerance={ANSWER: 1e-5, "loop": 1e-4, "gradients": 1e-4, "value": 1e-5},
        unit="step",
    )


def small(at_most: float, network: Network = SMALL, steps: int = 50) -> Workload:
    """784-128-10 tanh, batch 64; `at_most` of the best peer."""
    title = f"MLP {_sizes(network)} {network.activation}, batch {network.batch}, a step"
    return workload(network, title, (Reach(f"at most {at_most} of the best peer", OURS, (), at_most),), steps)


def large(network: Network = LARGE, steps: int = 2) -> Workload:
    """1024-1024-1024-10 relu, batch 256; and the rate of the machine's best matrix product."""
    title = f"MLP {_sizes(network)} {network.activation}, batch {network.batch}, a step"
    reaches = (
        Reach("at most 1.0 of the best peer", OURS, peers.STEPS, 1.0),
        Reach("at least 90 % of the sgemm rate of NumPy and torch", OURS, peers.BLAS, 1 / 0.9),
        Reach("at least 90 % of the sgemm rate of JAX", OURS, peers.XLA, 1 / 0.9),
    )
    return workload(network, title, reaches, steps, yardstick=True)


def _sizes(network: Network) -> str:
    return "-".join(map(str, network.sizes))


def _ours(network: Network, parameters: Arrays, given: Arrays, steps: int) -> list[Contestant]:
    loss, every = loss_of(network), tuple(range(network.count))

    def descend(*arguments: Any) -> Any:
        X, Y = arguments[-2:]
        return wg.fori_loop(0, steps, lambda i, carry: our_step(network)(*carry, X, Y)[1:], arguments[:-2])

    def both() -> Any:
        return functools.partial(wg.compile(wg.value_and_grad(loss, argnums=every)), *parameters, *given)

    return [
        Contestant(OURS[0], lambda: Descent(wg.compile(our_step(network), donate=every), copies(parameters), given)),
        Contestant(OURS[1], lambda: functools.partial(wg.compile(descend), *parameters, *given), "loop", units=steps),
        Contestant(GRADIENTS, both, "gradients"),
        Contestant(VALUE, lambda: functools.partial(wg.compile(loss), *parameters, *given), "value"),
    ]

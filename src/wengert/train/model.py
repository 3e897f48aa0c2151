"""What training knows: a model, many updates in a call, a plan, and a point between two updates. It knows no equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from wengert.targets.mesh import Mesh
from wengert.train.metrics import Metric
from wengert.train.optimizers import NamedOptimizer, State
from wengert.train.table import Array


class Model(Protocol):
    """What is trained: the batch's loss (1/N) Σ_n L_n + R, with its gradients, as a function of parameters and data."""

    @property
    def fingerprint(self) -> str:
        """A digest of the equations, sizes, constants and parameter names: another digest, another model."""
        ...

    @property
    def parameters(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each parameter, by Python identifier."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """Each named size except the batch's; given back when the model is built for prediction."""
        ...

    @property
    def loss_name(self) -> str:
        """The name of the loss in `forward`."""
        ...

    def loss_and_gradients(
        self, params: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        """The loss of the batch, and its gradient by each parameter, of the parameter's shape and type."""
        ...

    def forward(self, params: Mapping[str, Array], batch: Mapping[str, Array]) -> dict[str, Array]:
        """Every named quantity in the order of lines; the batch axis comes first where a quantity depends on data.

        The batch may lack data names; the quantities that depend on these are then left out.
        """
        ...


class Updates(Protocol):
    """Many updates in one call, of one model by one optimizer over one set of examples."""

    at_once: int
    """The most updates of one call."""

    @property
    def spreads(self) -> bool:
        """Whether its arrays can lie on a mesh, and be kept as checkpoints."""
        ...

    def over(self, arrays: Mapping[str, Array]) -> Updates:
        """The same over other training data, by the names of the equations."""
        ...

    def part(self) -> tuple[int, int]:
        """(which, of how many): the part of the examples that this process reads."""
        ...

    def mesh(self) -> Mesh | None:
        """The devices over which it is spread."""
        ...

    @property
    def at_first(self) -> int:
        """The updates of the first call."""
        ...

    def __call__(
        self, params: Mapping[str, Array], state: State, order: Array | None, first: int, batch: int, count: int
    ) -> tuple[dict[str, Array], State, list[float]]:
        """(parameters, state, the loss before each update) after `count` updates over `batch` examples each: the rows
        order[first : first + batch] and so on; without an order, all rows in each.

        However the same updates are cut into calls, the result is the same to the last bit.
        """
        ...


@runtime_checkable
class CompiledModel(Protocol):
    """A model that has faster ways for what is done again and again."""

    def updates(self, optimizer: NamedOptimizer, training: Mapping[str, Array], batch: int) -> Updates | None:
        """The updates by an optimizer over `batch` of these examples each; None where they are made one by one."""
        ...

    def renamed(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        """Training data by the names of the equations, as `Updates.over` takes it."""
        ...

    def repeated(self) -> Model:
        """The same model for a forward pass that is made many times with data of the same sizes."""
        ...


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave. `loss` is the mean over its batches, each before its update, weighted by their numbers of
    examples.
    """

    epoch: int
    loss: float
    validation_loss: float | None = None
    metric: float | None = None


@dataclass(frozen=True)
class Progress:
    """A point between two updates: `step` updates of epoch `epoch` (from 0) are done, with loss_sum = Σ loss ·
    examples so far.
    """

    params: Mapping[str, Array]
    state: State
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    history: tuple[EpochRecord, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How long and in what pieces: `epochs` in all (those already made included), `batch` examples per update."""

    epochs: int
    batch: int
    seed: int
    metric: Metric | None = None

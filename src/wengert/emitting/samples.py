"""The points at which an emitted module tests itself: sizes, where each input is drawn from so that every line is finite, assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wengert.core.ir.types import bind_size
from wengert.core.ops.evaluate import evaluate
from wengert.core.ops.gathering import gather
from wengert.errors import EquationError
from wengert.notes.derive.folding import symmetric_name
from wengert.notes.derive.random_points import DRAWS, concrete, distinct_sizes, satisfy_assumptions
from wengert.notes.elaboration.system import SystemData

REGIONS = ("normal", "positive", "probability", "above one")
"""What `random_points.DRAWS` draws, in its order."""
DEFINITE = "definite"
"""Square matrices x xᵀ + 1, whose inverse and logarithm of the determinant are there."""


@dataclass(frozen=True)
class Samples:
    """How a test draws its inputs."""

    sizes: Mapping[str, int]
    shapes: Mapping[str, tuple[int, ...]]
    regions: Mapping[str, str]
    """By input; "integers" for whole numbers."""
    below: int
    """Whole numbers are drawn below this."""
    symmetric: tuple[str, ...]
    normalised: tuple[str, ...]
    """What an assumption says adds up to 1."""


def samples_of(system: SystemData) -> Samples:
    """Regions in which every line is finite.

    Raises EquationError where none was found.
    """
    sizes = distinct_sizes(system, 3)
    shapes = {
        name: tuple(int(bind_size(size, sizes)) for size in system.quantities[name].type.shape)  # type: ignore[arg-type]
        for name in system.inputs
    }
    below = min([*sizes.values(), 3])
    symmetric, normalised = assumed(system)
    graph = concrete(system.graph())
    rng = np.random.default_rng(0)
    square = {n for n, s in shapes.items() if len(s) == 2 and s[0] == s[1]}
    plans = [dict.fromkeys(system.inputs, region) for region in REGIONS]
    plans += [{n: DEFINITE if n in square else region for n in system.inputs} for region in REGIONS]
    plans += [{n: str(rng.choice(REGIONS)) for n in system.inputs} for _ in range(60)]
    for plan in plans:
        found = Samples(sizes, shapes, _with_integers(system, plan), below, symmetric, normalised)
        with np.errstate(all="ignore"):
            if all(_finite(system, graph, found, rng, sizes) for _ in range(30)):
                return found
    raise EquationError(
        "No numbers were found at which every line is finite, so the module could not test itself.",
        f"  {len(plans)} ways to draw {', '.join(system.inputs)} were tried",
        "Emit it without its test:  --no-test",
    )


def _with_integers(system: SystemData, plan: Mapping[str, str]) -> dict[str, str]:
    return {n: "integers" if system.quantities[n].type.dtype == "int64" else region for n, region in plan.items()}


def assumed(system: SystemData) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The inputs that assumptions say are symmetric, and those whose entries they say add up to 1."""
    symmetric: list[str] = []
    normalised: list[str] = []
    for left, right in system.assumptions:
        name = symmetric_name(gather(left), gather(right))
        leaves = [n for n in system.inputs if f"'{n}'" in gather(left).key]
        (symmetric if name else normalised).extend([name] if name else leaves[:1])
    return tuple(symmetric), tuple(normalised)


def _finite(
    system: SystemData, graph: object, samples: Samples, rng: np.random.Generator, sizes: Mapping[str, int]
) -> bool:
    point = {name: drawn(samples, name, rng) for name in system.inputs}
    if system.assumptions:
        satisfy_assumptions(system, point)
    try:
        return all(np.all(np.isfinite(value)) for value in evaluate(graph, point, sizes))  # type: ignore[arg-type]
    except np.linalg.LinAlgError:
        return False


def drawn(samples: Samples, name: str, rng: np.random.Generator) -> np.ndarray:
    """A value of an input, as the emitted test draws it."""
    region, shape = samples.regions[name], samples.shapes[name]
    if region == "integers":
        return rng.integers(0, samples.below, shape)
    if region == DEFINITE:
        x = rng.normal(size=shape)
        return x @ x.T + np.eye(shape[0])
    return np.asarray(DRAWS[REGIONS.index(region)](rng, shape))

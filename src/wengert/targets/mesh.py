"""Meshes of devices, and sharding by letter: over which axis of the mesh each axis of a quantity lies. It knows no device.

An axis of a quantity lies over the mesh axis of its letter, x̄ as x. A mesh axis lies along the first such axis of an array only; the
others stay whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wengert.core.ir.graph import Node
from wengert.core.ir.names import bar, is_bar, unbar
from wengert.core.ir.types import ArrayType, Dim, Size
from wengert.errors import EquationError, GraphError, ShapeError


class LetteredQuantity(Protocol):
    """A value with a name, of whose axes each may have a letter."""

    @property
    def type(self) -> ArrayType: ...
    @property
    def letters(self) -> tuple[str, ...]: ...


class Lettering(Protocol):
    """What has quantities, and letters for their sizes: a system of equations."""

    @property
    def quantities(self) -> Mapping[str, LetteredQuantity]: ...
    @property
    def class_letters(self) -> Mapping[Dim, tuple[str, ...]]: ...


Spec = tuple[str | None, ...]
"""For each axis of an array the axis of the mesh that it lies over, None where it is whole on every device."""


class Mesh:
    """Devices in a grid with named axes: Mesh(data=4, model=2) has eight."""

    def __init__(self, **axes: int) -> None:
        for name, size in axes.items():
            if size < 1:
                raise GraphError(
                    f"The mesh has {size} devices along '{name}'.", f"  {name}={size}", "Give a number of at least 1."
                )
        if not axes:
            raise GraphError("The mesh has no axis.", "  Mesh()", "Name one:  Mesh(data=4)")
        self.axes = dict(axes)

    @property
    def count(self) -> int:
        """The number of devices."""
        count = 1
        for size in self.axes.values():
            count *= size
        return count

    def __repr__(self) -> str:
        return f"Mesh({', '.join(f'{name}={size}' for name, size in self.axes.items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mesh) and self.axes == other.axes

    def __hash__(self) -> int:
        return hash(tuple(self.axes.items()))

    def require(self, found: int) -> None:
        """Raises GraphError where there are fewer devices than the mesh has."""
        if found < self.count:
            raise GraphError(
                f"The mesh has {self.count} devices, and there are {found}.",
                f"  {self!r}",
                f"Make it smaller, start more processes, or let the CPU count as several:  "
                f"XLA_FLAGS=--xla_force_host_platform_device_count={self.count}",
            )


@dataclass(frozen=True)
class MeshLayout:
    """How the inputs and the outputs of a graph lie on a mesh, by number; `scopes` names the line that each node is for."""

    mesh: Mesh
    inputs: Sequence[Spec]
    outputs: Sequence[Spec]
    scopes: Mapping[Node, str] = field(default_factory=dict[Node, str])


@dataclass(frozen=True)
class Sharding:
    """A mesh, and the axis of it for each letter."""

    mesh: Mesh
    shard: Mapping[str, str]

    def __post_init__(self) -> None:
        for letter, axis in self.shard.items():
            if axis not in self.mesh.axes:
                raise GraphError(
                    f"The mesh has no axis '{axis}'.",
                    f"  {letter}={axis}; the axes are {', '.join(self.mesh.axes)}",
                    "Name one of these.",
                )

    def specs(self, system: Lettering) -> dict[str, Spec]:
        """How each quantity lies, and its error signal as it.

        Raises EquationError where a letter is that of no axis.
        """
        known = letters_of(system)
        for letter in self.shard:
            if letter not in known:
                raise EquationError(
                    f"No axis has the letter '{letter}'.",
                    f"  the letters are {', '.join(sorted(known))}",
                    "Shard one of these.",
                )
        found: dict[str, Spec] = {}
        for name, quantity in system.quantities.items():
            found[name] = self._spec(letters_along(system, name, quantity.type.shape))
            found[bar(name)] = found[name]
        return found

    def _spec(self, letters: Iterable[str]) -> Spec:
        axes: list[str | None] = []
        for letter in letters:
            axis = self.shard.get(letter)
            axes.append(None if axis in axes else axis)
        return tuple(axes)

    def check(self, name: str, spec: Spec, shape: Sequence[int], letters: Sequence[str]) -> None:
        """Raises ShapeError where a size is not a multiple of the number of devices that it lies over."""
        for size, axis, letter in zip(shape, spec, letters, strict=True):
            count = 1 if axis is None else self.mesh.axes[axis]
            if size % count:
                below, above = size - size % count, size + count - size % count
                near = f"{below} or {above}" if below else f"{above}"
                raise ShapeError(
                    f"The size {size} of the letter '{letter}' does not divide over {count} devices.",
                    f"  '{name}' has it, and {letter} lies over {axis}={count}",
                    f"Take {near}, another mesh, or leave {letter} whole.",
                )


def letters_along(system: Lettering, name: str, shape: Sequence[Size]) -> tuple[str, ...]:
    """The letter of each axis of a quantity: its own, or the first that its size is known by; "" where there is none."""
    own = system.quantities[unbar(name) if is_bar(name) else name].letters
    if len(own) == len(shape):
        return own
    classes = (system.class_letters.get(size, ()) if isinstance(size, Dim) else () for size in shape)
    return tuple(next(iter(letters), "") for letters in classes)


def letters_of(system: Lettering) -> set[str]:
    """All letters of axes that the quantities have."""
    return {
        letter
        for name, quantity in system.quantities.items()
        for letter in letters_along(system, name, quantity.type.shape)
        if letter
    }


def mesh_in(text: str) -> Mesh:
    """A mesh from data=4,model=2.

    Raises GraphError where that is no list of sizes.
    """
    pairs = _pairs(text, "--mesh", "data=4,model=2")
    if twice := _twice(pairs):
        raise GraphError(f"The mesh has the axis '{twice}' twice.", f"  --mesh {text}", "Give each axis once.")
    return Mesh(**{name: _number(text, number) for name, number in pairs})


def shard_in(text: str) -> dict[str, str]:
    """Letters and mesh axes from n=data,h=model.

    Raises GraphError where that is no list of them, or has a letter twice.
    """
    pairs = _pairs(text, "--shard", "n=data,h=model")
    if twice := _twice(pairs):
        raise GraphError(f"The letter '{twice}' is given twice.", f"  --shard {text}", "Give each letter once.")
    return dict(pairs)


def _twice(pairs: Sequence[tuple[str, str]]) -> str | None:
    """The first name that stands before two values."""
    names = [name for name, _ in pairs]
    return next((name for name in names if names.count(name) > 1), None)


def _pairs(text: str, option: str, example: str) -> list[tuple[str, str]]:
    pairs = [part.split("=") for part in text.split(",")]
    if any(len(pair) != 2 or not all(word.strip() for word in pair) for pair in pairs):
        raise GraphError(
            f"'{text}' is no list of names and values.",
            f"  {option} {text}",
            f"Write, for example:  {option} {example}",
        )
    return [(name.strip(), value.strip()) for name, value in pairs]


def _number(text: str, number: str) -> int:
    if not number.isdigit():
        raise GraphError(
            f"'{number}' is no number of devices.", f"  --mesh {text}", "Write, for example:  --mesh data=4,model=2"
        )
    return int(number)

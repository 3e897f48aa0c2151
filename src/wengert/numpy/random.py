"""numpy.random, by its names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy import random as _original

if TYPE_CHECKING:
    from numpy.random import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]

__all__ = list(_original.__all__)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    return getattr(_original, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_original)})

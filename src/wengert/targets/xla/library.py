"""JAX's modules: here alone they are imported, and their arrays have 64 bits where we run, whatever the user's JAX is set to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from wengert.errors import MissingPackageError


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("jax", "jaxlib"):
            raise
        raise MissingPackageError(
            "The back end 'xla' needs JAX, which is not installed.",
            f"  there is no module {missing.name}",
            "Install it:  pip install 'wengert[xla]'",
        ) from None


jax: Any = _module("jax")
jnp: Any = _module("jax.numpy")
lax: Any = _module("jax.lax")
special: Any = _module("jax.scipy.special")
linalg: Any = _module("jax.scipy.linalg")
sharding: Any = _module("jax.sharding")


def wide() -> AbstractContextManager[Any]:
    """float64 and int64 are what they say, for this thread, inside."""
    return jax.enable_x64(True)

"""Arrays of NumPy, PyTorch and JAX: what is one, as numbers of NumPy and back, and the gradient of a function of them.

The two libraries are never imported for a program that does not compute with them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.functions.transforms.derivatives import value_and_grad


def is_tensor(value: Any) -> bool:
    """Whether a value is an array of PyTorch or JAX, traced or not."""
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if torch is not None and isinstance(value, getattr(torch, "Tensor", ())):
        return True
    return jax is not None and isinstance(value, getattr(jax, "Array", ()))


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def is_real(value: Any) -> bool:
    """Whether a value is a floating point number or an array of them."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f"
    if is_tensor(value):
        return "float" in str(value.dtype)
    return isinstance(value, float | np.floating)


def is_traced(value: Any) -> bool:
    """Whether a value has no numbers yet: it is traced by this package or by JAX."""
    if type(value).__module__.startswith("wengert."):
        return True
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def numbers(value: Any) -> np.ndarray:
    """A copy of a value as an array of NumPy."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.array(value)


def size(value: Any) -> int:
    return int(np.prod(np.shape(value)))


def is_differentiable(value: Any) -> bool:
    """Whether a value has a gradient behind it: it is traced, or a tensor that is recorded."""
    return is_traced(value) or bool(getattr(value, "requires_grad", False))


class Library:
    """NumPy; the other libraries differ in what is written here."""

    name, module, axis, keepdims = "numpy", "np", "axis", "keepdims"

    def given(self, value: Any) -> Any:
        """An array of NumPy as the program takes it."""
        return value

    def like(self, new: Any, old: Any) -> Any:
        """Numbers in the place of a value of the program."""
        return np.array(new, dtype=float) if np.ndim(new) else np.float64(new)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """What holds while a program runs."""
        yield

    def gradients(self, function: Callable[[list[Any]], Any], at: Sequence[np.ndarray]) -> tuple[float, list[Any]]:
        """The value of a function of several arrays, and its gradient in each."""
        value, found = value_and_grad(function)(list(at))
        return value, found

    def log(self, value: Any) -> Any:
        return np.log(value)


class Torch(Library):
    name, module, axis, keepdims = "torch", "torch", "dim", "keepdim"

    def __init__(self) -> None:
        self.torch = installed("torch", "PyTorch")

    def given(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self.torch.tensor(value)
        return value

    def like(self, new: Any, old: Any) -> Any:
        return self.torch.tensor(np.asarray(new, float)) if is_tensor(old) else super().like(new, old)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """In double precision, with a generator of its own seed; `loss.backward()` of a program leaves the graph to us."""
        torch = self.torch
        before, kept = torch.get_default_dtype(), torch.Tensor.backward

        def backward(tensor: Any, *args: Any, **how: Any) -> None:
            kept(tensor, *args, **{**how, "retain_graph": True})

        torch.set_default_dtype(torch.float64)
        torch.Tensor.backward = backward
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(1)
                yield
        finally:
            torch.set_default_dtype(before)
            torch.Tensor.backward = kept

    def gradients(self, function: Callable[[list[Any]], Any], at: Sequence[np.ndarray]) -> tuple[float, list[Any]]:
        """Through `with torch.no_grad()` of the program too: what it computes there is a part of the function."""
        torch = self.torch
        zeros = [torch.tensor(a, requires_grad=True) for a in at]
        kept = torch.no_grad
        torch.no_grad = contextlib.nullcontext
        try:
            value = function(zeros)
        finally:
            torch.no_grad = kept
        if not is_differentiable(value):
            return float(value), [np.zeros(a.shape) for a in at]
        found = torch.autograd.grad(value, zeros, allow_unused=True)
        return float(numbers(value)), [
            np.zeros(a.shape) if g is None else numbers(g) for a, g in zip(at, found, strict=True)
        ]

    def log(self, value: Any) -> Any:
        return self.torch.log(value)


class Jax(Library):
    name, module = "jax", "jnp"

    def __init__(self) -> None:
        self.jax = installed("jax", "JAX")

    def given(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            with self.running():
                return self.jax.numpy.asarray(value)
        return value

    def like(self, new: Any, old: Any) -> Any:
        return self.jax.numpy.asarray(np.asarray(new, float)) if is_tensor(old) else super().like(new, old)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """In double precision."""
        before = self.jax.config.jax_enable_x64
        self.jax.config.update("jax_enable_x64", True)
        try:
            yield
        finally:
            self.jax.config.update("jax_enable_x64", before)

    def gradients(self, function: Callable[[list[Any]], Any], at: Sequence[np.ndarray]) -> tuple[float, list[Any]]:
        value, found = self.jax.value_and_grad(function)([self.jax.numpy.asarray(a) for a in at])
        return float(value), [numbers(g) for g in found]

    def log(self, value: Any) -> Any:
        return self.jax.numpy.log(value)


LIBRARIES: dict[str, type[Library]] = {"numpy": Library, "torch": Torch, "jax": Jax}


def installed(module: str, called: str) -> Any:
    """A module that is imported for a program that computes with it.

    Raises CheckError where it is not installed.
    """
    if module not in sys.modules and importlib.util.find_spec(module) is None:
        raise CheckError(
            f"{called} is not installed, so what is written with it cannot be run.",
            f"  import {module}",
            f"Install it beside this package:  pip install {module}",
        )
    found = importlib.import_module(module)
    if module == "jax":
        importlib.import_module("jax.numpy")
    return found

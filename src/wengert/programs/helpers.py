"""Functions that textbooks keep in a module beside the program, for programs that come without it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

HELPERS = """
def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def sigmoid_grad(x):
    return sigmoid(x) * (1 - sigmoid(x))

sigmoid_prime = sigmoid_derivative = sigmoid_grad

def relu(x):
    return np.maximum(0, x)

def relu_grad(x):
    return (x > 0) * 1.0

relu_prime = relu_derivative = relu_grad

def tanh(x):
    return np.tanh(x)

def tanh_prime(x):
    return 1 - np.tanh(x) ** 2

def cross_entropy_error(y, t):
    if y.ndim == 1:
        t, y = t.reshape(1, -1), y.reshape(1, -1)
    if t.size == y.size:
        return -np.sum(t * np.log(y + 1e-12)) / y.shape[0]
    return -np.sum(np.log(y[np.arange(y.shape[0]), t] + 1e-12)) / y.shape[0]

def binary_crossentropy(y, p):
    return -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))

def mean_squared_error(y, t):
    return 0.5 * np.sum((y - t) ** 2)

def im2col(x, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = x.shape
    out_h, out_w = 1 + (H + 2 * pad - filter_h) // stride, 1 + (W + 2 * pad - filter_w) // stride
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
    for y in range(filter_h):
        for z in range(filter_w):
            col[:, :, y, z] = img[:, :, y:y + stride * out_h:stride, z:z + stride * out_w:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)

def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = input_shape
    out_h, out_w = 1 + (H + 2 * pad - filter_h) // stride, 1 + (W + 2 * pad - filter_w) // stride
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(filter_h):
        for z in range(filter_w):
            img[:, :, y:y + stride * out_h:stride, z:z + stride * out_w:stride] += col[:, :, y, z]
    return img[:, :, pad:H + pad, pad:W + pad]

xrange = range

class ReLU:
    forward = staticmethod(lambda x: np.maximum(0, x))
    backward = staticmethod(lambda x: (x > 0) * 1.0)

class Sigmoid:
    forward = staticmethod(sigmoid)
    backward = staticmethod(sigmoid_grad)
"""
"""As text, so that they run in the program's own names: `np` is the program's while it is traced."""


class Missing(ModuleType):
    """What stands for a module, or a name of one, that is not installed. Called, it gives nan: what depends on it is not judged."""

    def __init__(self, name: str, known: dict[str, Any], notes: list[str]) -> None:
        super().__init__(name)
        self.__dict__.update(known)
        self.__dict__.update(_known=known, _notes=notes, __all__=list(known), __path__=[])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}", self._known, self._notes)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        """As a base class it is none."""
        return ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Missing:
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        note = f"'{self.__name__}' is not here: its values are taken as nan"
        if note not in self._notes:
            self._notes.append(note)
        return np.nan

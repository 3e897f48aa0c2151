"""Read, run and check the gradient of equations as a textbook writes them.

equations     text or a file -> System
System        .forward(**values), .backward(loss, wrt) -> Derivation, .batch(data), .echo()
Derivation    prints; .latex(), .steps(), .check(), .function(), .compare(), .in_form(form)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wengert.api import Derivation, System, equations
    from wengert.errors import (
        CheckError,
        DataError,
        EquationError,
        GraphError,
        ModelError,
        ShapeError,
        TrainingError,
        WengertError,
    )

_HOME = {
    "equations": "wengert.api",
    "System": "wengert.api",
    "Derivation": "wengert.api",
    "WengertError": "wengert.errors",
    "EquationError": "wengert.errors",
    "ShapeError": "wengert.errors",
    "GraphError": "wengert.errors",
    "DataError": "wengert.errors",
    "ModelError": "wengert.errors",
    "TrainingError": "wengert.errors",
    "CheckError": "wengert.errors",
}

__all__ = [
    "CheckError",
    "DataError",
    "Derivation",
    "EquationError",
    "GraphError",
    "ModelError",
    "ShapeError",
    "System",
    "TrainingError",
    "WengertError",
    "equations",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'wengert' has no attribute '{name}'")

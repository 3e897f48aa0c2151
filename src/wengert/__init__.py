"""Read, run and check the gradient of equations as a textbook writes them; derivatives of NumPy functions.

equations     text or a file -> System
System        .forward(**values), .backward(loss, wrt) -> Derivation, .batch(data), .echo()
review        a derivation made by hand, judged line by line -> Review
Derivation    prints; .latex(), .steps(), .check(), .function(), .stages(stop), .compare(), .in_form(form)
board         a system or a derivation to see, step through and play with, in a notebook

compile, set_threads                          a function as machine code; how many threads it may use
keep_subnormals                               whether compiled loops keep the smallest numbers or take them as 0
set_factors                                    factors of products in bfloat16, added in float32, on XLA
grad, value_and_grad, elementwise_grad, vmap   functions of arrays -> functions of arrays
holomorphic_grad                               the derivative of an analytic function of complex numbers
jacobian, hessian, hvp, ggnvp                  matrices of derivatives, and their products with vectors
sparse_jacobian, sparse_hessian                the same as sparse matrices, whose structure is found
jvp, linearize, vjp                            the result at a point, and the derivative there as a linear map
flatten                                        a container of arrays as one vector, and back
in_kind                                        a function whose results are tensors for tensors, columns for columns
cond, scan, fori_loop, while_loop             branches and loops in such functions
primitive, check_grads                         a function whose derivatives are given; derivatives against differences
check_backward                                 a backward pass written by hand, judged by running it
emit                                           a forward and a backward pass as source to keep
check_nans                                     the first number that is not finite, by its line
ops                                            the primitives as functions of arrays: ops.log1p(x)
optim                                          SGD, momentum, Adam, AdamW, schedules, clipping, also inside of compile
stop_gradient, checkpoint                      a value taken as constant; a function that is run again on the way back
asarray, trace                                 an array to read at traced indices; a function -> Graph
"""

from importlib import import_module as _import_module
from sys import modules as _modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wengert import optim
    from wengert.api import Derivation, System, equations, review
    from wengert.blackboard import board
    from wengert.core import ops
    from wengert.emission import emit
    from wengert.errors import (
        CheckError,
        DataError,
        EquationError,
        GraphError,
        MissingPackageError,
        ModelError,
        NonFiniteError,
        ShapeError,
        TraceError,
        TrainingError,
        WengertError,
    )
    from wengert.flow import cond, fori_loop, scan, while_loop
    from wengert.functions.run.compiling import compile, keep_subnormals, set_factors, set_threads
    from wengert.functions.tracing.watch import check_nans
    from wengert.functions.transforms.analytic import holomorphic_grad
    from wengert.functions.transforms.batches import vmap
    from wengert.functions.transforms.checkpoints import checkpoint
    from wengert.functions.transforms.checks import check_grads
    from wengert.functions.transforms.custom import primitive
    from wengert.functions.transforms.derivatives import elementwise_grad, grad, value_and_grad
    from wengert.functions.transforms.foreign import in_kind
    from wengert.functions.transforms.linear import jvp, linearize, vjp
    from wengert.functions.transforms.matrices import ggnvp, hessian, hvp, jacobian
    from wengert.functions.transforms.sparse import sparse_hessian, sparse_jacobian
    from wengert.functions.transforms.values import asarray, stop_gradient, trace
    from wengert.functions.transforms.vectors import flatten
    from wengert.programs.functions import check_backward
    from wengert.targets.base import devices
    from wengert.targets.mesh import Mesh

    __version__: str

_HOME = {
    "board": "wengert.blackboard",
    "equations": "wengert.api",
    "review": "wengert.api",
    "System": "wengert.api",
    "Derivation": "wengert.api",
    "asarray": "wengert.functions.transforms.values",
    "grad": "wengert.functions.transforms.derivatives",
    "value_and_grad": "wengert.functions.transforms.derivatives",
    "checkpoint": "wengert.functions.transforms.checkpoints",
    "check_backward": "wengert.programs.functions",
    "emit": "wengert.emission",
    "check_grads": "wengert.functions.transforms.checks",
    "check_nans": "wengert.functions.tracing.watch",
    "primitive": "wengert.functions.transforms.custom",
    "elementwise_grad": "wengert.functions.transforms.derivatives",
    "jvp": "wengert.functions.transforms.linear",
    "linearize": "wengert.functions.transforms.linear",
    "vjp": "wengert.functions.transforms.linear",
    "jacobian": "wengert.functions.transforms.matrices",
    "holomorphic_grad": "wengert.functions.transforms.analytic",
    "hessian": "wengert.functions.transforms.matrices",
    "hvp": "wengert.functions.transforms.matrices",
    "ggnvp": "wengert.functions.transforms.matrices",
    "sparse_jacobian": "wengert.functions.transforms.sparse",
    "sparse_hessian": "wengert.functions.transforms.sparse",
    "flatten": "wengert.functions.transforms.vectors",
    "in_kind": "wengert.functions.transforms.foreign",
    "vmap": "wengert.functions.transforms.batches",
    "stop_gradient": "wengert.functions.transforms.values",
    "trace": "wengert.functions.transforms.values",
    "compile": "wengert.functions.run.compiling",
    "keep_subnormals": "wengert.functions.run.compiling",
    "set_factors": "wengert.functions.run.compiling",
    "set_threads": "wengert.functions.run.compiling",
    "Mesh": "wengert.targets.mesh",
    "devices": "wengert.targets.base",
    "cond": "wengert.flow",
    "scan": "wengert.flow",
    "fori_loop": "wengert.flow",
    "while_loop": "wengert.flow",
    "WengertError": "wengert.errors",
    "EquationError": "wengert.errors",
    "ShapeError": "wengert.errors",
    "GraphError": "wengert.errors",
    "DataError": "wengert.errors",
    "ModelError": "wengert.errors",
    "NonFiniteError": "wengert.errors",
    "TrainingError": "wengert.errors",
    "TraceError": "wengert.errors",
    "CheckError": "wengert.errors",
    "MissingPackageError": "wengert.errors",
}

_PACKAGES = {"ops": "wengert.core.ops", "optim": "wengert.optim"}

__all__ = [
    "CheckError",
    "DataError",
    "Derivation",
    "EquationError",
    "GraphError",
    "Mesh",
    "MissingPackageError",
    "ModelError",
    "NonFiniteError",
    "ShapeError",
    "System",
    "TraceError",
    "TrainingError",
    "WengertError",
    "__version__",
    "asarray",
    "board",
    "check_backward",
    "check_grads",
    "check_nans",
    "checkpoint",
    "compile",
    "cond",
    "devices",
    "elementwise_grad",
    "emit",
    "equations",
    "flatten",
    "fori_loop",
    "ggnvp",
    "grad",
    "hessian",
    "holomorphic_grad",
    "hvp",
    "in_kind",
    "jacobian",
    "jvp",
    "keep_subnormals",
    "linearize",
    "ops",
    "optim",
    "primitive",
    "review",
    "scan",
    "set_factors",
    "set_threads",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]


def _first_import(module: str) -> Any:
    """A module that is not loaded yet. Cycles are not collected meanwhile: imports make few, and each look at all that they make takes time."""
    with _import_module("wengert.core.ir.collector").waiting():
        return _import_module(module)


if not TYPE_CHECKING:  # to a type checker a name that is not listed above is an error

    def __getattr__(name: str) -> Any:
        home = _HOME.get(name) or _PACKAGES.get(name)
        if home is not None:
            module = _import_module(home) if home in _modules else _first_import(home)
            return module if name in _PACKAGES else getattr(module, name)
        if name == "__version__":
            return _import_module("importlib.metadata").version("wengert")
        raise AttributeError(f"module 'wengert' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__

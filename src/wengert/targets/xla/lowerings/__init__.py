"""Own lowerings: the ops whose value works in place, on the host or through SciPy, in a form that a trace takes.

    along: along an axis · matrices: factors and inverses · places: indices · products: einsum · special: jax.scipy.special

Each is `(xp, *arrays, **params)`, as `Op.value`; tables by the name of the op, since JAX is an extra and ops must not import it.
Every other op's value is traced as it is; `tests/targets/xla/test_ops.py` runs all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wengert.targets.xla.lowerings import along, matrices, places, products, special

LOWERINGS: Mapping[str, Callable[..., Any]] = {
    **special.LOWERINGS,
    **matrices.LOWERINGS,
    **places.LOWERINGS,
    **along.LOWERINGS,
    **products.LOWERINGS,
}

"""x log(1 + y) and the summands of relative entropies, right where x is 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core.ir.graph import Node, apply
from wengert.core.ir.notation import unwritten
from wengert.core.ir.vocabulary import Vocabulary
from wengert.core.ops.exponential import slope_beside
from wengert.core.ops.kinds import elementwise, positive, within
from wengert.core.ops.scipy_functions import scipy


def _xlog1py(xp: Vocabulary, x: Any, y: Any) -> Any:
    nothing = xp.logical_and(xp.equal(x, 0), xp.equal(y, y))
    return xp.where(nothing, xp.zeros_like(x), x * xp.log1p(y))


xlog1py = elementwise(
    "xlog1py",
    "x log(1 + y), and 0 where x = 0.",
    value=_xlog1py,
    partials=lambda z, x, y: (apply("log1p", y), slope_beside(x, 1 + y)),
    arity=2,
    domain=(within(-3, 3), positive),
    notation=unwritten("xlog1py"),
    growth="singular",
)


def _log_ratio(xp: Any, x: Any, y: Any) -> Any:
    near = xp.less(xp.abs(x - y), 0.5 * y)
    return xp.where(near, xp.log1p(xp.divide(x - y, y)), xp.log(xp.divide(x, y)))


def _through_log_ratio(signals: Sequence[Node | None], z: Node, x: Node, y: Node) -> tuple[Node | None, Node | None]:
    """s/x and −s/y, so that neither sees the quotient."""
    by_x, by_y = signals
    return None if by_x is None else by_x / x, None if by_y is None else -(by_y / y)


log_ratio = elementwise(
    "log_ratio",
    "log(x/y), exact where x and y are close.",
    value=_log_ratio,
    partials=lambda z, x, y: (1 / x, -1 / y),
    through=_through_log_ratio,
    arity=2,
    domain=within(0.5, 3),
    notation=unwritten("log_ratio"),
    growth="singular",
)
rel_entr = elementwise(
    "rel_entr",
    "x log(x/y) for x, y > 0; 0 at x = 0 ≤ y, else ∞.",
    value=lambda xp, x, y: scipy("rel_entr", x, y),
    partials=lambda z, x, y: (apply("log_ratio", x, y) + 1, -x / y),
    arity=2,
    domain=within(0.5, 3),
    notation=unwritten("rel_entr"),
    growth="singular",
)
kl_div = elementwise(
    "kl_div",
    "x log(x/y) − x + y for x, y > 0; y at x = 0 ≤ y, else ∞.",
    value=lambda xp, x, y: scipy("kl_div", x, y),
    partials=lambda z, x, y: (apply("log_ratio", x, y), (y - x) / y),
    arity=2,
    domain=within(0.5, 3),
    notation=unwritten("kl_div"),
    growth="singular",
)

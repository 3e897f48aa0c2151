"""The points at which the claims of a system are judged: drawn once, however many judges the readings and corrections of one document have.

A judge gets points of its own, since an author's lines change what is stated at them; the arrays are shared and never written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.errors import CheckError, EquationError
from wengert.notes.claims.kinks import with_both_sides
from wengert.notes.claims.points import POINTS, ClaimPoint, Scale, SignalChain, close, draw
from wengert.notes.claims.suppositions import Supposition, suppositions
from wengert.notes.elaboration.system import SystemData

MOST_KEPT = 8
"""So many chains of signals are kept, each with its points: the readings of one document that are compared."""


@lru_cache(maxsize=MOST_KEPT)
def chain_of(system: SystemData, loss: str, given: bool, outside: tuple[str, ...], scale: Scale | None) -> SignalChain:
    """The chain of signals of a system from one result, with what was made ready of it."""
    return SignalChain(system, loss, given=given, outside=outside, scale=scale)


@lru_cache(maxsize=MOST_KEPT)
def _drawn(chain: SignalChain) -> tuple[list[ClaimPoint], Mapping[str, Any]]:
    """The points of a chain, and the state of the generator behind them."""
    rng = np.random.default_rng(0)
    points = with_both_sides(chain, rng, [draw(chain, rng) for _ in range(POINTS)])
    return points, rng.bit_generator.state


def fresh_points(chain: SignalChain, rng: Any) -> list[ClaimPoint]:
    """The points of a chain at which its author has said nothing yet; `rng` goes on behind them.

    Raises CheckError where there are none, EquationError where the arrays are too large.
    """
    points, state = _drawn(chain)
    rng.bit_generator.state = state
    return [replace(each, truth=dict(each.truth), author=dict(each.author), stated=set()) for each in points]


@lru_cache(maxsize=MOST_KEPT)
def admitted(chain: SignalChain, given: tuple[str, ...]) -> list[tuple[Supposition, list[ClaimPoint]]]:
    """The assumptions that a system admits of given inputs, with points that satisfy them."""
    points, state = _drawn(chain)
    rng = np.random.default_rng(0)
    rng.bit_generator.state = state
    found: list[tuple[Supposition, list[ClaimPoint]]] = []
    for each in suppositions(points[0], given):
        try:
            drawn = [draw(chain, rng, each.adjust) for _ in range(POINTS)]
        except (CheckError, EquationError):
            continue
        arrays = [point.truth[name] for point in drawn for name in each.symmetric]
        if close(arrays, [array.T for array in arrays]):
            found.append((each, drawn))
    return found


def forget() -> None:
    """Let go of what was kept, when a document is judged."""
    for kept in (chain_of, _drawn, admitted):
        kept.cache_clear()

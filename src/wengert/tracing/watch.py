"""Whether numbers that are not finite are watched for: a switch, for all threads. It knows no number."""

from __future__ import annotations

from typing import Any

ON = [False]


class check_nans:
    """From here on name the first NaN or infinity that a watched function computes, forward or on the way back.

    `with check_nans():` does so for what stands inside; `check_nans()` alone from there on, `check_nans(False)` no longer. Watched are
    functions that are differentiated (`grad`, `vjp`, `jacobian`, …) and those given to `compile` while it is on. They run call by
    call, which takes longer. A value that is not finite because it was given one is not named.

    What is found is raised as NonFiniteError, at the line of the call.
    """

    def __init__(self, on: bool = True) -> None:
        self._before, ON[0] = ON[0], on

    def __enter__(self) -> check_nans:
        return self

    def __exit__(self, *error: Any) -> None:
        ON[0] = self._before

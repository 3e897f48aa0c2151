"""The fields of the record in a model file, and what each may be. The module knows no arrays and no model."""

from __future__ import annotations

import itertools
from typing import Any

from wengert.errors import ModelError
from wengert.optim.rules import RULES
from wengert.train.binding import Classes
from wengert.train.optimizers import optimizer
from wengert.train.schema import (
    WrongError,
    by_name,
    distinct,
    fields,
    inside,
    name,
    one_of,
    optional,
    real,
    several,
    text,
    whole,
    wrong,
)

FORMAT = 1
LARGEST_SEED = 2**128 - 1
"""The state of PCG64 has so many bits."""
LARGEST_SIZE = 2**40
DIGITS = 64
"""The hexadecimal digits of a SHA-256."""


def _classes(value: Any, place: str) -> Classes:
    """Whole numbers or texts, each larger than the one before."""
    numbers = type(value) is list and value[:1] and type(value[0]) is int
    found = several(whole(-(2**63), 2**63 - 1) if numbers else text)(value, place)
    if not found or any(a >= b for a, b in itertools.pairwise(found)):
        raise WrongError(place, "does not hold classes in ascending order")
    return found


def _part(value: Any, place: str) -> str:
    """What is held out: a share, or the name of a data set."""
    try:
        share = float(text(value, place))
    except ValueError:
        return value
    if not 0 <= share < 1:
        raise wrong(value, place, "a share from 0 to below 1")
    return value


def _digest_of_data(value: Any, place: str) -> str:
    if len(text(value, place)) != DIGITS or set(value) - set("0123456789abcdef"):
        raise wrong(value, place, f"a SHA-256 of {DIGITS} hexadecimal digits")
    return value


def _run(value: Any, place: str) -> dict[str, Any]:
    """A run whose settings are those of its optimizer."""
    found = _RUN(value, place)
    known = RULES[found["optimizer"]].settings
    found["settings"] = fields(dict.fromkeys(known, real))(found["settings"], inside(place, "settings"))
    try:
        optimizer(found["optimizer"], **found["settings"])
    except ModelError as error:
        raise WrongError(inside(place, "settings"), f"is out of range:{error.where.rstrip('.')}") from error
    return found


_COUNT = whole(0, 2**53)
_RUN = fields(
    {
        "optimizer": one_of(*RULES),
        "settings": by_name(real),
        "seed": whole(0, LARGEST_SEED),
        "batch": whole(1, LARGEST_SIZE),
        "validation": _part,
        "data": _digest_of_data,
        "test": _part,
    }
)
_METRIC = fields(
    {
        "kind": one_of("accuracy", "rmse"),
        "prediction": name,
        "target": name,
        "threshold": optional(real),
        "low": one_of(-1, 0),
    }
)
_EPOCH = fields({"epoch": whole(1, 2**53), "loss": real, "validation_loss": optional(real), "metric": optional(real)})
RECORD = fields(
    {
        "format": one_of(FORMAT),
        "fingerprint": name,
        "equations": text,
        "context": by_name(text),
        "sizes": by_name(whole(1, LARGEST_SIZE)),
        "binding": text,
        "classes": by_name(_classes),
        "metric": optional(_METRIC),
        "run": _run,
        "parameters": distinct(name),
        "counts": fields({"count": _COUNT}),
        "epoch": _COUNT,
        "step": _COUNT,
        "loss_sum": real,
        "history": several(_EPOCH),
    }
)
"""The record of a model file: every field, and what it may be."""

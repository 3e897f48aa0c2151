"""The picture of the loss: training and validation loss by epoch. matplotlib is imported only here, without a
display.

It knows the records of epochs, not the model.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from wengert.atomic import write_atomically
from wengert.errors import ModelError
from wengert.train.model import EpochRecord

FORMATS = (".png", ".svg", ".pdf")
_LOG_FROM = 20.0
"""A loss that is positive and spans at least this factor is drawn on a logarithmic axis."""
_TRAINING = "#1f5fa8"
_VALIDATION = "#c8551b"


def refuse_undrawable(path: str | Path) -> None:
    """Finds out before the training what would fail after it.

    Raises:
        ModelError: matplotlib is not installed, or the path's ending names no picture format.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise ModelError(
            f"'{Path(path).suffix}' is not the ending of a picture.",
            f"  {path}",
            f"Write a path that ends in one of {', '.join(FORMATS)}.",
        )
    try:
        import_module("matplotlib.figure")
    except ImportError as error:
        raise ModelError(
            "The picture of the loss is drawn by matplotlib, which is not installed.",
            f"  {error}",
            'Install it with:  pip install "wengert[plots]"',
        ) from error


def draw_losses(history: Sequence[EpochRecord], path: str | Path, title: str = "") -> None:
    """Training loss (mean over the epoch) and validation loss (at its end) by epoch; PNG, SVG or PDF by the path's
    ending.

    Raises:
        ModelError: matplotlib is missing, the ending names no picture format, or the path cannot be written.
    """
    refuse_undrawable(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [record.epoch for record in history]
    marker = "o" if len(epochs) <= 12 else None
    axes.plot(epochs, [r.loss for r in history], color=_TRAINING, marker=marker, label="training (mean over the epoch)")
    held = [(r.epoch, r.validation_loss) for r in history if r.validation_loss is not None]
    if held:
        axes.plot(*zip(*held, strict=True), color=_VALIDATION, marker=marker, label="validation (after the epoch)")
    losses = [r.loss for r in history] + [loss for _, loss in held]
    if losses and min(losses) > 0 and max(losses) >= _LOG_FROM * min(losses):
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.set_title(title, fontsize="medium")
    picture = io.BytesIO()
    figure.savefig(picture, format=Path(path).suffix[1:].lower(), dpi=150)
    write_atomically(path, picture.getvalue(), "picture of the loss")

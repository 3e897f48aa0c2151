"""Training as a page follows it: epoch by epoch, with the loss, the parameters, the sizes of gradients and the decision surface.

It runs in a process of its own; between epochs it hears what the page says: pause, run, step. Stopping is ending the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from wengert.blackboard.diagnostics import diagnostic
from wengert.blackboard.numbers import shown
from wengert.blackboard.samples import DATA, SAMPLES, sample
from wengert.blackboard.subject import Subject
from wengert.errors import DataError, WengertError
from wengert.languages import LANGUAGES
from wengert.notes.show.numbers import plain
from wengert.notes.show.settings import parse_setting
from wengert.train.csvfile import csv_table
from wengert.train.equations import task
from wengert.train.loop import fit
from wengert.train.model import EpochRecord, Model, Plan, Progress
from wengert.train.session import PreparedTraining, prepare, start_facts
from wengert.train.table import Table
from wengert.train.task import TrainOptions

Inbox = Callable[[bool], dict[str, Any] | None]
Reply = dict[str, Any]
BETWEEN = 0.05
"""Seconds between two messages of a training that runs."""
GRID = 48
"""Points of the decision surface on each axis."""
MOST_POINTS = 400
GRADIENT_EXAMPLES = 1024


def training(request: Mapping[str, Any], inbox: Inbox) -> Iterator[Reply]:
    """The replies to a request `train`: started, epochs …, done; an error is a reply too."""
    try:
        yield from _run(request, inbox)
    except WengertError as error:
        yield {
            "type": "training",
            "event": "error",
            "error": diagnostic(error, request["text"], lang=request.get("lang", LANGUAGES[0])),
        }


def _run(request: Mapping[str, Any], inbox: Inbox) -> Iterator[Reply]:
    subject = Subject(request["text"], request.get("system", 0))
    options = _options(request, subject)
    constants = dict(_constant(part) for part in _listed(request.get("set", ""), ";"))
    params, document = _listed(request.get("params", ""), ","), ("", subject.number)
    made = task(request["text"], params=params, constants=constants, document=document)
    ready = prepare(made, options)
    watch = _Watch(ready, subject)
    yield {"type": "training", "event": "started", "facts": start_facts(options, ready), **watch.points()}
    progress, mode, told = ready.start.progress, "run", 0
    yield watch.epochs(progress, told)
    while progress.epoch < options.epochs:
        mode = yield from _asked(inbox, mode)
        begun = time.monotonic()
        while progress.epoch < options.epochs:
            progress = _epoch(ready, progress)
            if mode == "step" or time.monotonic() - begun > BETWEEN:
                break
        yield watch.epochs(progress, told)
        told = len(progress.history)
        mode = "pause" if mode == "step" else mode
    yield {"type": "training", "event": "done", "epoch": progress.epoch}


def _asked(inbox: Inbox, mode: str) -> Iterator[Reply] | Any:
    """What to do next, as the page said; a page that paused is waited for."""
    said = inbox(False)
    while said is not None or mode == "pause":
        if said is None:
            yield {"type": "training", "event": "paused"}
            said = inbox(True)
        assert said is not None
        mode, said = said.get("to", "run"), inbox(False)
    return mode


def _epoch(ready: PreparedTraining, progress: Progress) -> Progress:
    """One more epoch."""
    run = ready.start.run
    plan = Plan(progress.epoch + 1, run.batch, run.seed, ready.start.metric)
    data = ready.data
    done, interrupted = fit(
        ready.repeated, ready.optimizer, data.training, data.validation, plan, progress,
        report=lambda event: None, keep=lambda kept: None, updates=ready.updates,
    )  # fmt: skip
    if interrupted:
        raise KeyboardInterrupt
    return done


def _listed(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _constant(part: str) -> tuple[str, Any]:
    """A constant that is typed; a page names no file."""
    if part.strip().lower().endswith(".npy"):
        raise DataError(
            "The board reads no files of this machine.", f"  {part.strip()}", "Type the numbers:  name=[1, 2, 3]"
        )
    return parse_setting(part)


def _options(request: Mapping[str, Any], subject: Subject) -> TrainOptions:
    """What the page chose; a binding that is left open is the one that the names suggest."""
    name = request.get("data", "")
    data: str | Table = name
    if request.get("csv"):
        data = csv_table(request["csv"], name or "data.csv")
    elif name in SAMPLES:
        data = sample(name)
    elif name and name not in DATA:
        raise DataError(
            "There is no such set, and the board reads no files of this machine.",
            f"  {name}",
            "Choose a data set by name, or open a CSV file in the page.",
        )
    sizes = dict(part.split("=", 1) for part in _listed(request.get("sizes", ""), ",") if "=" in part)
    bind = request.get("bind") or suggested(subject, data)
    return TrainOptions(
        data=data,
        bind=bind,
        sizes=subject_sizes(subject, sizes),
        standardise=tuple(_features(subject, bind)) if request.get("standardise", True) else (),
        validation=str(request.get("validation", 0.2)),
        optimizer=request.get("optimizer") or None,
        learning_rate=request.get("rate"),
        batch=request.get("batch"),
        epochs=request.get("epochs") or 100,
        seed=request.get("seed"),
    )


def subject_sizes(subject: Subject, stated: Mapping[str, str]) -> dict[str, int]:
    """Sizes by the names that the equations have for them: h=8 for the axis that h has."""
    from wengert.api import System

    numbers = {name.strip(): int(size) for name, size in stated.items() if size.strip().isdigit()}
    return System(subject.system).sizes(numbers)


def suggested(subject: Subject, data: str | Table) -> str:
    """The binding that names and ranks suggest: the vector is the features, the other input the target."""
    system = subject.system
    free = [n for n in system.inputs if n not in system.params and (not system.data or n in system.data)]
    names = {n: system.quantities[n] for n in free}
    if not isinstance(data, str) and set(free) <= set(data):
        return ""
    target = "target" if isinstance(data, str) or "target" in data else list(data)[-1]
    features = "data" if isinstance(data, str) else f"columns(all except {target})"
    last = [n for n in free if n in system.parents(system.loss)] or free[-1:]
    parts: list[str] = []
    for name, quantity in names.items():
        if name in last[-1:]:
            parts.append(
                f"{quantity.identifier}={target}"
                if not quantity.type.rank
                else f"{quantity.identifier}=onehot({target})"
            )
        else:
            parts.append(f"{quantity.identifier}={features}")
    return ",".join(parts)


def _features(subject: Subject, bind: str) -> list[str]:
    """The names that are bound to numbers of the data, not to a target."""
    parts = [part.partition("=") for part in bind.replace("except ", "").split(",") if "=" in part]
    return [name.strip() for name, _, right in parts if right.startswith(("data", "columns", "["))]


class _Watch:
    """What a page sees of a training."""

    def __init__(self, ready: PreparedTraining, subject: Subject) -> None:
        self.ready = ready
        self.marks = {q.identifier: subject.marks[n] for n, q in subject.system.quantities.items()}
        self.few = {name: values[:GRADIENT_EXAMPLES] for name, values in ready.data.training.items()}
        self.plane = _Plane(ready)

    def points(self) -> Reply:
        """The examples as points of a plane, where they have two features."""
        return self.plane.points()

    def epochs(self, progress: Progress, told: int) -> Reply:
        """The message after some epochs: their records, the parameters now, the size of each gradient, the surface."""
        with np.errstate(all="ignore"):
            _, gradients = self.ready.model.loss_and_gradients(progress.params, self.few)
            norms = {name: plain(np.linalg.norm(gradient)) for name, gradient in gradients.items()}
            surface = self.plane.surface(self.ready.repeated, progress.params)
        return {
            "type": "training",
            "event": "epochs",
            "epoch": progress.epoch,
            "records": [_record(each) for each in progress.history[told:]],
            "parameters": [{"q": self.marks[name], "value": shown(v)} for name, v in progress.params.items()],
            "gradients": [{"q": self.marks[name], "norm": norm} for name, norm in norms.items()],
            "surface": surface,
        }


def _record(record: EpochRecord) -> list[float | None]:
    return [record.epoch, record.loss, record.validation_loss, record.metric]


class _Plane:
    """The plane of two features, with what the model predicts at the points of a grid."""

    def __init__(self, ready: PreparedTraining) -> None:
        self.metric, self.training = ready.start.metric, ready.data.training
        pairs = [n for n, v in self.training.items() if v.ndim == 2 and v.shape[1] == 2 and v.dtype.kind == "f"]
        features = [n for n in pairs if self.metric is None or n != self.metric.target]
        self.name = features[0] if self.metric is not None and len(features) == 1 else None
        if self.name is not None:
            low, high = self.training[self.name].min(axis=0), self.training[self.name].max(axis=0)
            self.low, self.high = low - 0.1 * (high - low), high + 0.1 * (high - low)
            x, y = (np.linspace(a, b, GRID) for a, b in zip(self.low, self.high, strict=True))
            self.grid = np.stack([axis.ravel() for axis in np.meshgrid(x, y)], axis=1)

    def points(self) -> Reply:
        if self.name is None or self.metric is None:
            return {"plane": None}
        target = self.training[self.metric.target][:MOST_POINTS]
        classes = target.argmax(axis=1) if target.ndim == 2 else target
        return {
            "plane": {
                "low": self.low.tolist(),
                "high": self.high.tolist(),
                "points": np.round(self.training[self.name][:MOST_POINTS], 3).tolist(),
                "classes": classes.tolist(),
                "threshold": self.metric.threshold,
            }
        }

    def surface(self, model: Model, params: Mapping[str, Any]) -> list[float] | None:
        """The prediction at each point of the grid, row by row from below; of several classes the likeliest."""
        if self.name is None or self.metric is None:
            return None
        dtype = self.training[self.name].dtype
        found = model.forward(params, {self.name: self.grid.astype(dtype)})[self.metric.prediction]
        found = found.argmax(axis=1) if found.ndim == 2 else found
        return plain(np.round(found.astype(np.float64), 3))

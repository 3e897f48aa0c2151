"""One whole training: data, binding, standardisation, split, initial values, loop, model file, log and picture.

The seam to an equation system is `Task`: the text of the equations (kept in the model file), the names that data may
be bound to, and `build(columns, sizes)`, which makes the `model.Model` once the data is there. `columns` are the bound
arrays by equation name, the training examples first and their axis first; `sizes` are those that the user stated
(when resuming or predicting, all that the model had). So a caller needs two steps:

    task = Task(equations=text, inputs=("x", "t"), build=lambda columns, sizes: …)
    result = train(task, TrainOptions(data="digits", bind="x=data,t=onehot(target)", epochs=20))

The module knows no equations and no command line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np

from wengert.atomic import refuse_unwritable
from wengert.errors import ModelError
from wengert.train.arrow import Dataset, Stream
from wengert.train.binding import bind
from wengert.train.checkpoints import Checkpoints
from wengert.train.curve import draw_losses, refuse_undrawable
from wengert.train.examples import Examples, agreed, count, digest_of, examples_of, float_type, of_type
from wengert.train.initial import break_symmetry, initial_parameters
from wengert.train.joining import ProcessPlace
from wengert.train.loop import Finished, Reporter, Started, batch_size, evaluate, fit
from wengert.train.metrics import Metric, choose_metric
from wengert.train.model import CompiledModel, Model, Plan, Progress, Updates
from wengert.train.model_file import SavedModel, TrainingRun, load_model, save_model
from wengert.train.optimizers import NamedOptimizer, optimizer
from wengert.train.record import LARGEST_SEED
from wengert.train.report import reporting
from wengert.train.streaming import Streamed
from wengert.train.table import Array, Table
from wengert.train.task import Measured, Task, TrainOptions, TrainResult

SAVE_EVERY_SECONDS = 5.0
"""While a training runs its progress is saved after an epoch when so much time has passed since the last saving."""
_SYMMETRY_EXAMPLES = 4096
ALONE = ProcessPlace()


@dataclass(frozen=True)
class PreparedTraining:
    """All that the loop needs."""

    model: Model
    optimizer: NamedOptimizer
    data: Examples
    start: SavedModel
    drawn: tuple[str, ...]
    repeated: Model
    """The model for what is measured after each epoch."""
    updates: Updates | None


def train(task: Task, options: TrainOptions, stream: TextIO | None = None, place: ProcessPlace = ALONE) -> TrainResult:
    """Trains the task's model on the data and writes the model file; Ctrl-C saves the progress and ends it.

    Raises:
        DataError: the data, the binding or the split. ModelError: the model file, the log, the picture, an option.
            TrainingError: numbers that are not finite. In each case the model file holds what it held, or the last
            saved progress of this training.
    """
    if place.rank:  # the first rank prints and writes
        return _beside(task, options, place)
    _refuse_outputs(options)
    saved = load_model(options.model) if options.resume else None
    ready = prepare(task, options, saved)
    checkpoints = _checkpoints(task, options, ready)
    ready = _from_checkpoint(ready, checkpoints)
    saver = _Saver(options.model, ready.start)
    plan = Plan(options.epochs, ready.start.run.batch, ready.start.run.seed, ready.start.metric)
    with reporting(stream or sys.stdout, json_lines=options.json, log=options.log, resumed=options.resume) as report:
        streamed = _streamed(task, options, ready)
        examples = count(ready.data.training) if streamed is None else streamed.examples(plan, 0)
        steps = -(-examples // plan.batch)
        report(Started(start_facts(options, ready), plan.epochs, ready.start.progress.epoch, steps))
        progress, interrupted = _fitted(ready, plan, report, saver, checkpoints, streamed)
        saver.save(progress)
        result = _measure(ready, replace(ready.start, progress=progress), _draw(options, progress), interrupted)
        report(Finished(_finish_facts(result), interrupted))
    return result


def _beside(task: Task, options: TrainOptions, place: ProcessPlace) -> TrainResult:
    """The same training of another rank than the first, which neither prints nor writes a file."""
    saved = load_model(options.model) if options.resume else None
    ready = prepare(task, options, saved)
    checkpoints = _checkpoints(task, options, ready)
    ready = _from_checkpoint(ready, checkpoints)
    plan = Plan(options.epochs, ready.start.run.batch, ready.start.run.seed, ready.start.metric)
    streamed = _streamed(task, options, ready)
    progress, interrupted = _fitted(ready, plan, lambda event: None, lambda progress: None, checkpoints, streamed)
    return _measure(ready, replace(ready.start, progress=progress), {}, interrupted)


def _fitted(
    ready: PreparedTraining,
    plan: Plan,
    report: Reporter,
    keep: Callable[[Progress], None],
    checkpoints: Checkpoints | None,
    streamed: Streamed | None,
) -> tuple[Progress, bool]:
    """The progress at the end, and whether Ctrl-C ended it; no checkpoint is left half written, whatever happens."""
    try:
        return fit(
            ready.repeated,
            ready.optimizer,
            ready.data.training,
            ready.data.validation,
            plan,
            ready.start.progress,
            report,
            keep,
            ready.updates,
            checkpoints or _no_checkpoint,
            streamed,
        )
    finally:
        if checkpoints is not None:
            checkpoints.close()


def _streamed(task: Task, options: TrainOptions, ready: PreparedTraining) -> Streamed | None:
    """The training data as it is read in buffers; None where it is in memory."""
    if options.stream is None or not isinstance(options.data, str):
        return None
    if ready.updates is None:
        raise ModelError(
            "Data that is streamed is trained on in many updates a call.",
            f"  --stream {options.stream} --backend interpreter",
            "Write --backend native or --backend xla.",
        )
    start = ready.start
    kind = float_type(ready.data.bound)

    def bound(table: Table) -> dict[str, Array]:
        found = bind(start.binding, table, task.inputs, classes=start.classes, canonical=task.canonical)
        return ready.model.renamed(of_type(found, kind).arrays)  # pyright: ignore[reportAttributeAccessIssue]

    stream = Stream(Dataset(Path(options.data)), options.stream, start.run.seed, *ready.updates.part())
    return Streamed(stream, ready.updates, bound)


def _no_checkpoint(progress: Progress) -> None:
    """Where no checkpoints are asked for."""


def _checkpoints(task: Task, options: TrainOptions, ready: PreparedTraining) -> Checkpoints | None:
    if options.checkpoints is None:
        return None
    if options.checkpoint_every < 1 or ready.updates is None or not ready.updates.spreads:
        raise ModelError(
            "Checkpoints are those of the back end xla, after a whole number of updates.",
            f"  --checkpoints {options.checkpoints} --checkpoint-every {options.checkpoint_every}",
            "Write --backend xla; the model file keeps the progress of the other back ends:  --resume",
        )
    ready.updates.at_once = min(ready.updates.at_once, options.checkpoint_every)
    start = ready.start
    say = partial(print, file=sys.stderr, flush=True)
    return Checkpoints(
        options.checkpoints, options.checkpoint_every, start.run, start.fingerprint, ready.updates.mesh(), say
    )


def _from_checkpoint(ready: PreparedTraining, checkpoints: Checkpoints | None) -> PreparedTraining:
    if checkpoints is None:
        return ready
    return replace(ready, start=replace(ready.start, progress=checkpoints.latest(ready.start.progress)))


class _Saver:
    """Keeps the progress in the model file, but not more often than SAVE_EVERY_SECONDS."""

    def __init__(self, path: str | Path, start: SavedModel) -> None:
        self.path = path
        self.start = start
        self.last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self.last >= SAVE_EVERY_SECONDS:
            self.save(progress)

    def save(self, progress: Progress) -> None:
        save_model(self.path, replace(self.start, progress=progress))
        self.last = time.monotonic()


def _refuse_outputs(options: TrainOptions) -> None:
    refuse_unwritable(options.model, "model")
    if options.curve is not None:
        refuse_undrawable(options.curve)
        refuse_unwritable(options.curve, "picture of the loss")
    if options.epochs < 1:
        raise ModelError(
            f"The number of epochs is {options.epochs}.",
            f"  --epochs {options.epochs}",
            "Write a number of at least 1.",
        )
    if options.seed is not None and not 0 <= options.seed <= LARGEST_SEED:
        raise ModelError(
            f"The seed is {options.seed}.",
            f"  --seed {options.seed}",
            "Write a whole number that is not negative and less than 2^128.",
        )


def prepare(task: Task, options: TrainOptions, saved: SavedModel | None = None) -> PreparedTraining:
    """The model over the prepared data, with its parameters: new ones, or the saved ones."""
    seed = agreed("seed", options.seed, None if saved is None else saved.run.seed, 0)
    data = examples_of(task, options, saved, seed)
    training = data.training
    options.refuse_wide(training)
    model = task.build(training, options.sizes if saved is None else {**saved.sizes, **options.sizes})
    made = _optimizer(options, saved)
    examples = count(training)
    stated = None if options.batch is None else batch_size(examples, options.batch)
    batch = agreed("batch", stated, None if saved is None else saved.run.batch, batch_size(examples, None))
    run = TrainingRun(made.name, dict(made.settings), seed, batch, data.held, digest_of(training), data.tested)
    if saved is None:
        params, drawn = _initial(model, training, seed, options.initial)
        progress = Progress(params, made.init(params))
    else:
        _refuse_other_run(saved, model, task, options, run)
        progress, drawn = saved.progress, ()
    metric = _metric(task, options, model, progress.params, training, saved)
    start = SavedModel(
        fingerprint=model.fingerprint,
        equations=task.equations,
        sizes=dict(model.sizes),
        binding=data.binding,
        run=run,
        progress=progress,
        context=task.context,
        classes=data.bound.classes,
        standardisation=data.standardisation,
        metric=metric,
    )
    if isinstance(model, CompiledModel):
        return PreparedTraining(model, made, data, start, drawn, model.repeated(), model.updates(made, training, batch))
    return PreparedTraining(model, made, data, start, drawn, model, None)


def _optimizer(options: TrainOptions, saved: SavedModel | None) -> NamedOptimizer:
    """The optimizer; a resumed training keeps its settings except those that are stated anew (a smaller learning
    rate).
    """
    name = agreed("optimizer", options.optimizer, None if saved is None else saved.run.optimizer, "adam")
    settings: dict[str, float] = {} if saved is None else dict(saved.run.settings)
    for key in ("learning_rate", "momentum", "weight_decay"):
        if getattr(options, key) is not None:
            settings[key] = getattr(options, key)
    return optimizer(name, **settings)


def _initial(
    model: Model, training: Mapping[str, Array], seed: int, rule: str
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The first parameters, and the names of those that were drawn to break a symmetry."""
    if not model.parameters:
        raise ModelError(
            "The equations have no parameters to train.",
            "  every free quantity is bound to data or has a value",
            "Name the parameters, for example:  --params w,b",
        )
    floats = [a.dtype for a in training.values() if a.dtype.kind == "f"]
    params = initial_parameters(model.parameters, seed, rule, floats[0] if floats else np.dtype(np.float64))
    if rule not in ("glorot", "he"):
        return params, ()
    some = {name: values[:_SYMMETRY_EXAMPLES] for name, values in training.items()}
    with np.errstate(all="ignore"):
        _, gradients = model.loss_and_gradients(params, some)
    drawn = break_symmetry(params, gradients, seed)
    return {**params, **drawn}, tuple(drawn)


def _metric(
    task: Task,
    options: TrainOptions,
    model: Model,
    params: Mapping[str, Array],
    training: Mapping[str, Array],
    saved: SavedModel | None,
) -> Metric | None:
    """The stated metric, else that of the saved training, else the one that the data decides."""
    before = "auto" if saved is None else "none" if saved.metric is None else saved.metric.statement
    with np.errstate(all="ignore"):
        return choose_metric(
            lambda part: model.forward(params, part), training, options.metric or before, task.canonical
        )


def _refuse_other_run(saved: SavedModel, model: Model, task: Task, options: TrainOptions, run: TrainingRun) -> None:
    saved.require(model, task.equations, options.model)
    if saved.run.data != run.data:
        raise ModelError(
            "The data is not what the saved training had.",
            f"  {options.model}: its training examples were others than those of '{options.data}'",
            "Give the same data, or leave --resume out to begin a new training.",
        )
    if saved.progress.epoch >= options.epochs:
        raise ModelError(
            f"The saved training has {saved.progress.epoch} epochs already.",
            f"  --epochs {options.epochs} counts them all",
            f"Write a larger number, for example:  --epochs {2 * saved.progress.epoch}",
        )


def _draw(options: TrainOptions, progress: Progress) -> dict[str, str]:
    files = {"model": str(options.model)}
    if options.log is not None:
        files["log"] = str(options.log)
    if options.curve is not None and progress.history:
        draw_losses(progress.history, options.curve)
        files["picture of the loss"] = str(options.curve)
    return files


def _measure(ready: PreparedTraining, saved: SavedModel, files: Mapping[str, str], interrupted: bool) -> TrainResult:
    def measured(model: Model, data: Mapping[str, Array]) -> Measured:
        return Measured(count(data), *evaluate(model, saved.parameters, data, saved.metric))

    data = ready.data
    validation = None if data.validation is None else measured(ready.repeated, data.validation)
    training = measured(ready.repeated if validation is None else ready.model, data.training)
    test = None if data.test is None else measured(ready.model, data.test)
    return TrainResult(saved, training, validation, test, files, interrupted)


def start_facts(options: TrainOptions, ready: PreparedTraining) -> dict[str, object]:
    """What a training begins with, as plain values."""
    start = ready.start
    resumed = {"epoch": start.progress.epoch, "step": start.progress.step} if options.resume else None
    return {
        "data": options.data if isinstance(options.data, str) else options.data.source,
        "training_examples": count(ready.data.training),
        "validation_examples": count(ready.data.validation or {}),
        "test_examples": count(ready.data.test or {}),
        "bound": {name: list(values.shape) for name, values in ready.data.training.items()},
        "classes": {name: list(values) for name, values in start.classes.items()},
        "standardised": sorted(start.standardisation.mean),
        "parameters": {name: list(value.shape) for name, value in start.parameters.items()},
        "numbers": sum(value.size for value in start.parameters.values()),
        "initial": options.initial,
        "drawn": list(ready.drawn),
        "seed": start.run.seed,
        "optimizer": start.run.optimizer,
        "settings": dict(start.run.settings),
        "batch": start.run.batch,
        "epochs": options.epochs,
        "metric": None if start.metric is None else start.metric.statement,
        "resumed_from": resumed,
    }


def _finish_facts(result: TrainResult) -> dict[str, object]:
    metric = result.saved.metric
    facts: dict[str, object] = {
        "epoch": result.saved.progress.epoch,
        "step": result.saved.progress.step,
        "files": dict(result.files),
    }
    for part, found in (
        ("training", result.training),
        ("validation", result.validation),
        ("test", result.test),
    ):
        if found is not None:
            kind = None if metric is None else metric.kind
            facts[part] = {"examples": found.examples, "loss": found.loss, "kind": kind, "value": found.value}
    return facts

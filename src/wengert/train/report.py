"""What a training says while it runs: a progress bar on a terminal, plain lines in a pipe, JSON lines for programs
and in the log file.

It receives the loop's events and knows no model. rich is imported only for a terminal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

from wengert.errors import ModelError
from wengert.train.loop import EpochDone, Event, Finished, Reporter, Started, StepDone

_PLAIN_LINES = 20
"""About so many epochs get a line in a pipe, however many there are; the log has all."""

_REDRAW_SECONDS = 0.05

_HELD = {"validation_examples": "validation", "test_examples": "the test"}


class Output(Protocol):
    """One place that events go to."""

    def __call__(self, event: Event) -> None: ...

    def close(self) -> None: ...


@contextmanager
def reporting(
    stream: TextIO, *, json_lines: bool = False, log: str | Path | None = None, resumed: bool = False
) -> Iterator[Reporter]:
    """A reporter to the stream and to the log file: JSON lines if asked for, a bar if the stream is a terminal, else
    plain lines.

    The log is written line by line; it is begun anew except when a training is resumed.

    Raises:
        ModelError: the log file cannot be written.
    """
    outputs: list[Output] = []
    try:
        if log is not None:
            outputs.append(JsonLog(log, resumed))
        outputs.append(JsonLines(stream) if json_lines else Bar(stream) if _draws(stream) else Lines(stream))

        def report(event: Event) -> None:
            for output in outputs:
                output(event)

        yield report
    finally:
        for output in outputs:
            output.close()


def _draws(stream: TextIO) -> bool:
    """Whether the stream is a terminal that can move its cursor."""
    if not stream.isatty():
        return False
    from rich.console import Console

    console = Console(file=stream)
    return console.is_terminal and not console.is_dumb_terminal


class Lines:
    """Plain text: what is trained, a line for each epoch (for some, if there are many), what came out."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._write(*start_lines(event.facts))
        elif isinstance(event, EpochDone):
            every = max(1, round(event.epochs / _PLAIN_LINES))
            number = event.record.epoch
            if number % every == 0 or number in (1, event.epochs):
                self._write(f"epoch {number}/{event.epochs}  {numbers(event)}")
        elif isinstance(event, Finished):
            self._write(*finish_lines(event))

    def _write(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self.stream, flush=True)

    def close(self) -> None:
        self.stream.flush()


class Bar:
    """A rich progress bar over all updates, with the time left and the numbers of the last epoch. NO_COLOR is rich's
    to respect.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self.console = Console(file=stream, highlight=False, markup=False)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[numbers]}", markup=False),
            console=self.console,
        )
        self.task = None
        self.epochs = 0
        self.done = 0
        self.shown = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._write(start_lines(event.facts))
            self.epochs = event.epochs
            total = (event.epochs - event.first_epoch) * event.steps
            self.progress.start()
            self.task = self.progress.add_task(f"epoch {event.first_epoch + 1}/{event.epochs}", total=total, numbers="")
        elif isinstance(event, StepDone) and self.task is not None:
            self.done += 1
            if time.monotonic() - self.shown >= _REDRAW_SECONDS:
                self.shown = time.monotonic()
                self.progress.update(self.task, completed=self.done, description=f"epoch {event.epoch}/{self.epochs}")
        elif isinstance(event, EpochDone) and self.task is not None:
            where = f"epoch {event.record.epoch}/{self.epochs}"
            self.progress.update(self.task, completed=self.done, description=where, numbers=numbers(event))
        elif isinstance(event, Finished):
            self.progress.stop()
            self._write(finish_lines(event))

    def _write(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.console.print(line, soft_wrap=True)

    def close(self) -> None:
        self.progress.stop()


class JsonLines:
    """One JSON object for each line: {"event": "start" | "epoch" | "finish", …}."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, event: Event) -> None:
        record = as_record(event)
        if record is not None:
            # one write, so that Ctrl-C cannot fall between a line and its end
            self.stream.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
            self.stream.flush()

    def close(self) -> None:
        self.stream.flush()


class JsonLog(JsonLines):
    """The same lines in a file."""

    def __init__(self, path: str | Path, append: bool) -> None:
        self.path = path
        try:
            # close() closes it: the file is open as long as the training runs
            super().__init__(Path(path).open("a" if append else "w", encoding="utf-8"))  # noqa: SIM115
        except OSError as failure:
            raise self._explained(failure) from failure

    def __call__(self, event: Event) -> None:
        try:
            super().__call__(event)
        except OSError as failure:
            raise self._explained(failure) from failure

    def close(self) -> None:
        try:
            self.stream.close()
        except OSError as failure:
            raise self._explained(failure) from failure

    def _explained(self, failure: OSError) -> ModelError:
        return ModelError(
            f"The log cannot be written: {failure.strerror or failure}.",
            f"  {self.path}",
            "Give a path in a folder that exists and that has space, or train without --log.",
        )


def as_record(event: Event) -> dict[str, Any] | None:
    """The event as JSON values; None for a single update, which is not logged."""
    if isinstance(event, Started):
        return {"event": "start", "time": _now(), **event.facts}
    if isinstance(event, EpochDone):
        record: dict[str, Any] = {"event": "epoch", "epoch": event.record.epoch, "loss": event.record.loss}
        if event.record.validation_loss is not None:
            record["validation_loss"] = event.record.validation_loss
        if event.metric is not None:
            record |= {"metric": event.metric.statement, "value": event.record.metric, "measured_on": event.measured_on}
        return {**record, "seconds": round(event.seconds, 6)}
    if isinstance(event, Finished):
        return {"event": "finish", "time": _now(), "interrupted": event.interrupted, **event.facts}
    return None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def numbers(event: EpochDone) -> str:
    """The numbers of one epoch: loss 0.1234  validation 0.2345  accuracy 97.2 %."""
    parts = [f"loss {event.record.loss:.4g}"]
    if event.record.validation_loss is not None:
        parts.append(f"validation {event.record.validation_loss:.4g}")
    if event.metric is not None and event.record.metric is not None:
        parts.append(measured(event.metric.kind, event.record.metric))
    return "  ".join(parts)


def measured(kind: str, value: float) -> str:
    """accuracy 97.2 %, or RMSE 54.1 in the target's unit."""
    return f"accuracy {100 * value:.1f} %" if kind == "accuracy" else f"RMSE {value:.4g}"


def start_lines(facts: Mapping[str, Any]) -> list[str]:
    """What is trained, on what, how: the facts that session.train gives with Started."""
    held = "".join(f", {facts[key]} for {what}" for key, what in _HELD.items() if facts.get(key))
    lines = [f"data: {facts['data']}, {facts['training_examples']} examples for training{held}"]
    for name, shape in facts["bound"].items():
        notes = []
        if name in facts["classes"]:
            notes.append(f"classes {_few(facts['classes'][name])}")
        if name in facts["standardised"]:
            notes.append("standardised")
        lines.append(f"  {name}: {_by(shape)}" + (f" ({', '.join(notes)})" if notes else ""))
    count = facts["numbers"]
    drawn = f"; {', '.join(facts['drawn'])} drawn to break a symmetry" if facts["drawn"] else ""
    lines.append(
        f"parameters: {count} {'number' if count == 1 else 'numbers'}, initial rule {facts['initial']}, seed {facts['seed']}{drawn}"
    )
    lines += [f"  {name}: {_by(shape)}" for name, shape in facts["parameters"].items()]
    settings = ", ".join(f"{key} {value:g}" for key, value in facts["settings"].items())
    lines.append(
        f"optimizer: {facts['optimizer']} ({settings}), {facts['batch']} examples per update, to epoch {facts['epochs']}"
    )
    if facts["metric"]:
        where = "validation" if facts["validation_examples"] else "training"
        lines.append(f"measured: {facts['metric']}, over the {where} examples")
    if facts["resumed_from"]:
        lines.append(
            f"resumed after epoch {facts['resumed_from']['epoch']}, update {facts['resumed_from']['step']} of the next"
        )
    return lines


def finish_lines(event: Finished) -> list[str]:
    """What came out and where it was written."""
    facts: Mapping[str, Any] = event.facts
    lines = []
    if event.interrupted:
        lines.append(
            f"stopped by Ctrl-C after epoch {facts['epoch']}, update {facts['step']} of the next; --resume goes on from there"
        )
    for part in ("training", "validation", "test"):
        if part in facts:
            found = facts[part]
            value = "  " + measured(found["kind"], found["value"]) if found["value"] is not None else ""
            lines.append(f"{part}: loss {found['loss']:.6g}{value}")
    lines += [f"{what}: {path}" for what, path in facts["files"].items()]
    return lines


def _by(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "a number"


def _few(classes: Sequence[object]) -> str:
    shown = [str(c) for c in classes]
    return ", ".join(shown) if len(shown) <= 10 else f"{', '.join(shown[:3])}, …, {shown[-1]}: {len(shown)} in all"

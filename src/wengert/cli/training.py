"""The commands that fit parameters and apply them: train, predict."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from wengert.cli.arguments import (
    Backend,
    File,
    MeshText,
    NoCache,
    Setting,
    ShardText,
    Size,
    Which,
    keep_code,
    names_in,
    sharding_in,
    sizes_in,
    values_in,
    warn,
)

Data = Annotated[
    str, typer.Option(help="a CSV or npz file, or digits, breast_cancer, diabetes, iris, wine", show_default=False)
]
Bind = Annotated[str | None, typer.Option(help="x=data,t=onehot(target)")]
Params = Annotated[str, typer.Option(help="parameters beyond those that the file declares")]
Minimised = Annotated[str, typer.Option("--loss", help="the scalar to minimise; default: the last line")]
Standardise = Annotated[str | None, typer.Option(help="quantities to standardise with the training statistics")]
Validation = Annotated[
    str | None,
    typer.Option(help="fraction held out and measured after each epoch, or a data source of its own; default 0.2"),
]
Test = Annotated[
    str | None,
    typer.Option(help="fraction held out before and measured once, at the end, or a data source; default none"),
]
Rule = Annotated[str | None, typer.Option(help="sgd, momentum, adam or adamw; default adam")]
Rate = Annotated[float | None, typer.Option("--lr", help="learning rate")]
Number = Annotated[float | None, typer.Option()]
Epochs = Annotated[int, typer.Option(help="passes over the data, those of a resumed training included")]
Batch = Annotated[int | None, typer.Option(help="examples a step; 0 is all; default all up to 1024, else 64")]
Seed = Annotated[int | None, typer.Option(help="seed of the split, the order and the initial values; default 0")]
Initial = Annotated[str, typer.Option(help="glorot, he, zeros, normal(0.1)")]
Measure = Annotated[str | None, typer.Option(help="accuracy(y > 0.5, t), rmse(y, t) or none; default: from the target")]
ModelFile = Annotated[Path, typer.Option("--out", "-o", help="the model file")]
Log = Annotated[Path | None, typer.Option(help="write a JSON line an epoch")]
Curve = Annotated[Path | None, typer.Option(help="draw the loss to this picture")]
Resume = Annotated[bool, typer.Option("--resume", help="go on with the model file, bit for bit")]
CheckpointFolder = Annotated[
    Path | None,
    typer.Option("--checkpoints", help="a folder for checkpoints; a training goes on from the newest (xla)"),
]
CheckpointEvery = Annotated[int, typer.Option("--checkpoint-every", help="updates between two checkpoints")]
Distributed = Annotated[
    bool, typer.Option("--distributed", help="one of several processes under Slurm, MPI or Kubernetes")
]
StreamRows = Annotated[
    int | None, typer.Option("--stream", help="read Parquet or Arrow files in shuffled buffers of so many rows")
]
Factors = Annotated[
    Literal["float32", "bfloat16"],
    typer.Option("--factors", help="of sums of products on XLA: bfloat16 rounds them, and adds in float32"),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON lines")]


_NAMES = {"lr": "learning_rate", "out": "model", "as_json": "json"}
"""Parameters of the command that have another name among the options of a training."""


def train(
    context: typer.Context,
    file: File,
    size: Size,
    setting: Setting,
    data: Data,
    which: Which = None,
    bind: Bind = None,
    params: Params = "",
    loss: Minimised = "",
    standardise: Standardise = None,
    validation: Validation = None,
    test: Test = None,
    optimizer: Rule = None,
    lr: Rate = None,
    momentum: Number = None,
    weight_decay: Number = None,
    epochs: Epochs = 100,
    batch: Batch = None,
    seed: Seed = None,
    initial: Initial = "glorot",
    metric: Measure = None,
    out: ModelFile = Path("model.safetensors"),
    log: Log = None,
    curve: Curve = None,
    resume: Resume = False,
    as_json: Json = False,
    backend: Backend = "native",
    mesh: MeshText = None,
    shard: ShardText = None,
    checkpoints: CheckpointFolder = None,
    checkpoint_every: CheckpointEvery = 100,
    distributed: Distributed = False,
    stream: StreamRows = None,
    factors: Factors = "float32",
    no_cache: NoCache = False,
) -> None:
    """Train the parameters of a system that is written for one example."""
    from wengert.targets.base import mesh_target
    from wengert.train.joining import join
    from wengert.train.session import train as run

    keep_code(backend, not no_cache)
    if factors == "bfloat16":
        mesh_target(backend).factors_in(factors)
    sharding = sharding_in(mesh, shard)
    made = _task(file, which, params, setting, loss, backend, out if resume else None, sharding)
    warn(made)
    options = _options(context.params)
    if run(made, options, place=join(made, options, sharding, distributed)).interrupted:
        raise typer.Exit(130)


def _options(given: Mapping[str, Any]) -> Any:
    """What the user decides, from the parameters of the command."""
    from wengert.train.task import TrainOptions

    named = {_NAMES.get(name, name): value for name, value in given.items()}
    named["sizes"] = sizes_in(given["size"])
    if given["standardise"] is not None:
        named["standardise"] = tuple(names_in(given["standardise"]))
    return TrainOptions(**{field.name: named[field.name] for field in fields(TrainOptions)})


def _task(
    file: Path,
    which: int | None,
    params: str,
    setting: list[str],
    loss: str,
    backend: str,
    saved: Path | None,
    sharding: Any,
) -> Any:
    """The task of the equations; where a saved training goes on, with what it had."""
    from wengert.files import whole_document
    from wengert.train.checkpoint import load_model
    from wengert.train.equations import task, task_from

    text, name = (sys.stdin.read(), "") if str(file) == "-" else whole_document(file)
    document = (name, which or 0)
    named, constants = names_in(params), values_in(setting)
    if saved is not None:
        return task_from(load_model(saved), text, named, constants, loss or None, backend, document, sharding)
    return task(
        text,
        params=named,
        constants=constants,
        loss=loss or None,
        backend=backend,
        document=document,
        sharding=sharding,
    )


def launch(
    command: Annotated[list[str], typer.Argument(help="what each process runs: -- train FILE …", show_default=False)],
    processes: Annotated[int, typer.Option("--processes", min=1, help="how many")] = 2,
    restarts: Annotated[int, typer.Option("--restarts", min=0, help="so often all start again when one is gone")] = 0,
    patience: Annotated[int, typer.Option("--patience", min=1, help="seconds to wait for all to come")] = 120,
) -> None:
    """Train with several processes of this machine: wengert launch --processes 2 -- train FILE …"""
    from wengert.errors import TrainingError
    from wengert.train.launch import Launch

    if command[0] != "train":
        raise TrainingError(
            f"'{command[0]}' is not run by several processes.",
            f"  wengert launch -- {' '.join(command)[:80]}",
            "Write:  wengert launch --processes 2 -- train FILE …",
        )

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    status = Launch(processes, command, restarts, patience, say).run()
    if status:
        raise typer.Exit(status)


def predict(
    model: Annotated[Path, typer.Argument(help="a model file that train wrote", show_default=False)],
    data: Annotated[str, typer.Option(help="a CSV or npz file, or a named set", show_default=False)],
    bind: Annotated[str | None, typer.Option(help="replaces the binding of the training")] = None,
    quantities: Annotated[str, typer.Option(help="which quantities to compute; default: the prediction")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="write to .csv or .npz instead of printing CSV")
    ] = None,
) -> None:
    """Apply a saved model to new data."""
    from wengert.train.equations import task_from
    from wengert.train.prediction import PredictOptions, write_prediction
    from wengert.train.prediction import predict as run

    prediction = run(task_from, PredictOptions(model, data, bind, tuple(names_in(quantities))))
    write_prediction(prediction, sys.stdout if out is None else out)
    if prediction.metric is not None and prediction.value is not None:
        print(f"{prediction.metric.statement}: {prediction.value:.4f}", file=sys.stderr)

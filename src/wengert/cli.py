"""The command line: each command reads its arguments, calls the layers below, and prints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from wengert.errors import CheckError, WengertError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read, run and check the gradient of equations as a textbook writes them.",
)

File = Annotated[
    Path, typer.Argument(help="equations: plain text, LaTeX or Markdown; - reads standard input", show_default=False)
]
Wrt = Annotated[
    str,
    typer.Option(
        "--wrt", help="derivatives by these quantities: w,b or w^(1); default: the declared params, else every input"
    ),
]
Loss = Annotated[str, typer.Option("--loss", help="the scalar to differentiate; default: the last line")]
Size = Annotated[
    list[str],
    typer.Option(
        "--size", help="the size of a vector: h=32; may be repeated", default_factory=list, show_default=False
    ),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="print in ASCII where bars and Σ cannot be shown")]
Setting = Annotated[
    list[str],
    typer.Option("--set", help="a value: w=0.5, x=[1,2,3]; may be repeated", default_factory=list, show_default=False),
]
Form = Literal["index", "matrix", "elements"]


def main() -> None:
    """The entry point: mistakes of the user end with their three lines on standard error and status 2, failed checks with 1."""
    try:
        status = app(standalone_mode=False, prog_name="wengert")
        sys.stdout.flush()
        if isinstance(status, int) and status:  # what typer.Exit(status) said
            sys.exit(status)
    except CheckError as error:
        _fail(str(error), 1)
    except WengertError as error:
        _fail(str(error), 2)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        # What is still buffered cannot be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = f"The output cannot be written: {error.strerror}."
        _fail(f"{reason}\n  {error.filename or 'standard output'}\nFree some space, or write elsewhere.", 2)
    except typer.Exit as leave:
        sys.exit(leave.exit_code)
    except Exception as error:
        if type(error).__module__.startswith(("click", "typer")) and hasattr(error, "format_message"):
            _fail(_usage(error), 2)
        raise


def _usage(error: Any) -> str:
    """The three lines of a command that cannot be read: what is wrong, the command, where its options are listed."""
    command = getattr(getattr(error, "ctx", None), "command_path", "wengert")
    listed = "commands" if command == "wengert" else "options"
    typed = " ".join(["wengert", *sys.argv[1:]])
    shown = typed if len(typed) <= 100 else f"{typed[:99]}…"
    what = error.format_message()
    return f"{what if what.endswith(('.', '?')) else f'{what}.'}\n  {shown}\nSee the {listed}:  {command} --help"


def _fail(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(status)


@contextmanager
def _plain_output() -> Iterator[Callable[[str], None]]:
    """Prints; a terminal that cannot show a sign gets a question mark instead of an exception."""
    stream = sys.stdout
    if isinstance(stream, TextIOWrapper) and (stream.encoding or "").lower().replace("-", "") != "utf8":
        stream.reconfigure(errors="replace")
    yield lambda text: print(text, file=stream)


def _system(file: Path, loss: str = "") -> Any:
    from wengert.api import equations, equations_from_text

    system = equations_from_text(sys.stdin.read()) if str(file) == "-" else equations(file)
    return system.with_loss(loss) if loss else system


def names_in(text: str) -> list[str]:
    """The names of a list w,b,w^(1): commas outside brackets and braces separate."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def sizes_in(settings: list[str]) -> dict[str, int]:
    """Sizes from h=32.

    Raises WengertError where one is not NAME=NUMBER.
    """
    sizes: dict[str, int] = {}
    for setting in settings:
        name, sign, number = setting.rpartition("=")
        if not sign or not name.strip() or not number.strip().isdigit() or int(number) < 1:
            raise WengertError(
                f"'{setting}' does not state a size.", f"  --size {setting}", "Write, for example:  --size h=32"
            )
        sizes[name.strip()] = int(number)
    return sizes


def _dims(system: Any, settings: list[str]) -> dict[str, int]:
    """Numbers of named sizes from sizes of vectors or of index letters."""
    from wengert.ir.types import Dim

    result: dict[str, int] = {}
    for spelled, number in sizes_in(settings).items():
        letter = next((dim for dim, letters in system.data.class_letters.items() if spelled in letters), None)
        if letter is not None:
            result[letter.name] = number
            continue
        shape = system.data.quantities[system.name(spelled)].type.shape
        if len(shape) != 1 or not isinstance(shape[0], Dim):
            raise WengertError(
                f"'{spelled}' is not a vector whose size is open.",
                f"  --size {spelled}={number}",
                "Name a vector whose size is a letter.",
            )
        result[shape[0].name] = number
    return result


def _warn(system: Any) -> None:
    for warning in system.warnings:
        print(f"warning: {warning}", file=sys.stderr)


@app.command()
def derive(
    file: File,
    size: Size,
    wrt: Wrt = "",
    loss: Loss = "",
    form: Annotated[
        Form | None, typer.Option("--form", help="index letters, matrices, or entry by entry; default: as written")
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="explain every line")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="the calculus-class expansion beside it, with operation counts")
    ] = False,
    echo: Annotated[bool, typer.Option("--echo", help="first say how the system was read, with shapes")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="print LaTeX")] = False,
    unicode: Annotated[bool, typer.Option("--unicode", help="print Unicode text (the default)")] = False,
    ascii: Ascii = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    seed: Annotated[int, typer.Option(help="seed of the random points of the check")] = 0,
) -> None:
    """The backward pass of a system, one line a quantity, checked on the spot."""
    from wengert.derive import report
    from wengert.derive import steps as explanation

    formats = {"--latex": latex, "--unicode": unicode, "--ascii": ascii, "--json": as_json}
    chosen = [option for option, given in formats.items() if given]
    if len(chosen) > 1:
        raise WengertError(
            "The output has one form.", f"  {' and '.join(chosen)} exclude each other", "Choose one of them."
        )
    system = _system(file)
    derivation = system.backward(loss or None, names_in(wrt))
    if form:
        derivation = derivation.in_form(form)
    lines = derivation.lines(_dims(system, size))
    checked = derivation.check(seed)
    if as_json:
        content = report.derivation_json(derivation.data, lines, explanation.steps(derivation.data, derivation.form))
        content["checked"] = {
            "quantities": checked.quantities,
            "largest_relative_difference": checked.difference,
            "against": list(checked.routes),
        }
        print(json.dumps(content, ensure_ascii=False, indent=2))
        return
    _warn(system)
    with _plain_output() as out:
        if echo:
            out(report.echo_text(system.data, ascii=ascii, warnings=False) + "\n")
        if latex:
            out(report.derivation_latex(system.data, lines, ()))
            out(f"% {checked}")
            return
        if steps:
            out(
                report.steps_text(
                    derivation.data,
                    explanation.steps(derivation.data, derivation.form),
                    explanation.legend(derivation.data),
                    ascii=ascii,
                )
            )
        else:
            out(report.derivation_text(derivation.data, lines, derivation.form, ascii=ascii, shapes=echo))
            for line in explanation.legend(derivation.data):
                out(f"where {report.show_line(line, system.data, ascii=ascii)}")
        if compare:
            out("")
            out(derivation.compare(_dims(system, size)))
        out(str(checked))


@app.command()
def diff(
    old: File,
    new: File,
    wrt: Wrt = "",
    form: Annotated[Form | None, typer.Option("--form")] = None,
    ascii: Ascii = False,
) -> None:
    """Which lines of the backward pass change from one system to another, for example when the loss is swapped."""
    from wengert.derive.report import difference_text

    before, after = _system(old), _system(new)
    names = names_in(wrt)
    a, b = before.backward(wrt=names), after.backward(wrt=names)
    shown = b.in_form(form) if form else b
    with _plain_output() as out:
        out(difference_text(a.in_form(shown.form).difference(shown), after.data, ascii=ascii))


@app.command()
def trace(
    file: File,
    setting: Setting,
    size: Size,
    wrt: Wrt = "",
    loss: Loss = "",
    primitive: Annotated[
        bool, typer.Option("--primitive", help="every single operation, as in a textbook's table")
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="draw the values that are not set, with this seed")] = None,
    digits: Annotated[int, typer.Option(min=1, max=17, help="significant digits")] = 4,
    ascii: Ascii = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """The Wengert list with numbers: every value forward, every error signal backward, in order."""
    import shutil

    import numpy as np

    from wengert.show.table import render_text
    from wengert.show.trace import trace as run

    system = _system(file)
    derivation = system.backward(loss or None, names_in(wrt))
    fill = None if seed is None else np.random.default_rng(seed)
    table = run(
        system.data,
        derivation.data,
        values_in(setting),
        primitive=primitive,
        fill=fill,
        sizes=_dims(system, size),
        ascii=ascii,
    )
    if as_json:
        print(json.dumps(table.to_json(), ensure_ascii=False, indent=2))
        return
    _warn(system)
    with _plain_output() as out:
        out(render_text(table, shutil.get_terminal_size((80, 24)).columns, digits))


@app.command()
def draw(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="graph.svg, or graph.dot for graphviz", show_default=False)],
    wrt: Wrt = "",
    loss: Loss = "",
    forward: Annotated[bool, typer.Option("--forward", help="leave the error signals out")] = False,
) -> None:
    """The computation graph: forward edges and the error signals on the way back."""
    from wengert.show.svg import save

    if out.suffix.lower() not in (".svg", ".dot", ".gv"):
        raise WengertError(
            f"A graph cannot be written as '{out.suffix or out}'.", f"  {out}", "Name a file that ends in .svg or .dot."
        )
    system = _system(file)
    backward = None if forward else system.backward(loss or None, names_in(wrt)).data
    _warn(system)
    save(out, system.data, backward)


@app.command()
def train(
    file: File,
    size: Size,
    setting: Setting,
    data: Annotated[
        str, typer.Option(help="a CSV or npz file, or digits, breast_cancer, diabetes, iris, wine", show_default=False)
    ],
    bind: Annotated[str | None, typer.Option(help="x=data,t=onehot(target)")] = None,
    params: Annotated[str, typer.Option(help="parameters beyond those that the file declares")] = "",
    loss: Annotated[str, typer.Option("--loss", help="the scalar to minimise; default: the last line")] = "",
    standardise: Annotated[
        str | None, typer.Option(help="quantities to standardise with the training statistics")
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(help="fraction held out and measured after each epoch, or a data source of its own; default 0.2"),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(help="fraction held out before and measured once, at the end, or a data source; default none"),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, momentum, adam or adamw; default adam")] = None,
    lr: Annotated[float | None, typer.Option("--lr", help="learning rate")] = None,
    momentum: Annotated[float | None, typer.Option()] = None,
    weight_decay: Annotated[float | None, typer.Option()] = None,
    epochs: Annotated[int, typer.Option(help="passes over the data, those of a resumed training included")] = 100,
    batch: Annotated[
        int | None, typer.Option(help="examples a step; 0 is all; default all up to 1024, else 64")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="seed of the split, the order and the initial values; default 0")
    ] = None,
    initial: Annotated[str, typer.Option(help="glorot, he, zeros, normal(0.1)")] = "glorot",
    metric: Annotated[
        str | None, typer.Option(help="accuracy(y > 0.5, t), rmse(y, t) or none; default: from the target")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="the model file")] = Path("model.safetensors"),
    log: Annotated[Path | None, typer.Option(help="write a JSON line an epoch")] = None,
    curve: Annotated[Path | None, typer.Option(help="draw the loss to this picture")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the model file, bit for bit")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """Train the parameters of a system that is written for one example."""
    from wengert.api import read_text
    from wengert.train.checkpoint import load_model
    from wengert.train.equations import task, task_from
    from wengert.train.session import TrainOptions
    from wengert.train.session import train as run

    text = sys.stdin.read() if str(file) == "-" else read_text(file)
    named, constants = names_in(params), values_in(setting)
    if resume:
        made = task_from(load_model(out), text, named, constants, loss or None)
    else:
        made = task(text, params=named, constants=constants, loss=loss or None)
    _warn(made)
    options = TrainOptions(
        data=data,
        bind=bind,
        sizes=sizes_in(size),
        standardise=None if standardise is None else tuple(names_in(standardise)),
        validation=validation,
        test=test,
        optimizer=optimizer,
        learning_rate=lr,
        momentum=momentum,
        weight_decay=weight_decay,
        epochs=epochs,
        batch=batch,
        seed=seed,
        initial=initial,
        metric=metric,
        model=out,
        log=log,
        curve=curve,
        resume=resume,
        json=as_json,
    )
    if run(made, options).interrupted:
        raise typer.Exit(130)


@app.command()
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


def values_in(settings: list[str]) -> Mapping[str, Any]:
    """Values from w=0.5, x=[1,2,3]."""
    if not settings:
        return {}
    from wengert.show.settings import parse_setting

    values: dict[str, Any] = {}
    for setting in settings:
        name, value = parse_setting(setting)
        if name in values:
            raise WengertError(f"'{name}' is given twice.", f"  --set {setting}", "Leave one of the two out.")
        values[name] = value
    return values

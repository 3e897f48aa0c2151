"""The command line: each command reads its arguments, calls the layers below, and prints.

    wengert ──▶ derivation: derive, diff, trace, draw · emitting: emit · checking: check · stages: stages, targets
                training: train, launch, predict · board: board
    arguments: options that several have · language: in which language it is printed

In go words, out come text and a status: 1 where a check failed, 2 for a mistake of the user's. Read first this file, then `derivation.py`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

import wengert
from wengert.cli import board, checking, derivation, emitting, language, stages, training
from wengert.errors import CheckError, WengertError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"wengert {wengert.__version__}")
        raise typer.Exit


@app.callback()
def version(
    wanted: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="The version."),
    lang: language.Language = "",
) -> None:
    """Read, run and check the gradient of equations as a textbook writes them."""


for command in (
    derivation.derive,
    derivation.diff,
    derivation.trace,
    derivation.draw,
    emitting.emit,
    checking.check,
    stages.stages,
    stages.targets,
    training.train,
    training.launch,
    training.predict,
    board.board,
):
    app.command()(command)


def main() -> None:
    """The entry point: mistakes of the user end with their three lines on standard error and status 2, failed checks with 1."""
    try:
        language.begin()
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
    print(language.in_language(message), file=sys.stderr)
    sys.exit(status)

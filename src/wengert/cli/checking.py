"""The command that judges derivations made by hand. It reads arguments and prints."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wengert.cli.arguments import Ascii, plain_output
from wengert.cli.language import Language, in_language
from wengert.errors import EquationError, WengertError

if TYPE_CHECKING:
    from wengert.notes.claims.review import Review
    from wengert.programs.report import Report

Documents = Annotated[
    list[Path],
    typer.Argument(
        help="forward equations and a backward pass written by hand: Markdown, LaTeX, reStructuredText, a notebook or plain text; - reads standard input",
        show_default=False,
    ),
]


def check(
    files: Documents,
    ascii: Ascii = False,
    brief: Annotated[bool, typer.Option("--brief", help="only what is wrong or not read")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="status 1 also where something is open or not read")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON: of several files a list")] = False,
    run: Annotated[
        bool,
        typer.Option("--run", help="execute the code of each file, with limits, and judge its backward passes by that"),
    ] = False,
    shapes: Annotated[str, typer.Option("--shapes", help='with --run: what arguments are: "x=(4,3) y=int(4,)<3"')] = "",
    lang: Language = "",
) -> None:
    """Check derivations made by hand line by line: what holds, what does not and how it should be, what was not read.

    A line is open (?) where its sides differ as they are read, but nothing shows that the author is mistaken. The exit status is 0
    where lines were judged and none is wrong, 1 where one is wrong, with --strict also where one is open or not read, 2 where no line
    could be judged; of several files it is the greatest.
    """
    reports: list[_Report] = []
    for file in files:
        report = _run(file, shapes) if run else _report(file)
        reports.append(report)
        with plain_output() as out:
            if len(files) > 1 and not as_json:
                out(f"{file}:")
            if report.review is not None and not as_json:
                out(report.review.text(ascii=ascii, all_rows=not brief))
            if file.suffix == ".py" and not run and not as_json:
                out(
                    f"Nothing of the file was executed; this executes it, and judges every line:  wengert check --run {file}"
                )
        if report.error is not None:
            sys.stdout.flush()
            print(in_language(str(report.error)), file=sys.stderr)
    if as_json:
        data = [report.to_json() for report in reports]
        print(json.dumps(data if len(files) > 1 else data[0], ensure_ascii=False, indent=2))
    status = max(report.status(strict=strict) for report in reports)
    if status:
        raise typer.Exit(status)


@dataclass(frozen=True)
class _Report:
    """What was found in one file: a review, or why there is none that says anything."""

    file: Path
    review: Review | Report | None = None
    error: WengertError | None = None
    ran: bool = False

    def status(self, *, strict: bool) -> int:
        """The exit status for this file alone."""
        if self.error is not None or self.review is None:
            return 2
        if self.ran:
            return self.review.status  # type: ignore[union-attr]
        return int(not self.review.holds or (strict and any(map(self.review.count, ("open", "unread")))))  # type: ignore[union-attr]

    def to_json(self) -> dict[str, Any]:
        """The review as data, under the name of its file."""
        found = {} if self.review is None else self.review.to_json()
        return {"file": str(self.file), **found} | ({} if self.error is None else {"error": str(self.error)})


def _run(file: Path, shapes: str) -> _Report:
    """The report on the code of one file, which is executed."""
    from wengert.files import read_text
    from wengert.programs.process import run_file

    try:
        text = sys.stdin.read() if str(file) == "-" else read_text(file)
        if str(file) == "-":
            return _Report(file, run_file(text, "standard input.py", shapes), ran=True)
        return _Report(file, run_file(text, str(file), shapes, file=file), ran=True)
    except WengertError as error:
        return _Report(file, error=error)


def _report(file: Path) -> _Report:
    """The report on one document; what keeps it from being read is kept in it, so that other files are judged."""
    from wengert.files import files_beside, read_text
    from wengert.notes.claims.review import review, review_program
    from wengert.notes.manuscripts.overlooked import no_passes, nothing_read

    try:
        text = sys.stdin.read() if str(file) == "-" else read_text(file)
        if file.suffix == ".py":
            found = review_program(text)
        else:
            found = review(text, file.name, files_beside(file))
    except WengertError as error:
        return _Report(file, error=error)
    if not found.systems and not found.judged:
        return _Report(file, found, nothing_read(text, str(file)) if file.suffix != ".py" else no_passes(str(file)))
    if not found.judged:
        return _Report(file, found, _nothing_judged(found, file))
    return _Report(file, found)


def _nothing_judged(found: Review, file: Path) -> EquationError:
    """What to say of a document with forward equations of which no line is right or wrong."""
    where = f"  {file}"
    if found.rows:
        what = "None of the lines about derivatives in this document can be judged."
        return EquationError(what, where, "Change each as is said beside it.")
    what = "No line in this document says what a derivative is, so nothing was judged."
    return EquationError(what, where, "Write the backward pass below the equations:  w̄ = z̄ x")

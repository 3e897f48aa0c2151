"""The command `python -m benchmarks`: run rows, each in a process of its own, print the table, write it to a document."""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, report
from benchmarks.rows import BY_NAME, ROWS, Row

ROOT = Path(__file__).parents[1]


def run(row: Row, rounds: int, sample: float, limit: float, realtime: bool) -> report.Outcome:
    """The outcome of a row; a process that ends badly is an outcome too."""
    priority = "realtime" if realtime and row.threads > 1 else "normal"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcome.json"
        numbers = [str(rounds), str(sample), str(limit)]
        command = [sys.executable, "-m", "benchmarks.child", row.name, *numbers, priority, str(path)]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=machine.settings(row.threads, row.gpu),
            capture_output=True,
            text=True,
            check=False,
        )
        workload = row.build()
        if ended.returncode or not path.exists():
            said = ended.stderr.strip().splitlines()
            why = f"the process ended with {ended.returncode}: {said[-1] if said else ''}"
            found = {
                "title": workload.title,
                "unit": workload.unit,
                "samples": {},
                "absent": {},
                "failed": {"all": why},
            }
        else:
            found = json.loads(path.read_text(encoding="utf-8"))
        return report.outcome(row.name, row.threads, found, workload.reaches)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", default="", help="names of rows, separated by commas; default: all. See --list")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--rounds", type=int, default=21, help="samples of each contestant")
    parser.add_argument(
        "--quick", action="store_true", help="3 rounds of short samples: does everything run and agree?"
    )
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="rows of two threads run before all other processes: for a busy machine; needs the privilege",
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table to a Markdown document")
    return parser.parse_args()


def chosen(names: str) -> list[Row]:
    """The rows of these names, or of names that begin so; all where none is given."""
    parts = [part for part in names.split(",") if part]
    unknown = [part for part in parts if not any(name.startswith(part) for name in BY_NAME)]
    if unknown:
        sys.exit(f"There is no row '{unknown[0]}'. The rows are {', '.join(BY_NAME)}.")
    return [row for row in ROWS if not parts or any(row.name.startswith(part) for part in parts)]


def main() -> int:
    """1 where a contestant failed or gave wrong results, else 0; that a reach is missed is no failure."""
    given = arguments()
    if given.list:
        print("\n".join(BY_NAME))
        return 0
    rounds, sample, limit = (3, 0.002, 20.0) if given.quick else (given.rounds, 0.02, 90.0)
    about, load = machine.description(), machine.load()
    print("; ".join(f"{name} {value}" for name, value in about.items()), flush=True)
    outcomes = []
    for row in chosen(given.rows):
        outcomes.append(run(row, rounds, sample, limit, given.realtime))
        print("\n" + report.terminal(outcomes[-1]), flush=True)
    if given.write:
        date = datetime.datetime.now(datetime.UTC).date().isoformat()
        made = report.Run(date, rounds, (load, machine.load()), given.realtime, given.rows)
        given.write.write_text(report.document(outcomes, about, made), encoding="utf-8")
    return int(any(found.failed for found in outcomes))


if __name__ == "__main__":
    sys.exit(main())

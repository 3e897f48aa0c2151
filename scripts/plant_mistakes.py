"""Every mistake of every kind in every line of the corpus: how often it is flagged where it stands, named right and corrected.

python -m scripts.plant_mistakes [text,latex] [keys] [-v]

Prints the kinds that were planted against those that were named, whatever was not flagged at its line and only there, and corrected
lines that do not hold. With -v also every mistake that got another name.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.derive.mistakes import KINDS
from tests.derive.plantings import Document, Planting, document, documents


def main() -> None:
    """Plant, judge and print."""
    syntaxes = sys.argv[1].split(",") if len(sys.argv) > 1 else ["text", "latex"]
    keys = [key for argument in sys.argv[2:3] for key in argument.split(",") if key and not key.startswith("-")]
    named = {kind: Counter[str]() for kind in KINDS}
    counts = Counter[str]()
    start = time.perf_counter()
    for key, syntax in documents():
        if syntax in syntaxes and (not keys or key in keys):
            entry = document(key, syntax)
            for planting in entry.plantings():
                judge(entry, planting, named, counts)
    for kind, names in named.items():
        total = names.total()
        print(f"{kind:24}{names[kind]:6} of {total:5} {100 * names[kind] / max(total, 1):4.0f} %  {dict(names)}")
    print(f"{dict(counts)} in {time.perf_counter() - start:.0f} s")


def judge(entry: Document, planting: Planting, named: dict[str, Counter[str]], counts: Counter[str]) -> None:
    """Count what is said of one mistake."""
    here = f"{entry.key} {entry.syntax}: {entry.line(entry.claims[planting.place])}  ->  {planting.text}"
    found = entry.flagged({planting.place: planting.text})
    if [row.line for row in found] != [entry.row(planting.place)]:
        counts["not flagged there only"] += 1
        print(f"FLAGGED {[(row.line, row.status, row.text) for row in found]}  {planting.kind}  {here}", flush=True)
        return
    row = found[0]
    said = row.kind if row.status == "wrong" else row.status
    named[planting.kind][said or "none"] += 1
    if said != planting.kind and "-v" in sys.argv:
        print(f"NAMED {said or 'none'} for {planting.kind}  {here}  |  {row.corrected}", flush=True)
    if row.corrected:
        counts["corrected"] += 1
        if entry.syntax == "text" and entry.flagged({planting.place: row.corrected}):
            counts["corrected wrongly"] += 1
            print(f"CORRECTED {row.corrected}  {here}", flush=True)
    elif row.status == "wrong":
        counts["not corrected"] += 1
        if "-v" in sys.argv:
            print(f"UNCORRECTED {here}", flush=True)


if __name__ == "__main__":
    main()

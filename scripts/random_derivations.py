"""Derivations of random systems, which are right, rewritten line by line: none may be flagged.

python -m scripts.random_derivations [systems, by default 2000] [seed]

Prints every document with a false alarm, then how many systems and lines were judged.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.derive.random_derivations import drawn_document
from tests.derive.random_systems import systems
from wengert.notes.claims.review import review


def main() -> None:
    """Draw, derive, rewrite and judge."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    start = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    rng, counts, began = np.random.default_rng(start), Counter[str](), time.perf_counter()

    @seed(start)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(systems())
    def run(text: str) -> None:
        document = drawn_document(text, rng)
        found = review(document)
        counts["systems"] += 1
        counts["lines that hold"] += found.count("holds")
        alarms = [row for row in found.rows if row.status in ("wrong", "unread")]
        if alarms or not found.count("holds"):
            counts["systems with alarms"] += 1
            print(
                document,
                *(f"  >> {row.line} {row.status} {row.text} {row.details} {row.note}" for row in alarms),
                sep="\n",
                flush=True,
            )

    run()
    print(f"{dict(counts)} in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()

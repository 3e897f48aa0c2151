"""Random documents for the judge of derivations: whatever the text is, only EquationError may leave `review`.

python scripts/fuzz_claims.py [documents, by default a million] [--lines] [--seed 0] [--processes 1] [--first 0]
                              [--failures fuzz_claims_failures]

Documents are the corpus in text, LaTeX and Python, the lecture's notes, the derivations of the tests and those of courses and
engineers, with parts cut, repeated, exchanged and replaced, and random signs; with `--lines` single lines of all these, changed so. They
come in blocks of a thousand, each the same whenever it is made; `--first` goes on with a later block. Prints after each block how
many documents there were, how many a second of one processor, the median, the 99th percentile and the longest time in milliseconds,
and how many failed. Each text that fails is kept in a file of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType

from wengert.errors import EquationError
from wengert.notes.claims.review import review

TESTS = Path(__file__).parents[1] / "tests"
FENCE = re.compile(r"```(text|latex)\n(.*?)```", re.DOTALL)
CODE = re.compile(r"```python\n.*?```", re.DOTALL)
QUOTED = re.compile(r'r?"""(.*?)"""', re.DOTALL)
PATIENCE = 30
"""Seconds of processor time after which one document counts as a failure."""
BLOCK = 1000
"""So many documents are made from one seed."""
SIGNS = [
    *"abcijkLWXyzw0123=+-*/(){}[]|_^,;: \n\\&$%ΣΠ√∂∇½²ᵀ⁽¹⁾ᵢ‖∘·∈ℝσλδ\u0304\0",
    *(
        r"\bar ",
        r"\frac{",
        r"\sum_",
        "$$",
        r"\begin{align}",
        r"\end{align}",
        r"\\",
        "+=",
        "ȳ",
        "z̄",
        "∂L/∂w",
        "dW",
        "∇_W L",
    ),
    *(
        "Σ_i ",
        "⁻¹",
        "ᵀ",
        "{ a if b; c otherwise }",
        "1/N ",
        "log ",
        "softmax(",
        "assume ",
        "x_{t-1}",
        "argmax_k ",
        "\n---\n",
    ),
    *(
        "```python\n",
        "```\n",
        ".T",
        " @ ",
        "np.sum(",
        ", axis=0)",
        "[:, None]",
        "def ",
        "return ",
        "for t in range(T):\n    ",
    ),
]


class TooLong(BaseException):
    """A document took longer than PATIENCE."""


def documents() -> list[str]:
    """What is mutated: entries of the corpus, the notes of the lecture in parts, derivations and code as people write them."""
    corpus = (TESTS / "data" / "equations.md").read_text(encoding="utf-8")
    found = [text.replace("%---", "").replace("\n---\n", "\n\n") for _, text in FENCE.findall(corpus)]
    found += [f"$${text}$$" for kind, text in FENCE.findall(corpus) if kind == "latex"]
    notes = (TESTS / "data" / "lecture_notes.txt").read_text(encoding="utf-8")
    found += [notes, *(notes[k : k + 1500] for k in range(0, len(notes), 1500))]
    found += QUOTED.findall((TESTS / "derive" / "derivations.py").read_text(encoding="utf-8"))
    found += CODE.findall(corpus)
    for folder in ("courses", "engineering", "numpy"):
        found += [path.read_text(encoding="utf-8") for path in sorted((TESTS / "data" / folder).iterdir())]
    return found


def cut(text: str, rng: random.Random) -> tuple[int, int]:
    """A short part of a text."""
    start = rng.randrange(len(text) + 1)
    return start, min(len(text), start + rng.choice((0, 1, 1, 2, 5, 20)))


def replaced(text: str, other: str, rng: random.Random) -> str:
    start, end = cut(text, rng)
    return text[:start] + rng.choice(SIGNS) + text[end:]


def spliced(text: str, other: str, rng: random.Random) -> str:
    (start, end), (first, last) = cut(text, rng), cut(other, rng)
    return text[:start] + other[first : last + rng.randrange(60)] + text[end:]


def repeated(text: str, other: str, rng: random.Random) -> str:
    start, end = cut(text, rng)
    return text[:end] + text[start:end] * rng.choice((1, 2, 30)) + text[end:]


def without_line(text: str, other: str, rng: random.Random) -> str:
    lines = text.split("\n")
    del lines[rng.randrange(len(lines))]
    return "\n".join(lines)


def exchanged(text: str, other: str, rng: random.Random) -> str:
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def joined(text: str, other: str, rng: random.Random) -> str:
    return text + "\n" + other


def noise(text: str, other: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)] + "".join(rng.choices(SIGNS, k=rng.randrange(1, 40)))


CHANGES: tuple[Callable[[str, str, random.Random], str], ...] = (
    replaced, replaced, replaced, spliced, repeated, without_line, exchanged, joined, noise,
)  # fmt: skip


def mutated(seed: int | str, *, lines: bool = False) -> Iterator[str]:
    """Documents without end; of single lines, which are many in a short time, or of all sizes."""
    rng = random.Random(seed)
    texts = documents()
    if lines:
        texts = [line for text in texts for line in text.split("\n") if line.strip()]
    while True:
        text = rng.choice(texts)
        for _ in range(rng.choice((1, 1, 2, 3, 8))):
            text = rng.choice(CHANGES)(text, rng.choice(texts), rng)
        yield text[:8000]


def problem(text: str) -> str:
    """What is wrong with how a document is judged; "" if nothing is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        found = review(text)
        found.text()
        found.to_json()
    except EquationError as error:
        return "" if error.what and error.repair else f"an error without repair: {error}"
    except TooLong:
        return f"longer than {PATIENCE} seconds"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return ""


@dataclass
class Found:
    """What the documents of one block took and which failed: the number, what is wrong and the text of each."""

    block: int
    times: list[float] = field(default_factory=list[float])
    failures: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])


def judged(block: int, seed: int, documents: int, lines: bool) -> Found:
    """The documents of one block, up to `documents` in all blocks."""
    found = Found(block)
    for number, text in enumerate(
        islice(mutated(f"{seed} {block}", lines=lines), min(BLOCK, documents - block * BLOCK))
    ):
        before = time.process_time()
        wrong = problem(text)
        found.times.append(time.process_time() - before)
        if wrong:
            found.failures.append((number, wrong, text))
    return found


def in_blocks(blocks: range, seed: int, documents: int, processes: int, lines: bool) -> Iterator[Found]:
    """What was found in each block, in their order."""
    work = partial(judged, seed=seed, documents=documents, lines=lines)
    if processes == 1:
        yield from map(work, blocks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(work, blocks)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the block to begin with")
    parser.add_argument("--lines", action="store_true", help="mutate single lines, not whole documents")
    parser.add_argument(
        "--failures", type=Path, default=Path("fuzz_claims_failures"), help="where failing texts are kept"
    )
    given = parser.parse_args()
    times: list[float] = []
    failures = 0
    blocks = range(given.first, -(-given.documents // BLOCK))
    for found in in_blocks(blocks, given.seed, given.documents, given.processes, given.lines):
        times += found.times
        failures += len(found.failures)
        for number, wrong, text in found.failures:
            given.failures.mkdir(exist_ok=True)
            path = given.failures / f"{given.seed}-{found.block}-{number}.txt"
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            print(f"{path}: {wrong}")
        times.sort()
        p50, p99, longest = (1000 * times[int(part * (len(times) - 1))] for part in (0.5, 0.99, 1.0))
        print(
            f"block {found.block}: {len(times):,} documents, {len(times) / sum(times):.0f} a second, "
            f"{p50:.1f} / {p99:.0f} / {longest:.0f} ms, {failures} failures",
            flush=True,
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

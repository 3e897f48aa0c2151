"""Random documents for the judge of derivations: whatever the text is, only EquationError may leave `review`.

python scripts/fuzz_claims.py [documents, by default a million] [seed]

Documents are the corpus, the lecture's notes and derivations of the tests with parts cut, repeated, exchanged and replaced, and random
signs. Prints the rate and the longest time; a text that fails is written to fuzz_claims_failure.txt.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from wengert.derive.claim_report import review
from wengert.errors import EquationError

TESTS = Path(__file__).parents[1] / "tests"
FENCE = re.compile(r"```(text|latex)\n(.*?)```", re.DOTALL)
QUOTED = re.compile(r'r?"""(.*?)"""', re.DOTALL)
PATIENCE = 30
"""Seconds after which one document counts as a failure."""
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
]


class TooLong(BaseException):
    """A document took longer than PATIENCE."""


def documents() -> list[str]:
    """What is mutated: entries of the corpus, the notes of the lecture in parts, derivations as people write them."""
    corpus = (TESTS / "data" / "equations.md").read_text(encoding="utf-8")
    found = [text.replace("%---", "").replace("\n---\n", "\n\n") for _, text in FENCE.findall(corpus)]
    found += [f"$${text}$$" for kind, text in FENCE.findall(corpus) if kind == "latex"]
    notes = (TESTS / "data" / "lecture_notes.txt").read_text(encoding="utf-8")
    found += [notes, *(notes[k : k + 1500] for k in range(0, len(notes), 1500))]
    found += QUOTED.findall((TESTS / "derive" / "derivations.py").read_text(encoding="utf-8"))
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


def mutated(seed: int) -> Iterator[str]:
    """Documents without end."""
    rng = random.Random(seed)
    texts = documents()
    while True:
        text = rng.choice(texts)
        for _ in range(rng.choice((1, 1, 2, 3, 8))):
            text = rng.choice(CHANGES)(text, rng.choice(texts), rng)
        yield text[:8000]


def problem(text: str) -> str:
    """What is wrong with how a document is judged; "" if nothing is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
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
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return ""


def main() -> int:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    began, longest, failures = time.process_time(), 0.0, 0
    for number, text in zip(range(1, total + 1), mutated(seed), strict=False):
        before = time.process_time()
        found = problem(text)
        longest = max(longest, time.process_time() - before)
        if found:
            failures += 1
            print(f"document {number}: {found}")
            Path("fuzz_claims_failure.txt").write_text(text, encoding="utf-8", errors="surrogateescape")
        if number % 1000 == 0 or number == total:
            rate = number / (time.process_time() - began)
            print(
                f"{number:,} documents, {rate:.0f} a second, longest {longest:.2f} s, {failures} failures", flush=True
            )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

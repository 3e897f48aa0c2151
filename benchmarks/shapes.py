"""Products of every shape: `python -m benchmarks.shapes --count 120` compares `a @ b` with NumPy over m, n and k from 1 to 4096.

Shapes are drawn so that the logarithms of their sizes are even, a third of them one above or below a power of two. Both are timed in
turn, by the processor time of one thread; a ratio is the median of those of the rounds. A cliff would be a shape whose ratio is far from those of its
neighbours.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import time
from collections.abc import Callable

LARGEST, MOST_WORK = 4096, 4e8
BANDS = (1, 8, 64, 512, LARGEST + 1)
ROUNDS, SAMPLE = 7, 0.004

Shape = tuple[int, int, int]


def shapes(count: int, seed: int = 0) -> list[Shape]:
    """(m, k, n) of products of no more multiplications than take some ten milliseconds."""
    import numpy as np

    random = np.random.default_rng(seed)
    found: list[Shape] = []
    while len(found) < count:
        sizes = np.exp(random.uniform(0, math.log(LARGEST), size=3)).round().astype(int)
        if len(found) % 3 == 0:
            sizes = 2 ** np.log2(sizes).round().astype(int) + random.integers(-1, 2, size=3)
        m, k, n = (int(min(max(size, 1), LARGEST)) for size in sizes)
        if m * k * n <= MOST_WORK:
            found.append((m, k, n))
    return found


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Of one call, by processor time."""
    begin = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - begin) / repeats


def ratio(shape: Shape) -> tuple[float, float]:
    """(our time over NumPy's, billions of operations a second of ours)."""
    import numpy as np

    import wengert as wg

    m, k, n = shape
    random = np.random.default_rng(1)
    a, b = (random.normal(size=size).astype(np.float32) for size in ((m, k), (k, n)))
    made, out = wg.compile(lambda a, b: a @ b, cache=False), np.empty((m, n), np.float32)
    np.testing.assert_allclose(made(a, b), a @ b, rtol=1e-3, atol=1e-4 * math.sqrt(k))
    ours, theirs = (lambda: made(a, b, out=out)), (lambda: np.matmul(a, b, out=out))
    repeats = max(1, int(SAMPLE / max(seconds(theirs, 3), 1e-7)))
    pairs = [(seconds(ours, repeats), seconds(theirs, repeats)) for _ in range(ROUNDS)]
    best = min(mine for mine, _ in pairs)
    return float(np.median([mine / other for mine, other in pairs])), 2e-9 * m * k * n / best


def band(size: int) -> str:
    """1–7, 8–63 and so on."""
    low, high = next((low, high) for low, high in itertools.pairwise(BANDS) if low <= size < high)
    return f"{low}–{high - 1}"


def table(found: dict[Shape, tuple[float, float]]) -> str:
    """The least, middle and largest ratio by the smallest of m, k and n, and the shapes that are furthest behind."""
    lines = ["| smallest of m, k, n | shapes | least | median | largest |", "|---|---|---|---|---|"]
    groups: dict[str, list[float]] = {}
    for shape, (each, _) in sorted(found.items(), key=lambda item: min(item[0])):
        groups.setdefault(band(min(shape)), []).append(each)
    for name, ratios in groups.items():
        ratios.sort()
        middle = ratios[len(ratios) // 2]
        lines.append(f"| {name} | {len(ratios)} | {ratios[0]:.2f} | {middle:.2f} | {ratios[-1]:.2f} |")
    lines += ["", "| m × k × n, furthest behind | times NumPy's time | billion operations a second |", "|---|---|---|"]
    for shape, (each, speed) in sorted(found.items(), key=lambda item: -item[1][0])[:8]:
        lines.append(f"| {' × '.join(map(str, shape))} | {each:.2f} | {speed:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=120)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    count: int = parser.parse_args().count
    import wengert as wg

    wg.set_threads(1)
    print(table({shape: ratio(shape) for shape in shapes(count)}))


if __name__ == "__main__":
    main()

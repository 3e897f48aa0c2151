"""How scripts/test shares the tests out to processes: a file, or a run of thirty tests of a long one, goes to one process.

Neighbours share what they set up (a document that is judged, a program that is compiled), and a process is asked a thousand times, not
sixteen thousand. (The marks of pytest-xdist for this, `xdist_group`, do nothing under pytest 9.2, which names tests in a new way.)
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

LONGEST = 30
"""So many tests of a file stay together."""

WHOLE = {
    "tests/test_demo.py": "trains the models of the demo once",
    "tests/derive/test_mistakes.py": "judges every planted mistake once",
    "tests/test_imports.py": "reads all sources once",
    "tests/test_without_scipy.py": "starts one process without SciPy",
}
"""Files that one process runs whatever their length, and first, since they take longest."""


def units(names: list[str]) -> dict[str, str]:
    """Which unit each test belongs to."""
    seen: Counter[str] = Counter()
    unit_of: dict[str, str] = {}
    for name in names:
        file = name.split("::", 1)[0]
        unit_of[name] = file if file in WHOLE else f"{file} {seen[file] // LONGEST}"
        seen[file] += 1
    return unit_of


@pytest.hookimpl(optionalhook=True)  # which only pytest-xdist knows
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        """`loadscope` with units of our own."""

        unit_of: dict[str, str]

        def schedule(self) -> None:
            if self.collection is None:
                self.unit_of = units(next(iter(self.registered_collections.values())))
            super().schedule()
            for file in WHOLE:
                if file in self.workqueue:
                    self.workqueue.move_to_end(file, last=False)

        def _split_scope(self, nodeid: str) -> str:
            return self.unit_of[nodeid]

    config.option.loadscopereorder = False
    return Units(config, log)

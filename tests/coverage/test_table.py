"""docs/coverage.md is what the samples say."""

from __future__ import annotations

from scripts.coverage_table import TARGET, table
from tests.coverage.samples import every_sample


def test_the_table_of_functions_is_current():
    assert TARGET.read_text(encoding="utf-8") == table(every_sample()), "run:  python -m scripts.coverage_table"

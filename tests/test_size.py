"""scripts/size: what it counts in a small tree, and that the package itself can be counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.size import LONG_FILE, LONG_FUNCTION, report, sizes

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path):
    """Two packages, one of them of the core, and what each count is about."""
    texts = {
        "__init__.py": '"""A\n\npage\nof\nfive."""\n',
        "core/ir/__init__.py": '"""A sentence."""\n',
        "core/ir/op.py": "from typing import Any\nclass Op:\n    value: dict[str, Any]\n    name: str\nclass Rule: ...\n",
        "core/passes/rules.py": "class Rule:\n    def is_exp(self, node):\n        return node.op.name == 'exp' or op.name in NAMES\n",
        "core/ops/all.py": "x = node.op.name == 'exp'\n",
        "cli/run.py": "def main():\n    from wengert.targets import native\n" + "    a = 1\n" * LONG_FUNCTION,
        "targets/base.py": "from wengert.targets import native\n",
        "notes/show/long.py": "x = 1\n" * (LONG_FILE + 1),
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_each_count_has_its_places(tree):
    found = sizes(tree)
    assert (found.lines["core/ir"], found.files["core/ir"], found.lines["notes/show"]) == (6, 2, LONG_FILE + 1)
    assert found.long_files == [f"notes/show/long.py {LONG_FILE + 1}"]
    assert found.long_functions == [f"cli/run.py:1 main {LONG_FUNCTION + 2}"]
    assert found.repeated == {"Rule": ["core/ir/op.py:5", "core/passes/rules.py:1"]}
    assert found.op_names == ["core/passes/rules.py:3", "core/passes/rules.py:3"]
    assert found.native_imports == ["cli/run.py:2"]
    assert found.any_fields == ["core/ir/op.py:3"]
    assert found.pageless == ["core/ir"]
    assert found.complex["core/passes"] == (2, "core/passes/rules.py:2 is_exp")


def test_it_prints_what_it_counts_and_refuses_nothing(tree):
    run = subprocess.run(
        [sys.executable, "-m", "scripts.size", str(tree)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == report(sizes(tree)) + "\n"
    assert "class names in several places: 1\n  Rule 2" in run.stdout


@pytest.fixture(scope="module")
def own():
    """The sizes of the package."""
    return sizes(ROOT / "src" / "wengert")


def test_no_field_of_the_core_is_of_any_type(own):
    assert own.any_fields == []


def test_every_package_begins_with_its_page(own):
    assert own.pageless == []

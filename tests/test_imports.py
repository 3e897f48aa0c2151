"""The layers: imports go one way, heavy ones wait for their use, and nothing runs text or unpickles."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wengert

ROOT = Path(wengert.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
ORDER = (
    {"cells"},
    {"errors"},
    {"atomic", "memory"},
    {"ir"},
    {"ops"},
    {"autodiff", "tracing", "notation", "passes", "loops"},
    {"elaboration"},
    {"derive", "manuscripts", "backends", "emit"},
    {"claims", "show", "engine"},
    {"api", "compilation", "numpy", "scipy", "transforms"},
    {"flow", "extend", "autograd"},
    {"train"},
    {"cli"},
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The layers that a file imports, also inside functions; `import wengert` itself counts as the layer api."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module] if node.module != "wengert" else [f"wengert.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
            continue
        for name in names:
            if name == "wengert" or name.startswith("wengert."):
                part = name.split(".")[1] if "." in name else "api"
                found.add(part if part in RANK else "api")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path):
    here = layer(path)
    if here == "__init__":
        return
    assert here in RANK, f"{path} lies in no layer of the design"
    for other in imported(path) - {here}:
        assert RANK[other] < RANK[here], f"{here} imports {other}, which lies beside or above it"


def test_every_layer_has_its_rank():
    assert {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"} <= set(RANK)


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def test_llvmlite_and_jax_have_one_home():
    for path in FILES:
        for name in imports_of(path):
            if name.split(".")[0] == "llvmlite":
                assert path.is_relative_to(ROOT / "backends" / "native")
            if name.split(".")[0] == "jax":
                assert path.is_relative_to(ROOT / "backends" / "xla")


def called(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {f.id for f in calls if isinstance(f, ast.Name)} | {f.attr for f in calls if isinstance(f, ast.Attribute)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_runs_text_or_unpickles(path):
    assert not called(path) & {"eval", "exec", "sympify", "literal_eval"}
    assert not {name.split(".")[0] for name in imports_of(path)} & {"pickle", "marshal", "shelve", "dill", "yaml"}
    assert not re.search(r"allow_pickle\s*=\s*True", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_left_for_later(path):
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert not marks.search(path.read_text(encoding="utf-8"))


def test_the_graph_imports_nothing_heavy():
    script = (
        "import sys, wengert.ir.graph, wengert.ir.walk, wengert.ir.verify\n"
        "print([m for m in ('scipy', 'llvmlite', 'jax', 'rich', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

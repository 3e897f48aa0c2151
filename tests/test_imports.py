"""The layers: imports go one way, heavy ones wait for their use, and nothing runs text or unpickles."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

import wengert
from wengert.functions.tracing.composed import CHAPTERS
from wengert.functions.tracing.tracer import FUNCTIONS

ROOT = Path(wengert.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FLOORS = {"core", "functions", "notes"}
"""The folders of packages of one subject."""
ORDER = (
    # below all floors
    {"cells"},
    {"errors"},
    {"atomic", "memory", "regex"},
    # core: the mathematics
    {"core/ir"},
    {"core/ops"},
    {"core/autodiff", "core/passes"},
    # notes: equations in; and targets: where graphs run
    {"notes/notation", "targets"},
    {"notes/elaboration"},
    {"notes/reading"},
    {"notes/derive", "notes/manuscripts"},
    {"notes/claims", "notes/show"},
    # functions: NumPy code in
    {"functions/tracing"},
    {"functions/namespaces"},
    {"functions/run"},
    {"functions/transforms"},
    # the faces
    {"files"},
    {"flow"},
    {"api", "numpy", "scipy", "emitting"},
    {"extend", "autograd", "emission", "optim"},
    # applications
    {"programs"},
    {"train", "languages"},
    {"blackboard"},
    {"cli"},
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
BELOW = {"core": set[str](), "notes": {"core"}, "targets": {"core"}, "functions": {"core", "targets"}}
"""For each floor the floors that it may import: equations and functions never meet below the faces."""


def layer(path: Path) -> str:
    """The package of a file, with its floor: core/ops; a module beside the packages by its name."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if len(parts) > 2 and parts[0] in FLOORS else parts[0].removesuffix(".py")


LAYERS = sorted({layer(path) for path in FILES} - FLOORS)


@functools.cache
def read(path: Path) -> tuple[list[ast.Import | ast.ImportFrom], set[str]]:
    """The imports of a file, and the names of what it calls."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    names = {f.id for f in calls if isinstance(f, ast.Name)} | {f.attr for f in calls if isinstance(f, ast.Attribute)}
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)], names


def faults(name: str, wrong: Callable[[Path], list[str]]) -> dict[str, list[str]]:
    """What is wrong with the files of a layer, by file."""
    found = {str(path.relative_to(ROOT)): wrong(path) for path in FILES if layer(path) == name}
    return {path: each for path, each in found.items() if each}


def imported(path: Path) -> set[str]:
    """The layers that a file imports, also inside functions; `import wengert` itself counts as the layer api."""
    found: set[str] = set()
    for node in read(path)[0]:
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""] if node.module != "wengert" else [f"wengert.{a.name}" for a in node.names]
        for name in names:
            if name == "wengert" or name.startswith("wengert."):
                _, *parts = name.split(".")
                if parts and parts[0] in FLOORS and len(parts) < 2:
                    assert isinstance(node, ast.ImportFrom), f"{path}: import the package, not its floor"
                    found |= {f"{parts[0]}/{a.name}" for a in node.names}
                else:
                    part = "/".join(parts[: 2 if parts and parts[0] in FLOORS else 1])
                    found.add(part if part in RANK else "api")
    return found


@pytest.mark.parametrize("here", [name for name in LAYERS if name != "__init__"])
def test_imports_go_one_way(here):
    assert here in RANK, f"{here} is no layer of the design"
    beside_or_above = faults(here, lambda path: sorted(k for k in imported(path) - {here} if RANK[k] >= RANK[here]))
    assert beside_or_above == {}


@pytest.mark.parametrize("floor", BELOW)
def test_a_floor_imports_only_the_floors_below_it(floor):
    def wrong(path: Path) -> list[str]:
        floors = {name.split("/")[0] for name in imported(path)} & (FLOORS | {"targets"})
        return sorted(floors - BELOW[floor] - {floor})

    inside = [name for name in LAYERS if name.split("/")[0] == floor]
    assert inside
    assert {path: each for name in inside for path, each in faults(name, wrong).items()} == {}


def test_every_layer_has_its_rank():
    folders = [*ROOT.iterdir(), *(p for floor in FLOORS for p in (ROOT / floor).iterdir())]
    packages = {str(p.relative_to(ROOT)) for p in folders if p.is_dir() and p.name != "__pycache__"}
    assert packages - FLOORS <= set(RANK)


def imports_of(path: Path) -> set[str]:
    nodes, _ = read(path)
    names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    return names | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_llvmlite_and_jax_have_one_home():
    for path in FILES:
        for name in imports_of(path):
            if name.split(".")[0] == "llvmlite":
                assert path.is_relative_to(ROOT / "targets" / "native")
            if name.split(".")[0] == "jax":
                assert path.is_relative_to(ROOT / "targets" / "xla")


SEAM = (
    {"mesh", "parameters", "ready"},
    {"base"},
    {"interpreter", "native", "xla"},
    {"partition"},
    {"collectives", "compiled", "lettered", "stages", "table"},
)
"""The modules of targets: the seam knows no target, and what cuts graphs and chooses code stands above all of them."""
SEAM_RANK = {name: rank for rank, names in enumerate(SEAM) for name in names}


def inside_targets(path: Path) -> set[str]:
    """The modules of targets that a file imports, also inside functions and by `import_module`."""
    nodes, _ = read(path)
    whole = {name for name in imports_of(path) if name.startswith("wengert.targets.")}
    whole |= {
        f"wengert.targets.{a.name}" for n in nodes for a in n.names if getattr(n, "module", "") == "wengert.targets"
    }
    whole |= set(re.findall(r"import_module\(f?\"(wengert\.targets\.\w+)", path.read_text(encoding="utf-8")))
    return {name.split(".")[2] for name in whole}


@pytest.mark.parametrize("package", ["native", "xla"])
def test_a_package_of_a_target_is_named_by_the_seam_alone(package):
    naming = {str(path.relative_to(ROOT)) for path in FILES if package in inside_targets(path)}
    assert {path for path in naming if not path.startswith(f"targets/{package}/")} == {"targets/base.py"}


def test_the_modules_of_targets_import_one_way():
    """But the seam's two look-ups of a target by its name, inside functions."""
    for path in (path for path in FILES if layer(path) == "targets"):
        here = path.relative_to(ROOT / "targets").parts[0].removesuffix(".py")
        if here in ("__init__", "base"):
            continue
        above = {name for name in inside_targets(path) - {here} if SEAM_RANK[name] >= SEAM_RANK[here]}
        assert above == set(), path
    assert {path.name.removesuffix(".py") for path in (ROOT / "targets").iterdir()} - {
        "__init__",
        "__pycache__",
    } == set(SEAM_RANK)


COMPOSED = sorted((ROOT / "functions/tracing/composed").glob("[a-z]*.py"))


@pytest.mark.parametrize("path", COMPOSED, ids=lambda path: path.stem)
def test_what_is_written_in_numpy_knows_no_graph(path):
    assert {name for name in imports_of(path) if name.startswith(("wengert.core", "wengert.targets"))} == set()
    read_of_values = {
        n.attr for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Attribute)
    }
    assert not {"node", "owner"} & read_of_values


def test_each_chapter_of_numpy_enters_the_functions_it_lists():
    assert {path.stem for path in COMPOSED} == set(CHAPTERS)
    for chapter, functions in CHAPTERS.items():
        module = import_module(f"wengert.functions.tracing.composed.{chapter}")
        entered = {function for function, rule in FUNCTIONS.items() if rule.__module__ == module.__name__}
        assert entered == set(functions), chapter


RUNS_TEXT = {"eval", "exec", "sympify", "literal_eval"}
RUNS_PROGRAMS = (
    ROOT / "programs" / "source.py",  # runs programs where the user asks for that, and only there
    ROOT / "functions" / "namespaces" / "evaluated.py",  # the user's own call of eval
)
UNPICKLES = {"pickle", "marshal", "shelve", "dill", "yaml"}
PICKLE_ALLOWED = re.compile(r"allow_pickle\s*=\s*True")
LEFT = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@pytest.mark.parametrize("here", LAYERS)
def test_nothing_runs_text_or_unpickles_unasked(here):
    def wrong(path: Path) -> list[str]:
        modules = {name.split(".")[0] for name in imports_of(path)}
        allowed = PICKLE_ALLOWED.findall(path.read_text(encoding="utf-8"))
        refused = RUNS_TEXT if path not in RUNS_PROGRAMS else set[str]()
        return [*sorted(read(path)[1] & refused), *sorted(modules & UNPICKLES), *allowed]

    assert faults(here, wrong) == {}


@pytest.mark.parametrize("here", LAYERS)
def test_nothing_is_left_for_later(here):
    assert faults(here, lambda path: LEFT.findall(path.read_text(encoding="utf-8"))) == {}


def test_the_graph_imports_nothing_heavy():
    script = (
        "import sys, wengert.core.ir.graph, wengert.core.ir.walk, wengert.core.ir.verify\n"
        "print([m for m in ('scipy', 'llvmlite', 'jax', 'rich', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_function_without_derivatives_is_compiled_without_them():
    """Nor is Python's own configuration read, which takes longer than some chapters of this package."""
    script = (
        "import sys, numpy as np, wengert as wg\nwg.compile\n"
        "print([m for m in ('wengert.core.autodiff', 'sysconfig', 'pathlib', 'string') if m in sys.modules])\n"
        "wg.compile(lambda x: np.sum(x @ x), cache=False)(np.ones((3, 3)))\n"
        "print('wengert.core.autodiff' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n") == ["[]", "False", ""]

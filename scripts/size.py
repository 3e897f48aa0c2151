"""How large the source is, and what drifts: lines by package, long files and functions, repeated names, facts by name outside of records.

It prints and refuses nothing, and reads the text only: scripts/size, or python -m scripts.size FOLDER.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LONG_FILE, LONG_FUNCTION = 450, 60
PAGE = 5
"""The lines of a package's docstring from which it counts as a page."""
FLOORS = ("core", "functions", "notes")
"""The folders whose folders are the packages; a package elsewhere is a folder of the source."""
RECORDS = ("core/ops", "ops", "targets", "backends", "loops")
"""The packages that may ask for an op by its name; also as they were called before the floors."""
CORE = ("core", "ir", "ops", "autodiff", "passes")
NATIVE = re.compile(r"wengert\.(targets|backends)\.native|wengert\.(targets|backends) import .*\bnative\b|llvmlite")
BRANCHES = (
    ast.If,
    ast.For,
    ast.While,
    ast.IfExp,
    ast.ExceptHandler,
    ast.comprehension,
    ast.BoolOp,
    ast.match_case,
    ast.Assert,
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Sizes:
    """What was counted, with places as FILE:LINE."""

    lines: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    long_files: list[str] = field(default_factory=list)
    long_functions: list[str] = field(default_factory=list)
    classes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    op_names: list[str] = field(default_factory=list)
    native_imports: list[str] = field(default_factory=list)
    any_fields: list[str] = field(default_factory=list)
    pageless: list[str] = field(default_factory=list)
    complex: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The function of each package with the most branches."""

    @property
    def repeated(self) -> dict[str, list[str]]:
        """The class names that stand in several places."""
        return {name: places for name, places in self.classes.items() if len(places) > 1}


def sizes(root: Path) -> Sizes:
    """The counts of all modules below a package's folder."""
    found = Sizes()
    for path in sorted(root.rglob("*.py")):
        _count(path, str(path.relative_to(root)), found)
    return found


def package_of(name: str) -> str:
    """The package of a file, its floor before it: "core/ops", "targets", "." for a module beside the packages."""
    parts = name.split("/")[:-1]
    return "/".join(parts[: 2 if parts[0] in FLOORS else 1]) if parts else "."


def _count(path: Path, name: str, found: Sizes) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    count = text.count("\n")
    package = package_of(name)
    found.lines[package] += count
    found.files[package] += 1
    if count > LONG_FILE:
        found.long_files.append(f"{name} {count}")
    if path.name == "__init__.py" and len((ast.get_docstring(tree) or "").splitlines()) < PAGE:
        found.pageless.append(name.removesuffix("/__init__.py"))
    if package not in ("targets", "backends"):
        lines = enumerate(text.splitlines(), 1)
        found.native_imports += [f"{name}:{k}" for k, line in lines if "import" in line and NATIVE.search(line)]
    for node in ast.walk(tree):
        _count_node(node, name, package, found)


def _count_node(node: ast.AST, name: str, package: str, found: Sizes) -> None:
    if isinstance(node, ast.ClassDef):
        found.classes[node.name].append(f"{name}:{node.lineno}")
        if package.split("/")[0] in CORE:
            found.any_fields += [f"{name}:{each.lineno}" for each in _any_fields(node)]
    elif isinstance(node, Function):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LONG_FUNCTION:
            found.long_functions.append(f"{name}:{node.lineno} {node.name} {length}")
        branches = 1 + sum(isinstance(each, BRANCHES) for each in ast.walk(node))
        if branches > found.complex.get(package, (0, ""))[0]:
            found.complex[package] = (branches, f"{name}:{node.lineno} {node.name}")
    elif (
        isinstance(node, ast.Compare)
        and package not in RECORDS
        and any(map(_is_op_name, (node.left, *node.comparators)))
    ):
        found.op_names.append(f"{name}:{node.lineno}")


def _any_fields(node: ast.ClassDef) -> Iterator[ast.AnnAssign]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and re.search(r"\bAny\b", ast.unparse(each.annotation)):
            yield each


def _is_op_name(node: ast.expr) -> bool:
    """x.op.name, op.name."""
    if not (isinstance(node, ast.Attribute) and node.attr == "name"):
        return False
    owner = node.value
    return (isinstance(owner, ast.Name) and owner.id == "op") or (
        isinstance(owner, ast.Attribute) and owner.attr == "op"
    )


def report(found: Sizes) -> str:
    """The counts as text."""
    lines = [f"{'package':<22}{'lines':>8}{'files':>7}  most branches in a function"]
    for package, count in sorted(found.lines.items(), key=lambda pair: -pair[1]):
        branches, place = found.complex.get(package, (0, ""))
        lines.append(f"{package:<22}{count:>8}{found.files[package]:>7}  {branches:>3}  {place}".rstrip())
    for floor in FLOORS:
        inside = {name: n for name, n in found.lines.items() if name.split("/")[0] == floor}
        if inside:
            lines.append(f"{floor + '/*':<22}{sum(inside.values()):>8}{sum(found.files[name] for name in inside):>7}")
    lines.append(f"{'all':<22}{sum(found.lines.values()):>8}{sum(found.files.values()):>7}")
    twice = [
        f"{name} {len(places)}" for name, places in sorted(found.repeated.items(), key=lambda p: (-len(p[1]), p[0]))
    ]
    by_package = Counter(package_of(place) for place in found.op_names)
    for title, items in (
        (f"files over {LONG_FILE} lines", found.long_files),
        (f"functions over {LONG_FUNCTION} lines", found.long_functions),
        ("class names in several places", twice),
        ("tests of op.name outside ops and targets", [f"{name} {count}" for name, count in by_package.most_common()]),
        ("native imports outside targets", found.native_imports),
        (
            "fields with Any in core",
            [f"{name} {n}" for name, n in Counter(p.split(":")[0] for p in found.any_fields).items()],
        ),
        (f"packages whose docstring is under {PAGE} lines", found.pageless),
    ):
        count = {
            "tests of op.name outside ops and targets": len(found.op_names),
            "fields with Any in core": len(found.any_fields),
        }
        lines += ["", f"{title}: {count.get(title, len(items))}", *([f"  {', '.join(items)}"] if items else [])]
    return "\n".join(lines)


def main() -> None:
    """Print the counts of a folder; by default the package's."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "src" / "wengert"
    print(report(sizes(root)))


if __name__ == "__main__":
    main()

"""Modules that stand beside a program: found in its folder and the folders of its project above it, and run as the program is."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOTS = (".git", "setup.py", "setup.cfg", "pyproject.toml", "requirements.txt")
"""What the topmost folder of a project holds."""
ABOVE = 4
"""So many folders above a program belong to its project at most; where none looks like its top, one."""
MOST = 200
"""So many modules are run at most."""

Execute = Callable[[ast.Module, dict[str, Any]], None]


class Beside:
    """The modules of a program's own project, each run once; `execute` runs a tree in names."""

    def __init__(self, file: Path | None, execute: Execute) -> None:
        self.execute = execute
        self.folders = folders_of(file) if file is not None else []
        self.modules: dict[Path, types.ModuleType] = {}

    @property
    def spaces(self) -> list[dict[str, Any]]:
        """The names of the modules that were run."""
        return [module.__dict__ for module in self.modules.values()]

    def find(self, name: str, asker: str, wanted: tuple[str, ...], level: int) -> types.ModuleType | None:
        """What `import name` or `from name import wanted` in the file `asker` gives; None where the project has no such module."""
        if not level and (name.split(".")[0] in sys.stdlib_module_names or name.split(".")[0] == "numpy"):
            return None
        bases = [Path(asker).parents[level - 1]] if level and asker else self.folders
        parts = [part for part in name.split(".") if part]
        for base in bases if self.folders else []:
            leaf = self._at(base.joinpath(*parts))
            if leaf is None:
                continue
            for each in wanted:
                if each != "*" and not hasattr(leaf, each):
                    inner = self._at(base.joinpath(*parts, each))
                    if inner is not None:
                        setattr(leaf, each, inner)
            return leaf if wanted or level else self._top(base, parts)
        return None

    def _top(self, base: Path, parts: list[str]) -> types.ModuleType | None:
        """The first of the modules of a dotted name, each with the next as an attribute."""
        chain = [self._at(base.joinpath(*parts[: k + 1])) for k in range(len(parts))]
        for outer, inner, part in zip(chain, chain[1:], parts[1:], strict=False):
            if outer is not None and inner is not None:
                setattr(outer, part, inner)
        return chain[0]

    def _at(self, place: Path) -> types.ModuleType | None:
        """The module of a file or a folder."""
        file = next((f for f in (place.with_name(place.name + ".py"), place / "__init__.py") if f.is_file()), None)
        if file is None and not (place.is_dir() and any(place.glob("*.py"))):
            return None
        key = file or place
        if key not in self.modules and len(self.modules) < MOST:
            module = self.modules[key] = types.ModuleType(place.name)
            module.__dict__.update(__file__=str(file or place / "__init__.py"), __path__=[])
            if file is not None:
                self.execute(ast.parse(file.read_text(encoding="utf-8", errors="replace")), module.__dict__)
        return self.modules.get(key)


def folders_of(file: Path) -> list[Path]:
    """The folder of a file and those above it, up to the top of its project."""
    above = list(file.parents)[: ABOVE + 1]
    tops = [k for k, folder in enumerate(above) if any((folder / root).exists() for root in ROOTS)]
    return above[: tops[0] + 1 if tops else 2]

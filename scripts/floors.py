"""Move the packages to their floors, in this checkout: files by `git mv`, imports and paths by text.

A branch begun before the floors takes these steps, and merges without conflict:
    git show main:scripts/floors.py > /tmp/floors.py && python /tmp/floors.py
    ruff check --fix -q . ; ruff format -q . ; git add -A ; git commit -m "Move to the floors"
    git merge -X theirs 1beb5ca   # the same move; nothing else is in it
    git merge main
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

FLOORS = {
    "core": ("ir", "ops", "autodiff", "passes"),
    "functions": ("tracing", "namespaces", "transforms"),
    "notes": ("notation", "elaboration", "reading", "derive", "manuscripts", "claims", "show"),
}
RUN = {
    "compilation/functions": "compiling",
    "compilation/kind": "kind",
    "compilation/path": "path",
    "compilation/given": "out",
    "compilation/binding": "binding",
    "compilation/statics": "statics",
}
SRC = Path("src/wengert")


def git(*args: str) -> str:
    return subprocess.run(["git", *args], check=True, capture_output=True, text=True).stdout


def move() -> None:
    for floor, packages in FLOORS.items():
        (SRC / floor).mkdir(exist_ok=True)
        for name in packages:
            if (SRC / name).exists():
                git("mv", f"{SRC}/{name}", f"{SRC}/{floor}/{name}")
    if (SRC / "engine").exists():
        git("mv", f"{SRC}/engine", f"{SRC}/functions/run")
    for old, new in RUN.items():
        if (SRC / f"{old}.py").exists():
            git("mv", f"{SRC}/{old}.py", f"{SRC}/functions/run/{new}.py")
    if (SRC / "compilation/__init__.py").exists():
        git("rm", "-q", f"{SRC}/compilation/__init__.py")


def edited(text: str) -> str:
    for old, new in RUN.items():
        text = re.sub(rf"\bwengert\.{old.replace('/', '[.]')}\b", f"wengert.functions.run.{new}", text)
        text = re.sub(rf"(?<![\w/.])(src/wengert/)?{old}\.py", rf"\1functions/run/{new}.py", text)
    text = re.sub(r"\bwengert\.compilation\b", "wengert.functions.run.compiling", text)
    text = re.sub(r"\bwengert\.engine\b", "wengert.functions.run", text)
    text = re.sub(r"(?<=src/wengert/)engine/", "functions/run/", text)
    text = re.sub(r"(?<=`)engine/(?=\w)", "functions/run/", text)
    for floor, packages in FLOORS.items():
        names = "|".join(packages)
        text = re.sub(rf"\bwengert\.({names})\b", rf"wengert.{floor}.\1", text)
        text = re.sub(rf"(?<=src/wengert/)({names})(?=[/\"'])", rf"{floor}/\1", text)
        text = re.sub(rf"(?<=`)({names})/(?=\w)", rf"{floor}/\1/", text)
    return text


def main() -> None:
    move()
    for name in git("ls-files").split("\n"):
        path = Path(name)
        if path.suffix not in (".py", ".md", ".toml", ".in", ".pyi", ".ipynb", ".ts", "") or not path.is_file():
            continue
        if path.name == "floors.py" or path.is_symlink() or name.startswith("tests/data"):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        new = edited(text)
        if new != text:
            path.write_text(new, encoding="utf-8")


main()

"""Every system of the corpus as modules, and how a module is run: its own test raises where a derivative is wrong."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from corpus import beyond, entries

import wengert as wg
from tests.derive.shared import derivation_of, system_of
from wengert.emission import emit

ENTRIES = {**entries(), **beyond()}


@lru_cache(maxsize=200)
def module(key: str, target: str, *, double: bool = False) -> str:
    """The source of an entry."""
    return emit(derivation(key), target=target, double=double)


def derivation(key: str) -> wg.Derivation:
    entry = ENTRIES[key]
    return derivation_of(entry.text("text"), None, tuple(entry.name(name) for name, _, _ in entry.variables))


def has_recurrences(key: str) -> bool:
    """Whether an entry has them; its system is read, and nothing derived, where tests are collected."""
    return bool(system_of(ENTRIES[key].text("text")).data.recurrences)


def loaded(source: str, name: str) -> dict[str, Any]:
    """The names of a module in Python; its test has not run."""
    found: dict[str, Any] = {"__name__": name}
    exec(compile(source, f"{name}.py", "exec"), found)
    return found


def run_alone(path: Path) -> str:
    """What a module prints that is run by itself, in a process that cannot import this package."""
    command = [sys.executable, "-I", "-W", "error", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

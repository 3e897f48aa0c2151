"""The language in which a command speaks: that of --lang, else that of WENGERT_LANG, else English."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from wengert.languages import LANGUAGES, catalogue, printed

VARIABLE = "WENGERT_LANG"
_chosen = [LANGUAGES[0]]
"""The language of the command that runs."""


def begin() -> None:
    """Speak the language of the environment, before a command says another.

    Raises WengertError where there are no sentences in it.
    """
    _chosen[0] = LANGUAGES[0]
    _choose(os.environ.get(VARIABLE, ""))


def _choose(language: str) -> None:
    if language:
        catalogue(language)
        _chosen[0] = language


def spoken() -> str:
    """The language of the command."""
    return _chosen[0]


def in_language(text: str) -> str:
    """What is printed, in the language of the command."""
    return printed(text, _chosen[0])


Language = Annotated[
    str,
    typer.Option(
        "--lang",
        callback=_choose,
        is_eager=True,
        help=f"the language of explanations and messages: {' or '.join(LANGUAGES)}; default: {VARIABLE}, else {LANGUAGES[0]}",
        show_default=False,
    ),
]

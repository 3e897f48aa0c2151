"""One file that shows a board without a server: the page, its script, and the replies of the session as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wengert.atomic import write_atomically
from wengert.blackboard.content import Content
from wengert.blackboard.numbers import plain_values
from wengert.blackboard.page import saved
from wengert.errors import DataError
from wengert.notes.derive.printed import FORMS


def save(path: Path, text: str, lang: str = "en", values: Mapping[str, Any] | None = None, system: int = 0) -> None:
    """Write the board of a text to a file; of several systems that with the number, counted from 1.

    Raises WengertError where the text cannot be read or the file cannot be written.
    """
    write_atomically(path, page(text, lang, values, system).encode(), "board", DataError)


def page(text: str, lang: str = "en", values: Mapping[str, Any] | None = None, system: int = 0) -> str:
    """The HTML: equations, graph both ways, steps in each form, numbers for the given values.

    Raises WengertError where the text cannot be read.
    """
    content = Content()
    subject = content.subject(text, system)
    subject.derived  # noqa: B018  raises here what the page could only report
    asked = {"text": text, "lang": lang, "system": system}
    replies = list(content.edit(**asked, directions=["right", "down"], values=plain_values(values)))
    replies += content.reply({"type": "check", **asked})
    forms = {
        form: [subject.read(form, lang), subject.backward(form, lang)] for form in FORMS if form != subject.written_form
    }
    return saved({"text": text, "lang": lang, "saved": True, "replies": replies, "forms": forms})

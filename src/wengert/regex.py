"""Regular expressions that are compiled where they are first used: a page of plain equations asks a third of them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, cast


def regex(text: str, flags: int | re.RegexFlag = 0) -> re.Pattern[str]:
    """What re.compile gives, made when it is first asked for a match; an error in the text comes then, too."""
    return cast(re.Pattern[str], _Later(text, flags))


class _Later:
    """A compiled expression to be: it has the text, and takes what it is asked for from the compiled one."""

    def __init__(self, text: str, flags: int | re.RegexFlag) -> None:
        self.pattern, self._flags = text, flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, self._flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._compiled, name)
        setattr(self, name, found)  # the next use finds it at once
        return found

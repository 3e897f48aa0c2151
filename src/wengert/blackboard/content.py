"""The session: what a page asks about a text of equations, answered in stages as plain data. It knows no server.

Content.reply(request) ──▶ read, backward, graph, numbers …
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from wengert.blackboard.comparing import compared, expanded, losses
from wengert.blackboard.diagnostics import diagnostic
from wengert.blackboard.judging import judged
from wengert.blackboard.numbers import fitting, nudged, numbers
from wengert.blackboard.subject import Subject
from wengert.errors import CheckError, WengertError
from wengert.languages import LANGUAGES, printed
from wengert.notes.derive import verify
from wengert.notes.derive.printed import FORMS

Reply = dict[str, Any]
KEPT = 64
"""So many texts are kept with all that was worked out for them; undo finds them there."""


class Content:
    """What is known of the texts that were read last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, Subject] = OrderedDict()

    def subject(self, text: str) -> Subject:
        """The text as it was read, from the store or anew.

        Raises WengertError where it cannot be read.
        """
        if text not in self.kept:
            self.kept[text] = Subject(text)
        self.kept.move_to_end(text)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return self.kept[text]

    def reads(self, text: str) -> bool:
        """Whether a text can be read and derived."""
        try:
            self.subject(text).derived  # noqa: B018
        except WengertError:
            return False
        return True

    def reply(self, request: Mapping[str, Any]) -> Iterator[Reply]:
        """The replies to a checked request, each as soon as it is known; an error is a reply too."""
        fields = {name: value for name, value in request.items() if name not in ("type", "id")}
        try:
            yield from getattr(self, f"_{request['type']}")(**fields)
        except WengertError as error:
            yield self.problem(error, fields.get("text", ""), fields.get("lang", LANGUAGES[0]))

    def problem(self, error: WengertError, text: str, lang: str = LANGUAGES[0]) -> Reply:
        """The message that a text cannot be read, with repairs that are known to work."""
        return {"type": "diagnostics", "diagnostics": [diagnostic(error, text, self.reads, lang)]}

    def edit(
        self,
        text: str,
        form: str = "",
        directions: list[str] | None = None,
        values: Mapping[str, Any] | None = None,
        lang: str = LANGUAGES[0],
    ) -> Iterator[Reply]:
        """All that a board shows of a text: read, backward, a graph a direction, numbers; or why it cannot be read."""
        fields = {
            "text": text,
            "form": form,
            "directions": directions or ["right"],
            "values": values or {},
            "lang": lang,
        }
        return self.reply({"type": "edit", **fields})

    def _edit(
        self,
        text: str,
        form: str = "",
        directions: list[str] | None = None,
        values: Mapping[str, Any] | None = None,
        lang: str = LANGUAGES[0],
    ) -> Iterator[Reply]:
        subject = self.subject(text)
        form = form if form in FORMS else subject.written_form
        yield subject.read(form, lang)
        yield subject.backward(form, lang)
        for direction in directions or ["right"]:
            yield from self._graph(text, direction)
        yield from self._numbers(text, values or {}, lang)

    def _graph(self, text: str, direction: str = "right", lang: str = "") -> Iterator[Reply]:
        yield self.subject(text).graph("down" if direction == "down" else "right")

    def _numbers(self, text: str, values: Mapping[str, Any] | None = None, lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        yield numbers(self.subject(text), values or {}, lang)

    def _check(self, text: str, lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        """Every bar beside independent routes at random points, as `wengert derive` checks it; what differs is a reply too."""
        try:
            yield {
                "type": "checked",
                "holds": True,
                "said": printed(str(verify.check(self.subject(text).derived)), lang),
            }
        except CheckError as error:
            yield {"type": "checked", "holds": False, "said": printed(str(error), lang)}

    def _nudge(self, text: str, name: str = "", lang: str = "", **asked: Any) -> Iterator[Reply]:
        yield nudged(self.subject(text), name, **asked)

    def _judge(self, text: str, lines: str = "", lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        yield judged(self.subject(text), lines, lang)

    def _compare(self, text: str, other: str = "", lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        old, new = self.subject(text), self.subject
        try:
            yield compared(old, new(other))
        except WengertError as error:
            yield {"type": "compared", "diagnostics": [diagnostic(error, other, lang=lang)]}

    def _expand(self, text: str, lang: str = "") -> Iterator[Reply]:
        yield expanded(self.subject(text))

    def _export(self, text: str, values: Mapping[str, Any] | None = None, lang: str = "en") -> Iterator[Reply]:
        from wengert.blackboard.export import page

        yield {"type": "exported", "html": page(text, lang, fitting(self.subject(text), values or {}))}

    def _losses(self, text: str, lang: str = "") -> Iterator[Reply]:
        yield {"type": "losses", "versions": [each for each in losses(self.subject(text)) if self.reads(each["text"])]}

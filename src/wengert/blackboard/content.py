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
from wengert.blackboard.subject import Subject, told
from wengert.errors import CheckError, WengertError
from wengert.languages import LANGUAGES, printed
from wengert.notes.derive import verify
from wengert.notes.derive.printed import FORMS
from wengert.notes.manuscripts.systems import SystemChoiceError, systems_in

Reply = dict[str, Any]
KEPT = 64
"""So many texts are kept with all that was worked out for them; undo finds them there."""


class Content:
    """What is known of the texts that were read last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[str, int], Subject] = OrderedDict()

    def subject(self, text: str, system: int = 0) -> Subject:
        """The text as it was read, from the store or anew; of several systems that with the number, counted from 1.

        Raises WengertError where it cannot be read.
        """
        key = text, system
        if key not in self.kept:
            self.kept[key] = Subject(text, system)
        self.kept.move_to_end(key)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return self.kept[key]

    def reads(self, text: str, system: int = 0) -> bool:
        """Whether a text can be read and derived."""
        try:
            self.subject(text, system).derived  # noqa: B018
        except WengertError:
            return False
        return True

    def reply(self, request: Mapping[str, Any]) -> Iterator[Reply]:
        """The replies to a checked request, each as soon as it is known; an error is a reply too."""
        fields = {name: value for name, value in request.items() if name not in ("type", "id", "text", "system")}
        text, system = request["text"], request.get("system", 0)
        try:
            yield from getattr(self, f"_{request['type']}")(self.subject(text, system), **fields)
        except WengertError as error:
            yield self.problem(error, text, system, fields.get("lang", LANGUAGES[0]))

    def problem(self, error: WengertError, text: str, system: int = 0, lang: str = LANGUAGES[0]) -> Reply:
        """The message that a text cannot be read, with repairs that are known to work, or with the systems of which one has to be chosen."""
        found = diagnostic(error, text, lambda mended: self.reads(mended, system), lang)
        if isinstance(
            error, SystemChoiceError
        ):  # its repair is an option of the command; a page offers the systems instead
            systems = list(map(told, systems_in(text)))
            return {"type": "diagnostics", "diagnostics": [found | {"repair": ""}], "systems": systems}
        return {"type": "diagnostics", "diagnostics": [found]}

    def edit(
        self,
        text: str,
        form: str = "",
        directions: list[str] | None = None,
        values: Mapping[str, Any] | None = None,
        lang: str = LANGUAGES[0],
        system: int = 0,
    ) -> Iterator[Reply]:
        """All that a board shows of a text: read, backward, a graph a direction, numbers; or why it cannot be read."""
        fields = {
            "text": text,
            "form": form,
            "directions": directions or ["right"],
            "values": values or {},
            "lang": lang,
            "system": system,
        }
        return self.reply({"type": "edit", **fields})

    def _edit(
        self,
        subject: Subject,
        form: str = "",
        directions: list[str] | None = None,
        values: Mapping[str, Any] | None = None,
        lang: str = LANGUAGES[0],
    ) -> Iterator[Reply]:
        form = form if form in FORMS else subject.written_form
        yield subject.read(form, lang)
        yield subject.backward(form, lang)
        for direction in directions or ["right"]:
            yield from self._graph(subject, direction)
        yield from self._numbers(subject, values or {}, lang)

    def _graph(self, subject: Subject, direction: str = "right", lang: str = "") -> Iterator[Reply]:
        yield subject.graph("down" if direction == "down" else "right")

    def _numbers(
        self, subject: Subject, values: Mapping[str, Any] | None = None, lang: str = LANGUAGES[0]
    ) -> Iterator[Reply]:
        yield numbers(subject, values or {}, lang)

    def _check(self, subject: Subject, lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        """Every bar beside independent routes at random points, as `wengert derive` checks it; what differs is a reply too."""
        try:
            yield {"type": "checked", "holds": True, "said": printed(str(verify.check(subject.derived)), lang)}
        except CheckError as error:
            yield {"type": "checked", "holds": False, "said": printed(str(error), lang)}

    def _nudge(self, subject: Subject, name: str = "", lang: str = "", **asked: Any) -> Iterator[Reply]:
        yield nudged(subject, name, **asked)

    def _judge(self, subject: Subject, lines: str = "", lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        yield judged(subject, lines, lang)

    def _compare(self, subject: Subject, other: str = "", lang: str = LANGUAGES[0]) -> Iterator[Reply]:
        try:
            yield compared(subject, self.subject(other, subject.number))
        except WengertError as error:
            yield {"type": "compared", "diagnostics": [diagnostic(error, other, lang=lang)]}

    def _expand(self, subject: Subject, lang: str = "") -> Iterator[Reply]:
        yield expanded(subject)

    def _export(self, subject: Subject, values: Mapping[str, Any] | None = None, lang: str = "en") -> Iterator[Reply]:
        from wengert.blackboard.export import page

        yield {"type": "exported", "html": page(subject.text, lang, fitting(subject, values or {}), subject.number)}

    def _losses(self, subject: Subject, lang: str = "") -> Iterator[Reply]:
        versions = [each for each in losses(subject) if self.reads(each["text"], subject.number)]
        yield {"type": "losses", "versions": versions}

"""What a run of a backward pass says of which quantity, and whether it is so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from wengert.programs.events import Event, Key, Recorder
from wengert.programs.names import OF, TARGET, entry_of, inputs_named, plain, quantity, same
from wengert.programs.references import References
from wengert.programs.scenario import RunOutcome, Scenario

Verdict = Literal["right", "value", "wrong", "open"]
GIVEN = ("argument", "attribute")
INPUT = re.compile(r"^(in|inp|inputs?|x|X|data|prev|a_prev|A_prev)$")
"""Names of a layer's input in gradients, whatever the forward pass calls it: its first argument that moves the loss."""


@dataclass(frozen=True)
class Status:
    """right: the cotangent of what its name says; value: that of another quantity of the same shape; open: its name says nothing."""

    verdict: Verdict
    key: Key | None = None


class Claims:
    """The claims of a scenario against its references at every point."""

    def __init__(self, scenario: Scenario, found: list[References]) -> None:
        self.scenario = scenario
        self.found = found
        self._targets: dict[tuple[str, int], list[Key]] = {}

    def targets(self, name: str, p: int) -> list[Key]:
        """The events that a gradient of this name may speak of: inputs first."""
        if (name, p) not in self._targets:
            self._targets[name, p] = self._find(name, p)
        return self._targets[name, p]

    def _find(self, name: str, p: int) -> list[Key]:
        refs = self.found[p]
        given = {k[1]: k for k in refs.cotangents if k[0] in GIVEN}
        if not self.scenario.pair.flat and not self.scenario.pair.combined and name in self.scenario.aliases:
            return [given[n] for n in (self.scenario.aliases[name],) if n in given]
        hits = [given[n] for n in inputs_named(name, list(given))]
        about = quantity(name)
        if about is None or OF.match(name) or (hits and hits[0][0] == "attribute" and about[0]):
            return hits
        base = entry_of(about[1])[0]
        keys = refs.by_name.get(base, []) or [k for n, ks in refs.by_name.items() if same(base, n) for k in ks]
        if not hits and not keys and INPUT.match(base):
            own = self.scenario.arguments()
            return [k for k in given.values() if k[0] == "argument" and k[1] in own and not TARGET.match(k[1])][:1]
        return [*hits, *(k for k in keys if k not in hits)]

    def status(self, name: str, value: Any, p: int) -> Status:
        refs = self.found[p]
        keys = self.targets(name, p)
        for key in keys:
            if refs.close(value, key):
                return Status("right", key)
        if np.size(value) > 1 and not any(k[0] in GIVEN for k in keys):
            for key, cotangent in refs.cotangents.items():
                if np.shape(value) == cotangent.shape and refs.close(value, key):
                    return Status("value", key)
        if not keys:
            return Status("open")
        fitting = [k for k in keys if refs.cotangents[k].shape == np.shape(value)]
        return Status("wrong", (fitting or keys)[0])

    def of_run(self, recorder: Recorder, out: RunOutcome) -> dict[str, np.ndarray]:
        """name -> value: results; in a script each name of a gradient at its last assignment."""
        if not self.scenario.pair.flat:
            return dict(out.results)
        last: dict[str, np.ndarray] = {}
        read = self._read_later()
        for event in recorder.events:
            name = event.name.split("[")[0] if event.inplace and not event.name.endswith("']") else event.name
            if (
                event.key not in self.found[0].cotangents
                and quantity(name)
                and name not in read
                and self.targets(name, 0)
            ):
                last[name] = event.value
        return last

    def _read_later(self) -> set[str]:
        """Names of gradients of a script that are not its results: the loss does not take what they speak of from outside."""
        if not hasattr(self, "_read"):
            given = {plain(k[1]) for k in self.found[0].cotangents if k[0] in GIVEN}
            names = {e.name.split("[")[0] for e in self.found[0].events.values() if quantity(e.name)}
            about = {n: quantity(n) for n in names}
            self._read = (
                {n for n, a in about.items() if a and not any(same(a[1], g) for g in given)} if given else set()
            )
            if self._read == names:
                self._read = set()
        return self._read

    def statuses(self, recorder: Recorder, out: RunOutcome, p: int) -> dict[str, Status]:
        return {n: self.status(n, v, p) for n, v in self.of_run(recorder, out).items()}

    def is_backward(self, event: Event) -> bool:
        """Whether an event belongs to the backward pass: what moves the loss does not."""
        if event.key[0] in GIVEN or event.key[0].startswith("def "):
            return False
        if self.scenario.pair.flat or self.scenario.pair.combined:
            return event.key not in self.found[0].cotangents and not re.match(r"^(self\.)?(loss|cost|J)$", event.name)
        return not event.forward

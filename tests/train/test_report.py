"""What a training says: plain lines, JSON lines, the bar, the log, the picture."""

from __future__ import annotations

import io
import json
import sys

import pytest
from PIL import Image

from wengert.errors import ModelError
from wengert.train.curve import draw_losses
from wengert.train.loop import EpochDone, Finished, Started, StepDone
from wengert.train.metrics import Metric
from wengert.train.model import EpochRecord
from wengert.train.report import reporting

FACTS = {
    "data": "digits",
    "training_examples": 1438,
    "validation_examples": 359,
    "bound": {"x": [1438, 64], "t": [1438, 10]},
    "classes": {"t": list(range(12))},
    "standardised": ["x"],
    "parameters": {"W": [10, 64], "b": []},
    "numbers": 641,
    "initial": "glorot",
    "drawn": [],
    "seed": 0,
    "optimizer": "adam",
    "settings": {"learning_rate": 0.001, "eps": 1e-8},
    "batch": 64,
    "epochs": 2,
    "metric": "accuracy(y, t)",
    "resumed_from": None,
}
METRIC = Metric("accuracy", "y", "t")
EVENTS = [
    Started(FACTS, 2, 0, 3),
    StepDone(1, 1, 2.5),
    EpochDone(EpochRecord(1, 2.25, 2.5, 0.5), 2, 0.25, METRIC, "validation"),
    EpochDone(EpochRecord(2, 1.25, 1.5, 0.9375), 2, 0.25, METRIC, "validation"),
    Finished(
        {
            "epoch": 2,
            "step": 0,
            "files": {"model": "m[1].safetensors"},
            "training": {"examples": 1438, "loss": 1.2, "kind": "accuracy", "value": 0.95},
        },
        False,
    ),
]

PLAIN = """\
data: digits, 1438 examples for training, 359 for validation
  x: 1438 × 64 (standardised)
  t: 1438 × 10 (classes 0, 1, 2, …, 11: 12 in all)
parameters: 641 numbers, initial rule glorot, seed 0
  W: 10 × 64
  b: a number
optimizer: adam (learning_rate 0.001, eps 1e-08), 64 examples per update, to epoch 2
measured: accuracy(y, t), over the validation examples
epoch 1/2  loss 2.25  validation 2.5  accuracy 50.0 %
epoch 2/2  loss 1.25  validation 1.5  accuracy 93.8 %
training: loss 1.2  accuracy 95.0 %
model: m[1].safetensors
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def said(stream, events=EVENTS, **options):
    with reporting(stream, **options) as report:
        for event in events:
            report(event)
    return stream.getvalue()


def test_plain_lines_in_a_pipe():
    assert said(io.StringIO()) == PLAIN


def test_many_epochs_get_about_twenty_lines():
    epochs = [EpochDone(EpochRecord(n, 1.0), 1000, 0.1, None, "training") for n in range(1, 1001)]
    lines = said(io.StringIO(), epochs).splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("epoch 1/1000")
    assert lines[-1].startswith("epoch 1000/1000")


def test_json_lines_have_every_epoch_and_no_update():
    events = [json.loads(line) for line in said(io.StringIO(), json_lines=True).splitlines()]
    assert [event["event"] for event in events] == ["start", "epoch", "epoch", "finish"]
    assert events[0]["bound"] == {"x": [1438, 64], "t": [1438, 10]}
    assert events[1] == {
        "event": "epoch",
        "epoch": 1,
        "loss": 2.25,
        "validation_loss": 2.5,
        "metric": "accuracy(y, t)",
        "value": 0.5,
        "measured_on": "validation",
        "seconds": 0.25,
    }
    assert events[3]["files"] == {"model": "m[1].safetensors"}


def test_bar_on_a_terminal_and_no_colour_where_none_is_wanted(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = said(Terminal())
    assert "━" in coloured
    assert "\x1b[3" in coloured
    assert "accuracy 93.8 %" in coloured
    assert "model: m[1].safetensors" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in said(Terminal())


def test_dumb_terminal_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert said(Terminal()) == PLAIN


def test_log_holds_the_json_lines_and_goes_on_when_resumed(tmp_path):
    log = tmp_path / "log.jsonl"
    assert said(io.StringIO(), log=log) == PLAIN
    assert len(log.read_text().splitlines()) == 4
    said(io.StringIO(), log=log, resumed=True)
    assert len(log.read_text().splitlines()) == 8
    said(io.StringIO(), log=log)
    assert len(log.read_text().splitlines()) == 4


def test_log_on_a_full_disk_is_an_error():
    with pytest.raises(ModelError, match="The log cannot be written: No space left on device"):
        said(io.StringIO(), log="/dev/full")


def test_ctrl_c_line():
    facts = {"epoch": 3, "step": 7, "files": {"model": "m"}}
    assert said(io.StringIO(), [Finished(facts, True)]).splitlines()[0] == (
        "stopped by Ctrl-C after epoch 3, update 7 of the next; --resume goes on from there"
    )


@pytest.mark.parametrize("epochs", [1, 5, 40])
def test_picture_is_drawn(tmp_path, epochs):
    history = [EpochRecord(n, 100.0 / n**2, 120.0 / n**2) for n in range(1, epochs + 1)]
    path = tmp_path / "loss.png"
    draw_losses(history, path, "digits")
    with Image.open(path) as picture:
        assert picture.size == (960, 600)
        assert len(picture.convert("RGB").getcolors(10**6)) > 10
    draw_losses([EpochRecord(1, -1.0)], tmp_path / "loss.svg")
    assert (tmp_path / "loss.svg").read_text().startswith("<?xml")


def test_missing_matplotlib_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModelError) as caught:
        draw_losses([EpochRecord(1, 1.0)], tmp_path / "loss.png")
    assert caught.value.repair == 'Install it with:  pip install "wengert[plots]"'


def test_imports_are_made_on_use():
    """Neither rich, safetensors, scikit-learn nor matplotlib is loaded by importing the package."""
    import subprocess

    code = (
        "import sys, wengert.train.session, wengert.train.prediction; "
        "print([m for m in ('rich', 'safetensors', 'sklearn', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

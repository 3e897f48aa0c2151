"""Training as a page follows it: epoch by epoch, paused, stepped, with what it shows."""

from __future__ import annotations

import numpy as np
import pytest

from wengert.blackboard.samples import EXAMPLES, HIDDEN, UNIT, sample
from wengert.blackboard.subject import Subject
from wengert.blackboard.training import GRID, suggested, training
from wengert.train.equations import task
from wengert.train.session import train
from wengert.train.task import TrainOptions

MOONS = {"type": "train", "text": EXAMPLES["moons"], "data": "moons", "sizes": "h=8", "rate": 0.05, "seed": 1}


def silent(wait):
    return None


def events(request, inbox=silent):
    return list(training(request, inbox))


def told(found):
    return [record for reply in found if reply["event"] == "epochs" for record in reply["records"]]


def test_two_half_circles_are_learnt_and_every_epoch_is_told_once():
    found = events({**MOONS, "epochs": 300})
    assert (found[0]["event"], found[-1]) == ("started", {"type": "training", "event": "done", "epoch": 300})
    records = told(found)
    assert [record[0] for record in records] == list(range(1, 301))
    assert records[-1][1] < 0.2 * records[0][1]
    assert records[-1][3] > 0.95


def test_the_surface_is_the_prediction_at_the_points_of_the_grid():
    found = events({**MOONS, "epochs": 200})
    plane, last = found[0]["plane"], [reply for reply in found if reply["event"] == "epochs"][-1]
    surface = np.array(last["surface"]).reshape(GRID, GRID)
    low, high = np.array(plane["low"]), np.array(plane["high"])
    cells = np.round((np.array(plane["points"]) - low) / (high - low) * (GRID - 1)).astype(int)
    right = (surface[cells[:, 1], cells[:, 0]] > plane["threshold"]) == (np.array(plane["classes"]) == 1)
    assert right.mean() > 0.9


def test_a_training_does_what_the_page_says_and_its_losses_do_not_depend_on_pauses():
    at_once, after_waiting = [{"to": "pause"}], [{"to": "step"}, {"to": "step"}, {"to": "run"}]

    def inbox(wait):
        said = after_waiting if wait else at_once
        return said.pop(0) if said else None

    paused = events({**MOONS, "epochs": 12}, inbox)
    names = [reply["event"] for reply in paused]
    assert names[:8] == ["started", "epochs", "paused", "epochs", "paused", "epochs", "paused", "epochs"]
    assert [len(reply["records"]) for reply in paused if reply["event"] == "epochs"][:3] == [0, 1, 1]
    assert names[-1] == "done"
    assert told(paused) == told(events({**MOONS, "epochs": 12}))


def test_the_losses_are_those_of_the_command(tmp_path):
    found = told(events({**MOONS, "epochs": 5}))
    options = TrainOptions(
        data=sample("moons"), bind="x=columns(all except target),t=target", sizes={"i": 8}, standardise=("x",),
        learning_rate=0.05, epochs=5, seed=1, model=tmp_path / "model.safetensors", json=True,
    )  # fmt: skip
    made = task(EXAMPLES["moons"])
    sizes = Subject(EXAMPLES["moons"]).system.quantities["h"].type.shape[0]
    with (tmp_path / "out").open("w") as out:
        result = train(made, TrainOptions(**{**vars(options), "sizes": {sizes.name: 8}}), out)
    assert [record[1] for record in found] == [record.loss for record in result.history]


def test_gradients_and_parameters_are_named_by_their_numbers():
    found = events({**MOONS, "epochs": 1})
    names = list(Subject(EXAMPLES["moons"]).system.quantities)
    last = [reply for reply in found if reply["event"] == "epochs"][-1]
    assert {names[each["q"]] for each in last["parameters"]} == {"W", "b", "v", "c"}
    assert {names[each["q"]] for each in last["gradients"]} == {"W", "b", "v", "c"}
    assert all(each["norm"] > 0 for each in last["gradients"])


@pytest.mark.parametrize(
    ("text", "data", "binding"),
    [
        (UNIT, "breast_cancer", "x=data,t=target"),
        (HIDDEN, "iris", "x=data,t=onehot(target)"),
        (EXAMPLES["moons"], sample("moons"), "x=columns(all except target),t=target"),
    ],
)
def test_a_binding_is_suggested_from_names_and_ranks(text, data, binding):
    assert suggested(Subject(text), data) == binding


def test_a_csv_is_read_from_its_text_and_its_faults_are_told():
    rows = "\n".join(f"{x},{y},{int(x > y)}" for x, y in np.random.default_rng(0).normal(size=(40, 2)))
    request = {"type": "train", "text": UNIT, "data": "my.csv", "csv": f"a,b,side\n{rows}\n", "epochs": 3}
    assert events(request)[-1]["event"] == "done"
    (fault,) = events({**request, "csv": "a,b,side\n"})
    assert fault["error"]["what"] == "The data file has a header but no rows."
    (fault,) = events({**request, "csv": " "})
    assert fault["event"] == "done" or fault["error"]["what"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "L = ("}, ""),
        ({"data": "no such set"}, "no such set"),
        ({"optimizer": "newton"}, "newton"),
        ({"rate": 1e300, "optimizer": "sgd"}, ""),
        ({"bind": "x=nothing"}, "nothing"),
    ],
)
def test_what_cannot_be_trained_is_told_in_three_lines(change, said):
    last = events({**MOONS, "epochs": 3, **change})[-1]
    assert last["event"] == "error"
    assert said in last["error"]["what"]
    assert last["error"]["repair"]


@pytest.mark.parametrize("asked", [{"data": "/etc/passwd"}, {"data": "made.csv"}, {"set": "η=made.npy"}], ids=str)
def test_a_page_names_no_file_of_the_machine(asked, tmp_path, monkeypatch):
    (tmp_path / "made.csv").write_text("data,target\n1,0\n2,1\n")
    np.save(tmp_path / "made.npy", 0.5)
    monkeypatch.chdir(tmp_path)
    (found,) = events({**MOONS, **asked})
    assert "board reads no files of this machine." in found["error"]["what"]
    assert "root:" not in str(found)

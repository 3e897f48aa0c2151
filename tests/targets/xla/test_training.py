"""What a training on XLA does on its device: an epoch is one call, its arrays lie where they lay, checkpoints are written beside it."""

from __future__ import annotations

import json
import re
import threading

import numpy as np
import pytest

from tests.targets.xla.meshes import run
from tests.targets.xla.test_meshes import HIDDEN, LOGISTIC
from wengert.targets.base import mesh_target
from wengert.train.equations import task
from wengert.train.optimizers import optimizer


def updates(count: int, rule: str = "adam"):
    """The updates of a network over 40 · 8 examples in calls of so many, and its parameters and state."""
    rng = np.random.default_rng(0)
    rows = {"x": rng.normal(size=(320, 6)), "t": rng.normal(size=(320, 3))}
    model = task(HIDDEN, backend="xla").build(rows, {"i": 16})
    made = optimizer(rule)
    params = {name: rng.normal(size=shape) for name, shape in model.parameters.items()}
    found = model.updates(made, rows, 8)
    found.at_once = count
    return found, params, made.init(params)


@pytest.fixture
def ran(monkeypatch):
    """The programs that ran, one entry a call."""
    from wengert.targets.xla.executable import XlaExecutable

    calls, original = [], XlaExecutable.run

    def counted(self, arrays, fallback):
        calls.append(self)
        return original(self, arrays, fallback)

    monkeypatch.setattr(XlaExecutable, "run", counted)
    return calls


def test_forty_updates_are_one_call_whose_loop_is_on_the_device(ran):
    many, params, state = updates(40)
    after, moved, losses = many(params, state, np.arange(320), 0, 8, 40)
    assert len(ran) == 1
    assert len(losses) == 40
    text = ran[0]._program.as_text()
    assert re.search(r"= .* while\(", text)
    assert not re.search(r"infeed|outfeed|send\(|recv\(|callback", text), (
        "something leaves the device between the steps"
    )
    one, *_ = updates(1)
    for first in range(0, 320, 8):
        params, state, _ = one(params, state, np.arange(320), first, 8, 1)
    assert len(ran) == 41
    for name, array in params.items():
        np.testing.assert_array_equal(array, after[name])
    assert moved["count"] == state["count"]


@pytest.mark.parametrize(("rule", "copies"), [("sgd", 1), ("momentum", 2), ("adam", 3)])
def test_parameters_and_moments_are_written_over_in_their_own_memory(ran, rule, copies):
    many, params, state = updates(40, rule)
    many(params, state, np.arange(320), 0, 8, 40)
    written = ran[0]._program.memory_analysis().alias_size_in_bytes
    assert written >= copies * sum(array.nbytes for array in params.values())


ON_MESH = """
import json
import numpy as np
import wengert as wg
from wengert.targets.mesh import Sharding
from wengert.targets.xla.over_mesh import Spread
from wengert.train.equations import task
from wengert.train.optimizers import optimizer

rng = np.random.default_rng(0)
rows = {"x": rng.normal(size=(320, 6)), "t": (rng.random(320) < 0.5).astype(float)}
model = task(TEXT, backend="xla", sharding=Sharding(wg.Mesh(data=8), {"n": "data"})).build(rows, {})
made = optimizer("adam")
params = {name: rng.normal(size=shape) for name, shape in model.parameters.items()}
many, state = model.updates(made, rows, 8), made.init(params)
placed, calls, deleted, ready = [], [], [], []
place, call = Spread.place, Spread.__call__

def placing(self, k, array):
    placed.append(k)
    return place(self, k, array)

def calling(self, arrays):
    calls.append(1)
    found = call(self, arrays)
    ready.append(all(y.is_ready() for y in found))
    deleted.append(sum(x.is_deleted() for x in arrays))
    return found

Spread.place, Spread.__call__ = placing, calling
many.at_once = 40
many(params, state, np.arange(320), 0, 8, 40)
inputs = len(placed)
one = [len(calls), inputs == len(set(placed)), deleted[0], ready[0], sum(bool(np.ndim(p)) for p in params.values())]
many.at_once = 1
for first in [8 * (k % 40) for k in range(200)]:
    params, state, _ = many(params, state, np.arange(320), first, 8, 1)
print(json.dumps([*one, len(calls) - 1, all(ready)]))
"""


def test_on_a_mesh_too_an_epoch_is_one_call_and_no_two_calls_are_in_flight():
    """On CPUs the collectives of calls in flight can meet and hang, so each is waited for: 200 of them end."""
    found = json.loads(run(ON_MESH.replace("TEXT", repr(LOGISTIC))).splitlines()[-1])
    calls, once, deleted, ready, parameters, after, all_ready = found
    assert calls == 1
    assert once, "each input is brought to the devices once for forty updates"
    assert parameters == 1
    assert deleted >= 3 * parameters, "the memory of parameters and both moments was given away"
    assert ready
    assert after == 200
    assert all_ready


def test_a_checkpoint_is_written_while_the_training_goes_on(tmp_path, monkeypatch):
    """The writer waits at its end until it is told: `save` has come back by then, and the folder is not there yet."""
    import orbax.checkpoint as orbax

    may_end, waited = threading.Event(), []
    finalize = orbax.StandardCheckpointHandler.finalize

    def held(self, *args, **options):
        waited.append(may_end.wait(60))
        return finalize(self, *args, **options)

    monkeypatch.setattr(orbax.StandardCheckpointHandler, "finalize", held)
    said: list[str] = []
    store = mesh_target().store(tmp_path, said.append)
    store.save(7, {"a": np.arange(5.0)}, {"count": 7})
    assert not (tmp_path / "7").exists()
    may_end.set()
    store.wait()
    assert (tmp_path / "7").is_dir()
    assert waited == [True]
    assert said == []

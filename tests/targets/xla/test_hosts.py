"""Two processes that share one mesh by gloo: who has which part, what they agree on, what they refuse, and one torn checkpoint of two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wengert.train.meeting import free_port

ROOT = Path(__file__).parents[3]
LIMIT = 300
SAID = r"""
import json, sys
from pathlib import Path
import numpy as np
import wengert as wg
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.errors import WengertError
from wengert.targets.base import mesh_target
from wengert.targets.mesh import MeshLayout

address, rank, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
target = mesh_target()
target.join(address, 2, rank, 60)
found = {"rank": target.rank(), "processes": target.processes(), "devices": len(wg.devices())}
found["agree"] = [target.agree("same"), target.agree(f"I am {rank}"), target.agree("same again")]

def tried(f, *args):
    try:
        return f(*args)
    except WengertError as error:
        return str(error).splitlines()

found["parts"] = {
    str(mesh): {axis: tried(target.part_of, mesh, axis) for axis in (*mesh.axes, None)}
    for mesh in (wg.Mesh(data=6), wg.Mesh(data=2), wg.Mesh(data=2, model=3), wg.Mesh(model=3, data=2), wg.Mesh(data=3), wg.Mesh(data=1))
}

def spread(name, spec):
    x = input_node("x", ArrayType((6,), "float64"))
    return target.spread(Graph((x,), (apply(OPS[name], x),), ("y",)), MeshLayout(wg.Mesh(data=6), [spec], [spec]), {})

program = spread("exp", ("data",))
rows = np.arange(6.0) / 7
own = program.fetch(*program([program.place_own(0, rows[3 * rank : 3 * rank + 3])]))
all = program.fetch(*program([program.place(0, rows)]))
found["own"] = [bool((own == all).all()), float(np.max(np.abs(own - np.exp(rows))))]
found["refused"] = [tried(spread, name, ("data",)) for name in ("j0",)]

said = []
store = target.store(folder, said.append)
big = np.random.default_rng(0).normal(size=(6, 4000))
arrays = {"a": big, "b": np.float64(3.0)}
for step in (1, 2):
    store.save(step, {"a": big + step, "b": np.float64(step)}, {"step": step})
store.wait()
target.agree("written")
again = target.store(folder, said.append)
read = again._read
if rank == 1:  # which cannot read the arrays of the newest
    def unreadable(step, handler, **item):
        if step == 2 and "arrays" in item:
            raise OSError("Input/output error")
        return read(step, handler, **item)
    again._read = unreadable
kept, facts = again.latest(arrays, lambda facts: None)
found["kept"] = [bool((kept["a"] == big + 1).all()), float(kept["b"]), facts]
found["said"] = said
target.agree("read")
found["names"] = sorted(f.name for f in folder.iterdir())
print(json.dumps(found), flush=True)
target.leave()
"""


@pytest.fixture(scope="module")
def ranks(tmp_path_factory) -> list[dict]:
    """What each of two processes with three devices finds."""
    folder, address = tmp_path_factory.mktemp("hosts"), f"127.0.0.1:{free_port()}"
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    flags = "--xla_force_host_platform_device_count=3"
    env = {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SAID, address, str(rank), str(folder)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    found = []
    try:
        for process in started:
            out, said = process.communicate(timeout=LIMIT)
            assert process.returncode == 0, said
            found.append(json.loads(next(line for line in out.splitlines() if line.startswith("{"))))
    finally:
        for process in started:
            process.kill()
    return found


def test_each_knows_who_it_is_and_how_many_devices_there_are(ranks):
    assert [each["rank"] for each in ranks] == [0, 1]
    assert {(each["processes"], each["devices"]) for each in ranks} == {(2, 6)}


def test_they_agree_on_what_is_the_same_alone(ranks):
    assert [each["agree"] for each in ranks] == [[True, False, True]] * 2


def test_each_has_its_part_along_an_axis_of_the_mesh(ranks):
    for rank, each in enumerate(ranks):
        parts = each["parts"]
        assert parts["Mesh(data=6)"] == {"data": [rank, 2], "null": [0, 1]}
        assert parts["Mesh(data=2)"]["data"] == [rank, 2]
        assert parts["Mesh(data=2, model=3)"] == {"data": [rank, 2], "model": [0, 1], "null": [0, 1]}
        assert parts["Mesh(model=3, data=2)"]["data"] == [0, 1]


def test_parts_that_overlap_are_refused(ranks):
    for each in ranks:
        assert each["parts"]["Mesh(model=3, data=2)"]["model"] == [
            "The processes have no parts along 'model' that lie apart.",
            "  Mesh(model=3, data=2) over 2 processes",
            "Name the axis of the examples first:  --mesh model=…,…",
        ]


def test_a_mesh_that_the_processes_do_not_share_evenly_is_refused(ranks):
    for each in ranks:
        for count in (1, 3):
            assert each["parts"][f"Mesh(data={count})"]["data"] == [
                f"The mesh has {count} devices, which 2 processes do not share evenly.",
                f"  Mesh(data={count}); they have 3, 3",
                "Take a multiple of 2 devices, or start another number of processes.",
            ]


def test_arrays_of_which_each_process_gives_its_part_are_those_of_the_whole(ranks):
    for each in ranks:
        same, apart = each["own"]
        assert same
        assert apart < 1e-15


def test_calls_of_numpy_are_refused_by_name(ranks):
    for each in ranks:
        assert each["refused"] == [
            [
                "'j0' is a call of NumPy, which a program of several devices cannot make.",
                "  its result is float64[6]; Mesh(data=6)",
                "Leave the mesh out, or write it in other terms.",
            ]
        ]


def test_what_is_torn_for_one_process_is_laid_aside_by_all(ranks):
    for each, why in zip(ranks, ("for another rank", "Input/output error"), strict=True):
        assert each["kept"] == [True, 1.0, {"step": 1}]
        assert each["said"] == [f"The checkpoint of step 2 is torn ({why}); the one before it is used."]
        assert each["names"] == ["1", "torn-2"]

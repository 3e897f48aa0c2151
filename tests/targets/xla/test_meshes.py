"""Sharding by letter on eight virtual devices: the same numbers as on one, the collectives that one would write by hand."""

from __future__ import annotations

import json

import pytest

from tests.targets.xla.meshes import run

HIDDEN = """params w⁽¹⁾, b⁽¹⁾, w⁽²⁾, b⁽²⁾
data x, t

z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i
h_i = σ(z_i)
y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k
L = ½ Σ_k (y_k − t_k)²
"""
LOGISTIC = """params w, b
data x, t

z = Σ_j w_j x_j + b
y = σ(z)
L = −t log y − (1 − t) log(1 − y)
"""
SIZES = {"hidden": {"n": 64, "i": 32, "j": 16, "k": 8}, "logistic": {"n": 64, "j": 16}}
CASES = [
    ("hidden", {"data": 8}, {"n": "data"}, [("all-reduce", "data")]),
    ("hidden", {"model": 8}, {"i": "model"}, [("all-reduce", "model")]),
    ("hidden", {"data": 4, "model": 2}, {"n": "data", "i": "model"}, [("all-reduce", "model"), ("all-reduce", "data")]),
    ("logistic", {"data": 8}, {"n": "data"}, [("all-reduce", "data")]),
    ("logistic", {"model": 8}, {"j": "model"}, [("all-reduce", "model")]),
    (
        "logistic",
        {"data": 4, "model": 2},
        {"n": "data", "j": "model"},
        [("all-reduce", "model"), ("all-reduce", "data")],
    ),
]
SHARDS = """
import json
import wengert as wg
from wengert.api import equations_from_text
from wengert.train.shards import shards
from wengert.targets.mesh import Sharding
for text, mesh, letters, sizes in json.loads({given!r}):
    system = equations_from_text(text).batch(["x", "t"])
    found = shards(system.backward(), Sharding(wg.Mesh(**mesh), letters), sizes)
    print(json.dumps([[c.kind, "+".join(c.over), list(c.lines)] for c in found.found]))
"""
TRAINED = """
import json
import numpy as np
import wengert as wg
from wengert.train.equations import task
from wengert.train.optimizers import optimizer
from wengert.targets.mesh import Sharding

def sharding(mesh, letters):
    return None if mesh is None else Sharding(wg.Mesh(**mesh), letters)

def trained(text, mesh, letters, sizes, moved=0.0):
    rng = np.random.default_rng(0)
    n = 160  # minibatches of 64, 64 and a last one of 32
    x = rng.normal(size=(n, sizes["j"]))
    t = rng.normal(size=(n, sizes["k"])) if "k" in sizes else (rng.random(n) < 0.5).astype(float)
    named = {"i": sizes["i"]} if "i" in sizes else {}
    model = task(text, backend="xla", sharding=sharding(mesh, letters)).build({"x": x, "t": t}, named)
    params = {k: rng.normal(size=s) * 0.3 * (1 + moved) for k, s in model.parameters.items()}
    made = optimizer("adam", learning_rate=0.01)
    state = made.init(params)
    updates = model.updates(made, {"x": x, "t": t}, 64)
    losses = []
    for epoch in range(17):
        order = np.random.default_rng(epoch).permutation(n)
        for first, batch, count in ((0, 64, 2), (128, 32, 1)):
            params, state, found = updates(params, state, order, first, batch, count)
            losses += found
    return np.concatenate([np.ravel(p) for p in params.values()]), losses

def apart(a, b):
    return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))

for text, mesh, letters, sizes in json.loads({given!r}):
    one, losses = trained(text, None, None, sizes)
    control, _ = trained(text, None, None, sizes, moved=2.0**-52)
    many, other = trained(text, mesh, letters, sizes)
    print(json.dumps([apart(many, one), apart(control, one), len(losses), apart(np.array(other), np.array(losses))]))
"""
BLOCK = """
q⁽L⁾_ih = Σ_d a⁽L⁾_dh X_id
k⁽L⁾_jh = Σ_d c⁽L⁾_dh X_jd
s⁽L⁾_ij = Σ_h q⁽L⁾_ih k⁽L⁾_jh
p⁽L⁾_ij = exp(s⁽L⁾_ij) / Σ_l exp(s⁽L⁾_il)
g⁽L⁾_jh = Σ_d v⁽L⁾_dh X_jd
m⁽L⁾_ih = Σ_j p⁽L⁾_ij g⁽L⁾_jh
r⁽L⁾_id = X_id + Σ_h o⁽L⁾_hd m⁽L⁾_ih
f⁽L⁾_ie = tanh(Σ_d w⁽L⁾_de r⁽L⁾_id)
z⁽L⁾_id = r⁽L⁾_id + Σ_e u⁽L⁾_ed f⁽L⁾_ie
"""
PARAMETERS = {"a": "dh", "c": "dh", "v": "dh", "o": "hd", "w": "de", "u": "ed"}
NAMES = ", ".join(f"{name}⁽{layer}⁾" for layer in "¹²" for name in PARAMETERS)
TRANSFORMER = (
    f"params {NAMES}\ndata x, y\n"
    + BLOCK.replace("⁽L⁾", "⁽¹⁾").replace("X_", "x_")
    + BLOCK.replace("⁽L⁾", "⁽²⁾").replace("X_", "z⁽¹⁾_")
    + "L = ½ Σ_i Σ_d (z⁽²⁾_id − y_id)²\n"
)
TRANSFORMED = """
import json
import numpy as np
import wengert as wg
from wengert.api import equations_from_text

text, parameters = json.loads({given!r})
sizes = {"i": 8, "j": 8, "d": 8, "h": 8, "e": 16}
derivation = equations_from_text(text).batch(["x", "y"]).backward()
rng = np.random.default_rng(0)
given = {k: rng.normal(size=(16, 8, 8)) for k in "xy"}
begin = {
    f"{name}_{layer}": rng.normal(size=[sizes[letter] for letter in letters]) / 4
    for layer in (1, 2)
    for name, letters in parameters.items()
}

def after(f, params):
    for _ in range(50):
        loss, gradients = f(**params, **given)
        params = {name: p - 0.001 * gradients[name] for name, p in params.items()}
    return np.concatenate([p.ravel() for p in params.values()])

def apart(a, b):
    return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))

one = after(derivation.function("xla"), begin)
moved = after(derivation.function("xla"), {k: p * (1 + 2.0**-52) for k, p in begin.items()})
print(json.dumps(apart(moved, one)))
for mesh, letters in (
    ({"data": 8}, {"n": "data"}),
    ({"model": 8}, {"h": "model", "e": "model"}),
    ({"data": 4, "model": 2}, {"n": "data", "h": "model", "e": "model"}),
):
    many = after(derivation.function("xla", wg.Mesh(**mesh), letters), begin)
    print(json.dumps(apart(many, one)))
"""
TEXTS = {"hidden": HIDDEN, "logistic": LOGISTIC}


def given(cases) -> str:
    return json.dumps([(TEXTS[name], mesh, letters, SIZES[name]) for name, mesh, letters, _ in cases])


def lines_of(script: str, cases) -> list:
    text = script.replace("{given!r}", repr(given(cases)))
    return [json.loads(line) for line in run(text).splitlines()]


def test_each_sharding_costs_the_collectives_that_one_would_write():
    for (_, _, _, expected), found in zip(CASES, lines_of(SHARDS, CASES), strict=True):
        assert [(kind, over) for kind, over, _ in found] == expected
    hidden = lines_of(SHARDS, CASES[:2])
    assert set(hidden[0][0][2]) == {"L", "w_1_bar", "b_1_bar", "w_2_bar", "b_2_bar"}
    assert hidden[1][0][2] == ["y"]


def test_fifty_steps_on_eight_devices_are_those_on_one():
    for found in lines_of(TRAINED, CASES):
        apart, control, steps, losses = found
        assert steps == 51
        assert control < 1e-12, "a start moved by one ulp would differ as much: the case shows nothing"
        assert apart < 1e-12
        assert losses < 1e-12


def test_fifty_steps_of_a_transformer_on_eight_devices_are_those_on_one():
    script = TRANSFORMED.replace("{given!r}", repr(json.dumps([TRANSFORMER, PARAMETERS])))
    control, *found = (json.loads(line) for line in run(script).splitlines())
    assert control < 1e-12, "a start moved by one ulp would differ as much: the case shows nothing"
    assert len(found) == 3
    assert max(found) < 1e-12


@pytest.mark.parametrize(
    ("mesh", "shard", "message"),
    [
        (
            "data=8",
            "q=data",
            "No axis has the letter 'q'.\n  the letters are i, j, k, n\nShard one of these.\n",
        ),
        (
            "data=3",
            "n=data",
            (
                "The size 64 of the letter 'n' does not divide over 3 devices.\n"
                "  'x' has it, and n lies over data=3\nTake 63 or 66, another mesh, or leave n whole.\n"
            ),
        ),
        (
            "data=16",
            "n=data",
            (
                "The mesh has 16 devices, and there are 8.\n  Mesh(data=16)\n"
                "Make it smaller, start more processes, or let the CPU count as several:  "
                "XLA_FLAGS=--xla_force_host_platform_device_count=16\n"
            ),
        ),
        (
            "data=8",
            "n=rows",
            "The mesh has no axis 'rows'.\n  n=rows; the axes are data\nName one of these.\n",
        ),
        (
            "data=2,data=4",
            "n=data",
            "The mesh has the axis 'data' twice.\n  --mesh data=2,data=4\nGive each axis once.\n",
        ),
        (
            "data=4,model=2",
            "n=data,n=model",
            "The letter 'n' is given twice.\n  --shard n=data,n=model\nGive each letter once.\n",
        ),
        (
            "data",
            "n=data",
            "'data' is no list of names and values.\n  --mesh data\nWrite, for example:  --mesh data=4,model=2\n",
        ),
    ],
)
def test_a_mesh_that_does_not_fit_is_said(tmp_path, mesh, shard, message):
    assert stages(tmp_path, mesh, shard, status=2) == message


SPREAD = {
    ("data=4,model=2", "n=data,i=model"): (
        "n over data, i over model",
        ["y_nk: all-reduce over model, 1024 bytes"],
    ),
    ("data=4,model=2", "n=data,k=model"): ("n over data", ["L, h̄_ni: all-reduce over model, 4104 bytes"]),
    ("model=8", "k=model"): ("whole on every device", ["L, h̄_ni: all-reduce over model, 16392 bytes"]),
    ("model=8", "j=model"): ("whole on every device", ["z_ni: all-reduce over model, 16384 bytes"]),
}


@pytest.mark.parametrize(("mesh", "shard"), SPREAD)
def test_stages_says_how_each_quantity_lies_and_what_each_line_costs_in_letters(tmp_path, mesh, shard):
    """Error signals lie as their quantities; bytes are those of one device: 8 · 64/4 · 32 of h̄ and 8 of L."""
    lies, costs = SPREAD[mesh, shard]
    quantities, _, collectives = stages(tmp_path, mesh, shard).partition("\n\n")
    assert f"z_ni, z̄_ni: {lies}" in quantities.splitlines()
    assert f"h_ni, h̄_ni: {lies}" in quantities.splitlines()
    assert "L, L̄: whole on every device" in quantities.splitlines()
    found = collectives.splitlines()
    over_data = "L, w̄⁽¹⁾_ij, b̄⁽¹⁾_i, w̄⁽²⁾_ki, b̄⁽²⁾_k: all-reduce over data, "
    assert [line for line in found if "over model" in line] == costs
    assert [line.startswith(over_data) for line in found if "over data" in line] == [True] * ("data" in mesh)


def stages(tmp_path, mesh: str, shard: str, status: int = 0) -> str:
    """What `wengert stages --stop shards` prints."""
    file = tmp_path / "hidden.txt"
    file.write_text(HIDDEN, encoding="utf-8")
    command = ["stages", str(file), "--stop", "shards", "--batch", "x,t", "--mesh", mesh, "--shard", shard]
    command += [f"--size={letter}={size}" for letter, size in SIZES["hidden"].items()]
    script = f"""
import sys, contextlib
from wengert.cli import main
sys.argv = ["wengert", *{command!r}]
with contextlib.redirect_stderr(sys.stdout):
    main()
"""
    return run(script, status=status)


ALONE = """
import json
import numpy as np
import wengert as wg
import wengert.core.ops
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.errors import GraphError
from wengert.targets.base import mesh_target
from wengert.targets.mesh import MeshLayout

def spread(name, shape, spec, after, **params):
    x = input_node("x", ArrayType(shape, "float64"))
    graph = Graph((x,), (apply(OPS[name], x, **params),), ("y",))
    return mesh_target().spread(graph, MeshLayout(wg.Mesh(data=8), [spec], [after]), {})

for case in (("j0", (16,), ("data",), ("data",), {}), ("max", (8, 0), ("data", None), ("data",), {"axes": (1,), "keepdims": False})):
    try:
        spread(*case[:4], **case[4])
    except GraphError as error:
        print(json.dumps(str(error).splitlines()))
"""


def test_what_xla_does_not_run_itself_is_refused_on_a_mesh_by_name():
    called, alone = (json.loads(line) for line in run(ALONE).splitlines())
    assert called == [
        "'j0' is a call of NumPy, which a program of several devices cannot make.",
        "  its result is float64[16]; Mesh(data=8)",
        "Leave the mesh out, or write it in other terms.",
    ]
    assert alone == [
        "'max' is run by NumPy alone, and on a mesh a graph is one program of XLA.",
        "  its result is float64[8]",
        "Leave the mesh out, or write it in other terms.",
    ]

"""What needs more memory than is there is refused before it is begun, with its size, on every route."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
from wengert import memory
from wengert.errors import MemoryLimitError

GIB = 2**30
X = np.ones(20_000)
"""Its square has 3 GiB."""


@pytest.fixture(autouse=True)
def one_gib(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: GIB)


def outer(x):
    return np.multiply.outer(x, x)


ROUTES = {
    "jacobian": lambda: wg.jacobian(np.sin)(X),
    "forward jacobian": lambda: wg.jacobian(np.sin, mode="forward")(X),
    "reverse jacobian": lambda: wg.jacobian(np.sin, mode="reverse")(X),
    "jacobian beside more": lambda: wg.jacobian(lambda x: (np.sin(x), 3), has_aux=True)(X),
    "jacobian by two": lambda: wg.jacobian(lambda x, y: x * y, (0, 1))(X, X),
    "hessian": lambda: wg.hessian(lambda x: np.sum(x**3))(X),
    "jacobian of a gradient": lambda: wg.jacobian(wg.grad(lambda x: np.sum(x**3)))(X),
    "compiled jacobian": lambda: wg.compile(wg.jacobian(np.sin))(X),
    "vmap": lambda: wg.vmap(lambda a: a * X)(X),
    "vmap of a gradient": lambda: wg.vmap(wg.grad(lambda x: np.sum(np.sin(x) * x)), in_axes=(None,), axis_size=20_000)(
        X
    ),
    "compiled vmap": lambda: wg.compile(wg.vmap(lambda a: a * X))(X),
    "compiled outer product": lambda: wg.compile(outer)(X),
    "outer product by the interpreter": lambda: wg.compile(outer, backend="interpreter")(X),
    "between, by the interpreter": lambda: wg.compile(lambda x: np.sort(outer(x), 0)[0], backend="interpreter")(X),
    "between, in machine code": lambda: wg.compile(lambda x: np.sum(np.cumsum(np.sin(outer(x)), 0) ** 2))(X),
    "compiled broadcast": lambda: wg.compile(lambda x: x[:, None] + x)(X),
}


@pytest.mark.parametrize("route", [name for name in ROUTES if name != "vmap of a gradient"])
def test_a_result_that_does_not_fit_is_refused_with_its_size(route):
    with pytest.raises(MemoryLimitError) as caught:
        ROUTES[route]()
    what, where, repair = str(caught.value).split("\n")
    assert " GiB, and 1 GiB are there." in what
    assert "float64[" in where or where.endswith("between the results")
    assert repair.startswith(("Ask for its products", "Work on fewer entries"))
    assert isinstance(caught.value, MemoryError)


def test_what_is_the_same_for_all_entries_of_a_batch_is_not_laid_out_but_a_result_is():
    with pytest.raises(MemoryLimitError, match=r"needs 2\.98 GiB, and 1 GiB are there"):
        ROUTES["vmap of a gradient"]()


def test_nothing_is_derived_before_it_is_refused(monkeypatch):
    calls = []
    monkeypatch.setattr("wengert.functions.transforms.matrices.blocks", lambda *given: calls.append(given))
    for name in ("jacobian", "hessian"):
        with pytest.raises(MemoryLimitError):
            ROUTES[name]()
    assert not calls


def test_the_sentence_says_what_how_much_and_what_instead():
    with pytest.raises(MemoryLimitError) as caught:
        wg.jacobian(np.sin)(X)
    assert str(caught.value).split("\n") == [
        "A Jacobian needs 2.98 GiB, and 1 GiB are there.",
        "  of float64[20000] by float64[20000]",
        "Ask for its products with vectors:  wg.jvp, wg.vjp or wg.hvp",
    ]


def test_what_is_summed_on_the_way_is_not_refused():
    total = wg.compile(lambda x: np.sum(np.sin(outer(x))))(np.ones(9_000))
    assert total == pytest.approx(81e6 * np.sin(1.0))


def test_what_numpy_cannot_allocate_is_said_in_three_lines():
    x = np.ones(10**6, np.bool_)
    for route in (lambda: wg.grad(lambda s: s * np.sum(np.multiply.outer(np.broadcast_to(s, 10**6), x)))(1.0),):
        with pytest.raises(MemoryLimitError) as caught:
            route()
        what, where, _ = str(caught.value).split("\n")
        assert what == "An array on the way does not fit in the memory that is there."
        assert "Unable to allocate" in where


# ---------------------------------------------------------------- what is there


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.undo()
    for name in ("_GROUPS", "_PROCESS", "_SYSTEM"):
        monkeypatch.setattr(memory, name, tmp_path / name)
    (tmp_path / "_SYSTEM").write_text(f"MemTotal: 99 kB\nMemAvailable:    {8 * 2**20} kB\nSwapFree:  {2**20} kB\n")
    (tmp_path / "_PROCESS").mkdir()
    return tmp_path


def write(path, **files):
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name.replace("__", ".")).write_text(str(content))


def test_the_system_says_what_is_available(machine):
    assert memory.available() == 9 * GIB


def test_the_narrowest_group_counts_and_pages_of_files_are_given_back(machine):
    (machine / "_PROCESS" / "cgroup").write_text("0::/a/b\n")
    write(machine / "_GROUPS" / "a" / "b", memory__max="max", memory__current=3 * GIB)
    assert memory.available() == 9 * GIB
    write(machine / "_GROUPS" / "a", memory__max=4 * GIB, memory__current=3 * GIB)
    assert memory.available() == GIB
    write(machine / "_GROUPS" / "a", memory__stat=f"anon 5\ninactive_file {GIB}\n")
    assert memory.available() == 2 * GIB
    write(machine / "_GROUPS" / "a" / "b", memory__max=GIB, memory__current=2 * GIB)
    assert memory.available() == 0


def test_groups_of_the_first_version_count(machine):
    (machine / "_PROCESS" / "cgroup").write_text("5:cpu:/x\n3:memory,other:/a\n")
    write(machine / "_GROUPS" / "memory" / "a", memory__limit_in_bytes=5 * GIB, memory__usage_in_bytes=2 * GIB)
    assert memory.available() == 3 * GIB


def test_the_limit_of_addresses_counts(machine, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (6 * GIB, 6 * GIB))
    (machine / "_PROCESS" / "statm").write_text(f"{2 * GIB // 4096} 1 1\n")
    monkeypatch.setattr(memory.os, "sysconf", lambda name: 4096)
    assert memory.available() == 4 * GIB


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1.02e+03 bytes"), (1024, "1 KiB"), (8 * 10**12, "7.28 TiB"), (2**90, "1.07e+09 EiB")],
)
def test_sizes_are_shown_in_powers_of_1024(count, text):
    assert memory.shown(count) == text

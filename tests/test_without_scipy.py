"""SciPy is an extra: what the base does runs in a process that cannot import it, and the rest says how to install it."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
HOOK = """
import contextlib, io, json, sys, traceback

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("scipy", "sklearn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def printed(name, script):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            exec(compile(script, name, "exec"), {"__name__": "__main__"})
        except SystemExit as leave:
            return [leave.code or 0, said.getvalue()]
        except BaseException:
            return [1, said.getvalue() + traceback.format_exc()]
    return [0, said.getvalue()]

sys.meta_path.insert(0, Missing())
print(json.dumps([printed(*each) for each in json.load(sys.stdin)]))
"""
"""Runs scripts where SciPy cannot be imported: one process does all of them."""
COMMANDS = (
    "derive examples/hidden_layer.txt",
    "derive examples/hidden_layer.txt --steps",
    "trace examples/lecture_unit.tex --wrt w,b --seed 0",
    "check {folder}/by_hand.txt",
    "stages examples/softmax_regression.txt --stop asm --size y=3 --size x=2",
    "diff examples/hidden_layer.txt examples/hidden_layer.md",
    "train examples/linear_regression.txt --data {folder}/data.npz --set lam=0.1 --epochs 2 --out {folder}/model.safetensors",
)
README = "tests/test_docs.py::test_document_runs_and_prints_what_it_says[README.md]"
EQUATIONS = """
import wengert as wg
system = wg.equations('''
    z = w x + b
    y = erf(z)
    p = softmax(V u)
    L = ½ (y − t)² + erfc(z) + erfinv(0.3 y) + σ(z) + gelu(w) − Σ_k s_k log p_k
''')
derivation = system.backward(wrt=["w", "b", "V"])
derivation.check()
values = dict(w=0.5, x=2.0, b=0.1, t=1.0, V=[[0.1, 0.2], [0.3, -0.4]], u=[1.0, 2.0], s=[0.0, 1.0])
for backend in ("native", "interpreter"):
    loss, found = derivation.function(backend)(**values)
    print(loss, *found["V"].ravel(), found["w"], found["b"])
print(wg.equations("L = lgamma(x)").forward(x=2.5)["L"])
"""
FUNCTIONS = """
import numpy as np
import wengert as wg
x = np.random.default_rng(0).normal(size=(3, 3))

def f(x):
    s = x @ x.T + np.eye(3)
    lower = np.linalg.cholesky(s)
    q, r = np.linalg.qr(x)
    return np.sum(lower) + np.sum(r) + np.sum(np.linalg.solve(s, x)) + np.linalg.slogdet(s)[1] + np.sum(np.tanh(q))

print(*wg.compile(np.i0)(x[0]))
for value in [*(wg.grad(f)(x) for _ in range(4)), wg.compile(wg.grad(f))(x), wg.hessian(f)(x), wg.jvp(f, (x,), (x,))[1]]:
    print(*np.ravel(value))
print(*wg.grad(lambda x: np.sum(1 / (1 + np.exp(-x)) + np.logaddexp(x, 0)))(800 * x[0]))
"""
NEEDS = (
    ("import wengert.scipy.linalg", "'wengert.scipy' needs SciPy"),
    ("from wengert.scipy import special", "'wengert.scipy' needs SciPy"),
    ("wg.equations('L = lgamma(x)').backward(wrt=['x']).function()(x=2.5)", "'digamma' needs SciPy"),
    ("wg.equations('L = lgamma(x)').backward(wrt=['x']).function('interpreter')(x=2.5)", "'digamma' needs SciPy"),
    ("wg.equations('L = lgamma(x)').backward(wrt=['x']).check()", "'digamma' needs SciPy"),
    ("wg.grad(np.i0)(2.0)", "'i1' needs SciPy"),
    ("wg.compile(wg.grad(np.i0))(2.0)", "'i1' needs SciPy"),
)


def scripts(folder: Path) -> dict[str, str]:
    """What is run, by name."""
    found = {"import": "try:\n    import scipy.linalg\nexcept ImportError as error:\n    print(error.name)"}
    for command in COMMANDS:
        arguments = ["wengert", *command.format(folder=folder).split()]
        found[command] = f"import sys\nfrom wengert import cli\nsys.argv = {arguments!r}\ncli.main()"
    for statement, _ in NEEDS:
        found[statement] = (
            f"import numpy as np, wengert as wg\ntry:\n    {statement}\nexcept ImportError as error:\n    print(error)"
        )
    readme = f"import pytest\nprint('rc', int(pytest.main(['-n', '0', '-p', 'no:cacheprovider', {README!r}])))"
    return found | {EQUATIONS: EQUATIONS, FUNCTIONS: FUNCTIONS, README: readme}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What a script prints where SciPy cannot be imported, by its name."""
    folder = tmp_path_factory.mktemp("without")
    rng = np.random.default_rng(0)
    (folder / "by_hand.txt").write_text("z = w x\nL = ½ z²\n\nz̄ = z\nw̄ = z̄ x\n", encoding="utf-8")
    np.savez(folder / "data.npz", x=rng.normal(size=(20, 3)), t=rng.normal(size=20))
    given = list(scripts(folder).items())
    done = subprocess.run(
        [sys.executable, "-c", HOOK], input=json.dumps(given), capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {name: result for (name, _), result in zip(given, json.loads(done.stdout), strict=True)}

    def run(name: str) -> str:
        status, said = found[name]
        assert status == 0, said + done.stderr
        return said

    return run


def test_scipy_cannot_be_imported(run):
    assert run("import") == "scipy\n"


def test_the_readme_runs(run):
    found = run(README)
    assert "1 passed" in found
    assert found.endswith("rc 0\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(run, command):
    assert run(command)


@pytest.mark.parametrize("script", [EQUATIONS, FUNCTIONS], ids=["equations", "functions"])
def test_numbers_are_those_with_scipy(run, script):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(script, {})
    without, beside = (np.array(text.split(), dtype=float) for text in (run(script), said.getvalue()))
    np.testing.assert_allclose(without, beside, rtol=1e-12, atol=1e-13)
    assert np.any(without)


@pytest.mark.parametrize(("statement", "what"), NEEDS)
def test_what_needs_scipy_says_so(run, statement, what):
    said = run(statement)
    assert said.startswith(f"{what}, which is not installed.\n  ")
    assert said.endswith("\nInstall it:  pip install scipy\n")
    assert said.count("\n") == 3

"""Files of C: each compiles without a warning, and passes its own test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from modules import ENTRIES, module

COMPILER = shutil.which("gcc") or shutil.which("cc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror"]

pytestmark = pytest.mark.skipif(COMPILER is None, reason="this machine has no compiler of C")


def compiled(source: str, folder: Path, *flags: str) -> Path:
    """What a file becomes; the test fails where the compiler has anything to say."""
    assert COMPILER is not None
    (folder / "module.c").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [COMPILER, *FLAGS, *flags, "module.c", "-o", "module", "-lm"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "module"


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_compiles_and_passes_its_own_test(key: str, tmp_path: Path) -> None:
    program = compiled(module(key, "c"), tmp_path, "-DTEST")
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the derivatives agree with differences\n")


def test_without_the_macro_it_is_an_object_without_main(tmp_path: Path) -> None:
    compiled(module("E12", "c"), tmp_path, "-c")


def test_a_wrong_line_fails_the_files_own_test(tmp_path: Path) -> None:
    source = module("E12", "c")
    wrong = source.replace("dh[i] = sum_1;", "dh[i] = 2.0 * sum_1;")
    assert wrong != source
    done = subprocess.run([compiled(wrong, tmp_path, "-DTEST")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "dw_1: " in done.stdout


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("E12", "sum_1 += w_1[i * n_j + j] * x[j];"),
        ("E12", "dz[i] = dh[i] * h[i] * (1.0 - h[i]);"),
        ("E48", "dX[(c * n_p + (i + m)) * n_q + (j + n)] += sum_2;"),
        ("E51", "dC[s[t] * n_j + j] += dE[t * n_j + j];"),
        ("E53", "for (int t = 4 - 1; t >= 0; t--) {"),
    ],
)
def test_lines_read_as_one_writes_them(key: str, line: str) -> None:
    assert line in [each.strip() for each in module(key, "c").splitlines()]

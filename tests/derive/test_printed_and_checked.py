"""What `derive` prints is a derivation by hand like others: `check --strict` takes it unchanged and finds every line right."""

from __future__ import annotations

import pytest

import wengert as wg
from tests.derive.corpus import beyond, entries
from tests.thorough import everyday

CORPUS = entries() | beyond()
SHORT = {
    ("E37", "index"): "an assumption of the system is printed as a remark only",
    ("E37", "matrix"): "an assumption of the system is printed as a remark only",
    ("E39", "index"): "a signal that cancels is 0 but for rounding",
    ("E39", "matrix"): "a signal that cancels is 0 but for rounding",
    ("E42", "matrix"): "that C is the size of a vector is not printed",
    ("E43", "matrix"): "that N is the size of a vector is not printed",
    ("E48", "index"): "subscripts are printed without commas, which a shifted index needs",
    ("E48", "matrix"): "subscripts are printed without commas, which a shifted index needs",
}
"""Where it does not come back, and why."""


def printed(key: str, form: str, notation: str) -> str:
    system = wg.equations(CORPUS[key].text("text"), "text")
    derivation = system.backward().in_form(form)
    if notation == "latex":
        return f"{system.latex(form)}\n{derivation.latex()}"
    return derivation.text(ascii=notation == "ascii")


def cases() -> list[object]:
    return [
        pytest.param(
            key,
            form,
            marks=[pytest.mark.xfail(reason=SHORT[key, form], strict=True)] if (key, form) in SHORT else [],
        )
        for key in CORPUS
        for form in ("index", "matrix")
    ]


@everyday(2, "key", "form", "notation")
@pytest.mark.parametrize("notation", ["unicode", "ascii", "latex"])
@pytest.mark.parametrize(("key", "form"), cases())
def test_what_is_printed_is_right(key: str, form: str, notation: str):
    found = wg.review(printed(key, form, notation))
    assert [(row.status, row.text, row.note) for row in found.rows if row.status in ("wrong", "unread")] == []
    assert found.count("holds")


@pytest.mark.parametrize("notation", [[], ["--ascii"], ["--latex"]])
@pytest.mark.parametrize("form", ["index", "matrix"])
def test_the_command_line_checks_its_own_output(form: str, notation: list[str], tmp_path, monkeypatch, capsys):
    import sys

    from wengert.cli import main

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["wengert", *arguments])
        try:
            main()
        except SystemExit as left:
            return int(left.code or 0), capsys.readouterr().out
        return 0, capsys.readouterr().out

    equations, derived = tmp_path / "unit.txt", tmp_path / "derived.md"
    equations.write_text("z_i = Σ_j w_ij x_j\ny_i = σ(z_i)\nL = ½ Σ_i (y_i − t_i)²\n", encoding="utf-8")
    sizes = ["--size", "i=2", "--size", "j=2"]
    status, text = run("derive", str(equations), "--form", form, *notation, *sizes)
    assert status == 0
    derived.write_text(text, encoding="utf-8")
    status, report = run("check", "--strict", str(derived))
    assert status == 0, report

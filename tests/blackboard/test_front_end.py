"""The build of the front end: when it is stale, what it asks for, and what the catalogues and the lock file hold."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import shutil
from pathlib import Path

import pytest

from wengert.blackboard.page import bundle
from wengert.blackboard.samples import EXAMPLES
from wengert.notes.claims.kinds import SENTENCES
from wengert.notes.show.diagram import KINDS

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"


@pytest.fixture
def front_end(tmp_path):
    """The builder over a copy of its sources."""
    (tmp_path / "build_backend").mkdir()
    shutil.copy(ROOT / "build_backend" / "front_end.py", tmp_path / "build_backend")
    shutil.copytree(WEB, tmp_path / "web", ignore=shutil.ignore_patterns("node_modules"))
    spec = importlib.util.spec_from_file_location("front_end", tmp_path / "build_backend" / "front_end.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.OUT.mkdir(parents=True)
    return made


def test_it_is_stale_until_it_is_built_from_the_present_sources(front_end):
    assert front_end.stale()
    front_end.STAMP.write_text(front_end.digest())
    assert not front_end.stale()
    (front_end.WEB / "node_modules").mkdir()
    (front_end.WEB / "node_modules" / "other.js").write_text("1")
    assert not front_end.stale()
    with (front_end.WEB / "locale" / "ko.json").open("a") as file:
        file.write("\n")
    assert front_end.stale()


def test_without_sources_what_came_built_is_fresh(front_end):
    shutil.rmtree(front_end.WEB)
    assert front_end.stale()
    front_end.STAMP.write_text("of the machine that built it")
    assert not front_end.stale()


@pytest.mark.parametrize("name", ["page.js", "widget.js"])
def test_the_bundle_has_at_most_half_a_megabyte_compressed(name):
    assert 100_000 < len(gzip.compress(bundle(name))) < 500_000


def test_no_host_of_a_registry_is_named():
    for name in (".npmrc", "package.json", "package-lock.json", "build.mjs"):
        assert not re.search(r"https?://", (WEB / name).read_text(encoding="utf-8")), name
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_every_version_is_exact():
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    for part in ("dependencies", "devDependencies"):
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package[part].values())


def catalogue(lang):
    return json.loads((WEB / "locale" / f"{lang}.json").read_text(encoding="utf-8"))


def test_both_catalogues_have_the_same_strings_with_the_same_places():
    en, ko = catalogue("en"), catalogue("ko")
    assert list(en) == list(ko)
    for key in en:
        assert ko[key].strip()
        assert sorted(re.findall(r"\{\w+\}", en[key])) == sorted(re.findall(r"\{\w+\}", ko[key])), key


@pytest.mark.parametrize(
    ("prefix", "names"),
    [("mistake", SENTENCES), ("kind", KINDS), ("example", EXAMPLES), ("loss", ("squared", "absolute", "entropy"))],
)
def test_what_python_names_has_words(prefix, names):
    assert {f"{prefix}.{name}" for name in names} <= set(catalogue("ko"))


def test_every_string_is_used():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (WEB / "src").glob("*.ts"))
    made = set(re.findall(r"`([a-z]+)\.\$\{", source))
    unused = [key for key in catalogue("en") if f'"{key}"' not in source and key.split(".")[0] not in made]
    assert unused == []

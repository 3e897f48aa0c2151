"""Object code on disk: found again whole, refused when it is not whole or not ours, never in the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wengert.targets.native import cache, jit
from wengert.targets.native.cache import Cache
from wengert.targets.native.processor import host

KEY = "ab" * 32
TEXT = "define i32 @answer() { ret i32 42 }"


@pytest.fixture
def settings(monkeypatch):
    """The settings of the process, put back after the test."""
    monkeypatch.setattr(cache._Settings, "cache", None)
    monkeypatch.setattr(cache._Settings, "decided", True)
    return cache


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*.o"))


def test_what_is_stored_is_found(tmp_path):
    made = Cache(tmp_path / "native")
    assert made.find(KEY) is None
    made.store(KEY, b"code")
    assert made.find(KEY) == b"code"
    assert Cache(tmp_path / "native").find(KEY) == b"code"
    assert made.find("cd" * 32) is None


def test_the_folder_is_closed_to_others(tmp_path):
    made = Cache(tmp_path / "above" / "native")
    made.store(KEY, b"code")
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700


def test_a_folder_that_others_may_read_is_closed(tmp_path):
    folder = tmp_path / "native"
    folder.mkdir(mode=0o755)
    os.chmod(folder, 0o755)
    Cache(folder).store(KEY, b"code")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Cache(folder).find(KEY) == b"code"


def test_a_folder_that_others_may_write_is_not_used(tmp_path):
    folder = tmp_path / "native"
    Cache(folder).store(KEY, b"code")
    os.chmod(folder, 0o777)
    made = Cache(folder)
    assert made.find(KEY) is None
    made.store("cd" * 32, b"more")
    assert len(entries(folder)) == 1


def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    folder = tmp_path / "native"
    Cache(folder).store(KEY, b"code")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert Cache(folder).find(KEY) is None


def test_a_link_in_place_of_the_folder_or_of_an_entry_is_not_followed(tmp_path):
    made = Cache(tmp_path / "native")
    made.store(KEY, b"code")
    (tmp_path / "link").symlink_to(made.folder)
    assert Cache(tmp_path / "link").find(KEY) is None
    (entry,) = entries(made.folder)
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    assert made.find(KEY) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    made = Cache(tmp_path / "file" / "native")
    made.store(KEY, b"code")
    assert made.find(KEY) is None


@pytest.mark.parametrize("place", [0, 20, 60, -1])
def test_an_entry_with_a_flipped_bit_counts_as_none(tmp_path, place):
    made = Cache(tmp_path / "native")
    made.store(KEY, b"code" * 100)
    (entry,) = entries(made.folder)
    content = bytearray(entry.read_bytes())
    content[place] ^= 1
    entry.write_bytes(content)
    assert made.find(KEY) is None


@pytest.mark.parametrize("length", [0, 10, 48, 100])
def test_a_cut_entry_counts_as_none(tmp_path, length):
    made = Cache(tmp_path / "native")
    made.store(KEY, b"code" * 100)
    (entry,) = entries(made.folder)
    entry.write_bytes(entry.read_bytes()[:length])
    assert made.find(KEY) is None


def test_an_entry_under_another_key_counts_as_none(tmp_path):
    made = Cache(tmp_path / "native")
    made.store(KEY, b"code")
    (entry,) = entries(made.folder)
    entry.rename(entry.with_name("cd" * 31 + ".o"))
    assert made.find("ab" + "cd" * 31) is None


def test_the_least_recently_used_go_first(tmp_path):
    made = Cache(tmp_path / "native", limit=8000)
    keys = [f"{k:064x}" for k in range(8)]
    for age, key in enumerate(keys[:7]):
        made.store(key, bytes(1000))
        os.utime(made._path(key), (1000 + age, 1000 + age))
    assert made.find(keys[0]) is not None  # used now
    made._written = made.limit
    made.store(keys[7], bytes(1000))
    kept = [key for key in keys if made.find(key) is not None]
    assert keys[0] in kept
    assert keys[7] in kept
    assert keys[1] not in kept
    assert sum(path.stat().st_size for path in entries(made.folder)) <= 8000


def test_compiled_code_is_taken_from_the_folder(tmp_path, settings):
    settings.configure(tmp_path / "native")
    first = jit.load(TEXT, ["answer"], {}, host())
    second = jit.load(TEXT, ["answer"], {}, host())
    assert (first.times.from_cache, second.times.from_cache) == (False, True)
    assert not jit.load(TEXT, ["answer"], {}, host(), cache=False).times.from_cache


@pytest.mark.parametrize("spoil", [lambda content: content[:-5], lambda content: b"", lambda content: content[::-1]])
def test_a_spoilt_entry_is_compiled_again_and_replaced(tmp_path, settings, spoil):
    settings.configure(tmp_path / "native")
    jit.load(TEXT, ["answer"], {}, host())
    (entry,) = entries(tmp_path / "native")
    whole = entry.read_bytes()
    entry.write_bytes(spoil(whole))
    assert not jit.load(TEXT, ["answer"], {}, host()).times.from_cache
    assert entry.read_bytes() == whole
    assert jit.load(TEXT, ["answer"], {}, host()).times.from_cache


def test_an_object_that_does_not_link_is_compiled_again(tmp_path, settings):
    settings.configure(tmp_path / "native")
    key = jit.object_key(TEXT, host(), 2)
    settings.current().store(key, b"whole, but no object code")
    assert not jit.load(TEXT, ["answer"], {}, host()).times.from_cache
    assert jit.load(TEXT, ["answer"], {}, host()).times.from_cache


def test_without_a_cache_nothing_is_written(tmp_path, settings):
    settings.configure(tmp_path / "native", enabled=False)
    assert settings.current() is None
    jit.load(TEXT, ["answer"], {}, host())
    assert not (tmp_path / "native").exists()


def test_the_default_folder_is_the_systems_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache._default_folder().is_relative_to(tmp_path) or os.name == "nt" or os.uname().sysname == "Darwin"


def process(folder: Path) -> subprocess.Popen:
    """Another process that calls a compiled program, and prints the answer and what was not in the cache."""
    body = (
        "from wengert.targets.native import cache, entry, jit\n"
        "from wengert.targets.native.signature import Signature\n"
        "from wengert.core.ir.types import ArrayType\n"
        f"cache.configure({str(folder)!r})\n"
        "text = 'define i32 @program(ptr %i, ptr %outputs, ptr %a) {\\n  %o = load ptr, ptr %outputs\\n'\n"
        "text += '  store i64 42, ptr %o\\n  ret i32 0\\n}'\n"
        "f = entry.build(text, Signature((), (ArrayType((), 'int64'),)), print)\n"
        "print(f(), f.code.times.from_cache, entry._entry().times.from_cache)"
    )
    return subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_new_process_compiles_nothing(tmp_path):
    found = [process(tmp_path / "native").communicate(timeout=600) for _ in range(2)]
    assert found == [("42 False False\n", ""), ("42 True True\n", "")]


def test_processes_that_start_at_once_do_not_disturb_each_other(tmp_path):
    running = [process(tmp_path / "native") for _ in range(4)]
    found = [each.communicate(timeout=600) for each in running]
    assert [(out[:2], errors) for out, errors in found] == [("42", "")] * 4
    assert process(tmp_path / "native").communicate(timeout=600) == ("42 True True\n", "")


def test_a_user_without_a_home_has_no_cache(settings, monkeypatch):
    monkeypatch.setattr(cache, "_default_folder", lambda: Path("~/.cache"))
    settings.configure()
    assert settings.current() is None


def test_old_entries_go_while_new_ones_come(tmp_path):
    made = Cache(tmp_path / "native", limit=20_000)
    for k in range(100):
        made.store(f"{k:02x}" * 32, bytes(1000))
    assert sum(path.stat().st_size for path in entries(made.folder)) <= 20_000 + 20_000 // 8 + 1100
    assert made.find("63" * 32) is not None


def test_the_key_depends_on_everything_that_the_code_depends_on():
    from dataclasses import replace

    here = host()
    keys = {
        jit.object_key(TEXT, here, 2),
        jit.object_key(TEXT + " ", here, 2),
        jit.object_key(TEXT, here, 0),
        jit.object_key(TEXT, replace(here, cpu="another"), 2),
        jit.object_key(TEXT, replace(here, features="+other"), 2),
        jit.object_key(TEXT, replace(here, triple="other"), 2),
    }
    assert len(keys) == 6

"""The sizes of caches are what the system lists."""

from __future__ import annotations

from wengert.targets.native import caches
from wengert.targets.native.processor import host


def listed(folder, level: str, kind: str, size: str) -> None:
    folder.mkdir()
    for name, text in (("level", level), ("type", kind), ("size", size)):
        (folder / name).write_text(text + "\n")


def test_the_data_caches_of_linux_are_read(tmp_path):
    listed(tmp_path / "index0", "1", "Data", "48K")
    listed(tmp_path / "index1", "1", "Instruction", "32K")
    listed(tmp_path / "index2", "2", "Unified", "1M")
    assert caches._of_linux(tmp_path) == {1: 48 << 10, 2: 1 << 20}


def test_what_the_system_does_not_say_is_assumed(tmp_path, monkeypatch):
    monkeypatch.setattr(caches, "_LINUX", tmp_path / "nothing")
    monkeypatch.setattr(caches.sys, "platform", "linux")
    assert caches.cache_bytes() == (caches.L1_BYTES, caches.L2_BYTES)


def test_an_empty_listing_is_no_size(tmp_path):
    listed(tmp_path / "index0", "1", "Data", "0K")
    listed(tmp_path / "index1", "2", "Unified", "")
    assert caches._of_linux(tmp_path) == {}


def test_the_host_has_caches():
    assert 0 < host().l1_bytes <= host().l2_bytes

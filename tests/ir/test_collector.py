"""The collector of cycles waits, and goes on whatever happens."""

from __future__ import annotations

import gc

import pytest

from wengert.core.ir import collector


def test_the_collector_waits_and_goes_on():
    assert gc.isenabled()
    with collector.waiting():
        assert not gc.isenabled()
        with collector.waiting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error():
    with pytest.raises(ValueError, match="stop"), collector.waiting():
        raise ValueError("stop")
    assert gc.isenabled()


def test_where_it_is_off_it_stays_off():
    gc.disable()
    try:
        with collector.waiting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()

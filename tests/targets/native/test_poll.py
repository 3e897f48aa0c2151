"""Ctrl-C during native code: signal handlers run, and what they raise ends the program, with and without Python's lock."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from wengert.core.ir.types import ArrayType
from wengert.targets.native import entry, poll
from wengert.targets.native.processor import AARCH64, AVX2, Processor
from wengert.targets.native.signature import Input, Signature

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a system without interval timers")

# Steps until told to stop, but at most `limit`; the output is the number of steps.
STEPS = """
declare i32 @wg_poll()
define i32 @program(ptr %inputs, ptr %outputs, ptr %arena) {
entry:
  %ip = load ptr, ptr %inputs
  %limit = load i64, ptr %ip
  %op = load ptr, ptr %outputs
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %on ]
  %stop = call i32 @wg_poll()
  %c = icmp eq i32 %stop, 0
  br i1 %c, label %on, label %interrupted
on:
  %next = add i64 %k, 1
  store i64 %next, ptr %op
  %more = icmp slt i64 %next, %limit
  br i1 %more, label %loop, label %end
interrupted:
  ret i32 3
end:
  ret i32 0
}
"""
FOREVER = 10**11


class Rung(Exception):
    """What the handler of the tests raises."""


def steps(long: bool):
    number = ArrayType((), "int64")
    signature = Signature((Input("limit", number, weak=True),), (number,), long=long)
    return entry.build(STEPS, signature, lambda *args: args, cache=False)


@pytest.fixture
def alarm():
    """Does something during which a signal comes after some seconds; its handler is the function given."""
    before = signal.getsignal(signal.SIGALRM)

    def during(seconds: float, handler, action, *args) -> None:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        action(*args)  # on a busy machine the signal may come before it begins, and is expected here too

    yield during
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def ring(*_):
    raise Rung


@pytest.mark.parametrize("long", [False, True])
def test_what_a_handler_raises_ends_the_program(alarm, long):
    f = steps(long)
    for _ in range(3):
        with pytest.raises(Rung):
            alarm(0.02, ring, f, FOREVER)
    assert f(1000) == 1000


def interrupted(f, by_a_thread: bool) -> None:
    """f without end, with SIGINT soon."""
    if by_a_thread:
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    else:
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    f(FOREVER)


@pytest.mark.parametrize("long", [False, True])
def test_ctrl_c_is_a_keyboard_interrupt(long):
    f = steps(long)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted(f, by_a_thread=long)
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


@pytest.mark.parametrize("long", [False, True])
def test_a_handler_that_does_not_raise_lets_the_program_end(alarm, long):
    heard: list[int] = []
    f = steps(long)

    def note(*_) -> None:
        heard.append(1)
        if len(heard) == 2:
            raise Rung
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    with pytest.raises(Rung):
        alarm(0.02, note, f, FOREVER)
    assert len(heard) == 2


def test_a_handler_may_call_the_program_that_it_interrupts(alarm):
    f = steps(True)
    found: list[int] = []

    def call(*_) -> None:
        found.append(int(f(10)))
        raise Rung

    with pytest.raises(Rung):
        alarm(0.02, call, f, FOREVER)
    assert found == [10]


def test_another_thread_is_not_interrupted(alarm):
    f = steps(True)
    found: list[int] = []
    done = threading.Event()

    def work() -> None:
        found.append(int(f(20_000_000)))
        done.set()

    threading.Thread(target=work).start()
    with pytest.raises(Rung):
        alarm(0.01, ring, threading.Event().wait, 600)  # in the main thread, which the signal reaches
    assert done.wait(600)
    assert found == [20_000_000]


def test_the_main_thread_is_interrupted_while_another_polls(alarm):
    f = steps(True)
    thread = threading.Thread(target=f, args=(20_000_000,))
    thread.start()
    with pytest.raises(Rung):
        alarm(0.02, ring, f, FOREVER)
    thread.join()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_by_another_thread_has_its_own_main_thread():
    f = steps(True)
    codes: list[int] = []

    def work() -> None:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, ring)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                f(FOREVER)
            except Rung:
                os._exit(0)
            os._exit(1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    poll.code()
    thread = threading.Thread(target=work)
    # the handler can be set only in the child, where this thread is the main one
    thread.start()
    thread.join()
    assert codes == [0]


@pytest.mark.parametrize(
    "target", [AVX2, AARCH64, Processor("riscv64-unknown-linux-gnu", "generic-rv64", "", 16, False, False, "")]
)
def test_the_code_is_made_for_every_machine(target):
    from wengert.targets.native import jit

    assert poll.POLL in jit.emit_assembly(poll.text(target), target)

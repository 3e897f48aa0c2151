"""The worker process: limits of time and memory, a process that is killed, and requests after that."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest

from wengert.blackboard.process import Worker
from wengert.blackboard.samples import EXAMPLES, HIDDEN, UNIT


async def answers(worker, text, **fields):
    asked = {"type": "edit", "text": text, "id": 1, **fields}
    return [json.loads(reply) async for reply in worker.ask(asked)]


def run(scenario, **options):
    async def whole():
        worker = Worker(**options)
        try:
            return await scenario(worker)
        finally:
            worker.close()

    return asyncio.run(whole())


def types(found):
    return [reply["type"] for reply in found]


BOARD = ["read", "backward", "graph", "numbers"]


def test_a_worker_answers_request_after_request():
    async def scenario(worker):
        return [types(await answers(worker, text)) for text in (UNIT, HIDDEN, "L = (")]

    assert run(scenario) == [BOARD, BOARD, ["diagnostics"]]


def test_what_takes_too_long_is_stopped_and_the_next_request_has_its_answer():
    async def scenario(worker):
        await answers(worker, UNIT)
        worker.seconds = 0.001
        first = await answers(worker, HIDDEN)
        worker.seconds = 100.0
        return first[-1], types(await answers(worker, HIDDEN))

    last, after = run(scenario)
    assert last == {"type": "lost", "why": "time", "id": 1}
    assert after == BOARD


def test_what_needs_too_much_memory_is_reported_and_the_process_goes_on():
    async def scenario(worker):
        await answers(worker, UNIT)
        pid = worker.process.process.pid
        huge = "x ∈ ℝ^200000000\nL = Σ_i x_i²\n"
        found = await answers(worker, huge)
        return found[-1], types(await answers(worker, UNIT)), worker.process.process.pid == pid

    last, after, same = run(scenario, megabytes=512)
    assert last["type"] == "lost" or "error" in last
    assert (after, same) == (BOARD, True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_process_that_is_killed_is_reported_and_replaced():
    async def scenario(worker):
        await answers(worker, UNIT)
        pid = worker.process.process.pid
        os.kill(pid, signal.SIGKILL)
        found = types(await answers(worker, UNIT))
        return found, types(await answers(worker, UNIT)), worker.process.process.pid != pid

    found, after, other = run(scenario)
    assert found in (["lost"], BOARD)  # it may be noticed before it is asked
    assert (after, other) == (BOARD, True)


def test_an_answer_that_is_not_wanted_any_more_is_cancelled_and_the_process_stays():
    long = "".join(f"z{k} = σ(a{k} z{k - 1} + b{k})\n" for k in range(1, 40)) + "L = z39²\n"

    async def scenario(worker):
        await answers(worker, UNIT)
        pid = worker.process.process.pid
        asked = {"type": "edit", "text": long, "id": 2}
        found = []
        async for reply in worker.ask(asked):
            found.append(json.loads(reply)["type"])
            worker.cancel()
        return found, types(await answers(worker, UNIT)), worker.process.process.pid == pid

    found, after, same = run(scenario)
    assert len(found) < len(BOARD)
    assert (after, same) == (BOARD, True)


def test_a_worker_that_is_closed_while_it_starts_leaves_no_process():
    async def scenario(worker):
        task = asyncio.create_task(answers(worker, UNIT))
        await asyncio.sleep(0)
        worker.close()
        await asyncio.gather(task, return_exceptions=True)
        return worker.process is None or not worker.process.alive

    assert run(scenario)


def test_a_word_that_comes_while_the_process_starts_is_heard():
    moons = {"text": EXAMPLES["moons"], "data": "moons", "sizes": "h=2", "epochs": 40, "seed": 1}

    async def scenario(worker):
        seen = []
        asyncio.get_running_loop().call_later(0.005, worker.tell, {"type": "control", "to": "step"})
        async for reply in worker.ask({"type": "train", "id": 1, **moons}):
            seen.append(json.loads(reply))
            if seen[-1].get("event") == "paused":
                break
        return seen

    seen = run(scenario)
    assert [len(reply["records"]) for reply in seen if reply.get("event") == "epochs" and reply["records"]] == [1]

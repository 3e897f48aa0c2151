"""The local server as others would attack it: other hosts and origins, wrong tokens, long and many messages, paths, and many pages."""

from __future__ import annotations

import contextlib
import json
import re
import threading

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.blackboard.server import Server
from tests.thorough import rounds
from wengert.blackboard.guard import CSP, cookie
from wengert.blackboard.samples import HIDDEN, UNIT

BOARD = ["read", "backward", "graph", "numbers"]


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


def edit(text, number=1):
    return json.dumps({"type": "edit", "text": text, "id": number})


def board(ws, number, last="numbers"):
    """The types of the replies to a request."""
    found = []
    while not found or found[-1] != last:
        reply = json.loads(ws.recv(timeout=60))
        if reply.get("id") == number:
            found.append(reply["type"])
    return found


def test_a_page_gets_its_board(server):
    with server.socket() as ws:
        ws.send(edit(HIDDEN))
        assert board(ws, 1) == BOARD


def test_the_token_becomes_a_cookie_and_leaves_the_address(server):
    status, headers, _ = server.get(f"/?token={server.token}", Cookie=None)
    assert (status, headers["location"]) == (303, "/")
    assert headers["set-cookie"].startswith(f"wengert-board-{server.port}={server.token}; HttpOnly")
    assert "SameSite=lax" in headers["set-cookie"]
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 43])
def test_a_wrong_token_is_forbidden(server, token):
    from urllib.parse import quote

    assert server.get(f"/?token={quote(token)}", Cookie=None)[0] == 403
    assert server.get("/", Cookie=f"wengert-board-{server.port}={quote(token)}")[0] == 403


def test_without_a_cookie_nothing_is_served(server):
    for path in ("/", "/static/page.js", "/ws", "/nothing"):
        assert server.get(path, Cookie=None)[0] == 403
        assert server.get(path, Cookie=f"wengert-board-1={server.token}")[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example:{port}", "", None]
)
def test_another_host_is_misdirected_with_and_without_the_cookie(server, host):
    named = None if host is None else host.format(port=server.port)
    assert server.get("/", Host=named)[0] in (400, 421)
    assert server.get(f"/?token={server.token}", Host=named)[0] in (400, 421)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://localhost:{port}"]
)
def test_another_origin_is_forbidden(server, origin):
    named = origin.format(port=server.port)
    assert server.get("/", Origin=named)[0] == 403
    with pytest.raises(InvalidStatus, match="403"):
        server.socket(named)


@pytest.mark.parametrize("wrong", [{"origin": None}, {"cookie": ""}, {"cookie": "wengert-board-0=x"}])
def test_a_socket_without_origin_or_cookie_is_forbidden(server, wrong):
    with pytest.raises(InvalidStatus, match="403"):
        server.socket(**wrong)


def test_localhost_is_this_machine_too(server):
    named = f"localhost:{server.port}"
    assert server.get("/", Host=named, Origin=f"http://{named}")[0] == 200


PATHS = (
    "/static/../guard.py",
    "/static/%2e%2e/guard.py",
    "/static/..%2f..%2fapi.py",
    "/static//etc/passwd",
    "/static/built-from",
    "/etc/passwd",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_of_the_machine_is_served(server, path):
    assert server.get(path)[0] == 404


def test_every_answer_has_the_policy_and_the_page_has_no_script_in_it(server):
    for path in ("/", "/static/page.js", "/static/page.css"):
        status, headers, body = server.get(path)
        assert (status, headers["content-security-policy"]) == (200, CSP)
        assert headers["x-content-type-options"] == "nosniff"
        if path == "/":
            scripts = re.findall(rb"<script([^>]*)>", body)
            assert scripts == [b' type="module" src="/static/page.js"', b' type="application/json" id="board-data"']
            assert b"style=" not in body
    assert "unsafe" not in CSP


def test_only_this_machine_can_reach_it(server):
    from socket import create_connection, gethostbyname, gethostname

    try:
        other = gethostbyname(gethostname())
    except OSError:
        pytest.skip("the machine's name has no address")
    if other.startswith("127."):
        pytest.skip("the machine's name has the address of localhost only")
    with pytest.raises(ConnectionRefusedError):
        create_connection((other, server.port), timeout=5)


def test_a_message_that_is_too_long_ends_the_session_and_the_server_goes_on(server):
    with server.socket() as ws:
        with contextlib.suppress(ConnectionClosed):  # it may end while the rest is still being sent
            ws.send("x" * 10_000_000)
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=60)
        assert ws.close_code in (1009, 1006)
    test_a_page_gets_its_board(server)


@pytest.mark.parametrize("message", ["{", "[]", '{"type": "shell", "text": ""}', '{"type": "edit"}'])
def test_what_is_no_request_ends_the_session(server, message):
    with server.socket() as ws:
        ws.send(message)
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=60)
        assert ws.close_code == 1003


def test_of_a_thousand_messages_the_newest_is_answered(server):
    with server.socket() as ws:
        for k in range(1000):
            ws.send(edit(UNIT + f"# {k}\n", k))
        assert board(ws, 999) == BOARD


def test_a_request_of_another_kind_does_not_take_the_answer_from_one_that_takes_long(server):
    long = "".join(f"z{k} = σ(a{k} z{k - 1} + b{k})\n" for k in range(1, 60)) + "L = z59²\n"
    with server.socket() as ws:
        ws.send(edit(long, 1))
        assert json.loads(ws.recv(timeout=60))["type"] == "read"
        for k in range(2, 30):
            ws.send(json.dumps({"type": "judge", "text": UNIT, "lines": "ȳ = y − t", "id": k}))
            threading.Event().wait(0.05)
        assert board(ws, 1) == BOARD[1:]
        assert board(ws, 29, "judged") == ["judged"]


@pytest.mark.parametrize("pause", [0.0, 0.001, 0.03, 0.3])
def test_an_edit_does_not_wait_for_a_check_of_what_was_typed_before(server, pause):
    long = "".join(f"z{k} = σ(a{k} z{k - 1} + b{k})\n" for k in range(1, 60)) + "L = z59²\n"
    with server.socket() as ws:
        ws.send(edit(long, 1))
        assert board(ws, 1) == BOARD
        ws.send(json.dumps({"type": "check", "text": long, "id": 2}))
        threading.Event().wait(pause)
        ws.send(edit(UNIT, 3))
        found = []
        while "numbers" not in found:
            found.append(json.loads(ws.recv(timeout=60))["type"])
        assert found == BOARD
        ws.send(json.dumps({"type": "check", "text": UNIT, "id": 4}))
        assert board(ws, 4, "checked") == ["checked"]


def test_a_text_that_takes_long_does_not_stop_another_page(server):
    long = "".join(f"z{k} = σ(a{k} z{k - 1} + b{k})\n" for k in range(1, 60)) + "L = z59²\n"
    with server.socket() as busy, server.socket() as ws:
        busy.send(edit(long))
        ws.send(edit(UNIT, 5))
        assert board(ws, 5) == BOARD
        assert server.get("/")[0] == 200


def test_many_pages_have_their_boards_at_once(server):
    number, faults = rounds(5, 50), []

    def one(k):
        try:
            with server.socket() as ws:
                ws.send(edit(UNIT + f"# {k}\n", k))
                assert board(ws, k) == BOARD
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(k,)) for k in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_training_is_followed_paused_and_stopped(server):
    request = {"type": "train", "text": UNIT, "data": "moons", "epochs": 10**6, "id": 7}
    with server.socket() as ws:
        ws.send(json.dumps(request))

        def until(event):
            while (reply := json.loads(ws.recv(timeout=60))).get("event") != event:
                assert reply.get("event") != "error", reply
            return reply

        until("started")
        until("epochs")
        ws.send(json.dumps({"type": "control", "to": "pause"}))
        until("paused")
        ws.send(json.dumps({"type": "control", "to": "step"}))
        assert len(until("epochs")["records"]) == 1
        ws.send(json.dumps({"type": "control", "to": "run"}))
        until("epochs")
        ws.send(json.dumps({"type": "control", "to": "stop"}))
        ws.send(edit(UNIT, 8))
        assert board(ws, 8) == BOARD
        ws.send(json.dumps({**request, "epochs": 2, "id": 9}))
        while json.loads(ws.recv(timeout=60)) != {"type": "training", "event": "done", "epoch": 2, "id": 9}:
            pass


def test_the_cookie_is_found_among_others():
    assert cookie("a=b; wengert-board-80=t=1; c", "wengert-board-80") == "t=1"
    assert cookie("", "wengert-board-80") == ""

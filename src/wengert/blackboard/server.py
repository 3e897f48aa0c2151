"""The local page: one process on 127.0.0.1, a token in the address that becomes a cookie, a worker process a session."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import webbrowser
from collections.abc import Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from wengert.blackboard.guard import FORBIDDEN, HEADERS, POLICY_VIOLATION, RequestGuard, cookie_name, same
from wengert.blackboard.numbers import plain_values
from wengert.blackboard.page import bundle, served
from wengert.blackboard.process import warm_up
from wengert.blackboard.protocol import MOST_MESSAGE, ProtocolError, request
from wengert.blackboard.samples import DATA, EXAMPLES
from wengert.blackboard.session import Session
from wengert.languages import LANGUAGES

FLOOD = 2000
"""A page that sends more messages a second is none of ours."""
UNREADABLE = 1003


async def conversation(ws: WebSocket) -> None:
    """Serve one page until it leaves."""

    async def send(reply: bytes) -> None:
        if ws.application_state is WebSocketState.CONNECTED:
            await ws.send_text(reply.decode())

    await ws.accept()
    session = Session(send)
    session.begin()
    try:
        await listen(ws, session)
    except WebSocketDisconnect:
        pass
    finally:
        await session.close()


async def listen(ws: WebSocket, session: Session) -> None:
    """Take requests; what is no request ends the session, and so does a flood of them."""
    loop = asyncio.get_running_loop()
    count, second = 0, loop.time()
    while True:
        raw = await ws.receive_text()
        count += 1
        if loop.time() - second > 1:
            count, second = 1, loop.time()
        try:
            found = request(raw)
        except ProtocolError:
            await ws.close(UNREADABLE)
            return
        if count > FLOOD:
            await ws.close(POLICY_VIOLATION)
            return
        await session.taken(found)


def application(
    text: str, port: int, token: str, lang: str = "en", values: Mapping[str, Any] | None = None, system: int = 0
) -> RequestGuard:
    """The ASGI application of one board."""
    static = {
        "page.js": (bundle("page.js"), "text/javascript"),
        "page.css": (bundle("page.css"), "text/css"),
    }

    async def index(asked: Request) -> Response:
        given = asked.query_params.get("token")
        if given is None:
            wanted = asked.query_params.get("lang", lang)
            start = {
                "values": plain_values(values),
                "text": text,
                "system": system,
                "lang": wanted if wanted in LANGUAGES else lang,
                "examples": EXAMPLES,
                "data": DATA,
            }
            return HTMLResponse(served(start), headers=HEADERS)
        if not same(given, token):
            return PlainTextResponse("", FORBIDDEN, HEADERS)
        answer = RedirectResponse("/", 303, HEADERS)  # the token leaves the address bar and the history
        answer.set_cookie(cookie_name(port), token, httponly=True, samesite="lax")
        return answer

    async def file(asked: Request) -> Response:
        found = static.get(asked.path_params["name"])  # a table of names: no path reaches the file system
        if found is None:
            return PlainTextResponse("", 404, HEADERS)
        return Response(found[0], media_type=found[1], headers=HEADERS)

    routes = [Route("/", index), Route("/static/{name}", file), WebSocketRoute("/ws", conversation)]
    return RequestGuard(Starlette(routes=routes), port, token)


def serve(
    text: str,
    *,
    lang: str = "en",
    port: int = 0,
    open_browser: bool = True,
    values: Mapping[str, Any] | None = None,
    system: int = 0,
) -> None:
    """Print the address of the board, open it, and serve it until Ctrl-C."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()  # who opens the address before the server runs waits for it
    port, token = listening.getsockname()[1], secrets.token_urlsafe(32)
    address = f"http://127.0.0.1:{port}/?token={token}"
    warm_up()
    app = application(text, port, token, lang, values, system)
    print(address, flush=True)
    if open_browser:
        webbrowser.open(address)
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE,
        ws_max_queue=8,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it
        uvicorn.Server(config).run(sockets=[listening])

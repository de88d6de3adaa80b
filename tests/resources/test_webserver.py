"""The UI obeys those who opened it, and no other web page."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from resources.webserver import guarded

HERE = "127.0.0.1:3000"


async def answer(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


UI = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"]), WebSocketRoute("/graphql", talk)])


def ask(
    method: str, path: str, headers: dict[str, str], *, read_only: bool = False, kind: str = "http"
) -> tuple[list[Message], dict[str, str]]:
    """What the guarded UI sends, and its headers."""
    path, _, query = path.partition("?")
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": kind, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "scheme": kind, "http_version": "1.1", "server": ("127.0.0.1", 3000),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        **({"method": method} if kind == "http" else {"subprotocols": []}),
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request" if kind == "http" else "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guarded(UI, ["ui.example.com"], read_only=read_only)(scope, receive, send))
    return sent, {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}


def status(method: str, path: str, headers: dict[str, str], *, read_only: bool = False) -> int:
    return int(ask(method, path, headers, read_only=read_only)[0][0]["status"])


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/graphql", {"Host": HERE, "Origin": f"http://{HERE}", "Sec-Fetch-Site": "same-origin"}, 200),
        ("POST", "/graphql", {"Host": HERE}, 200),  # a program
        ("POST", "/graphql", {"Host": "ui.example.com", "Origin": "https://ui.example.com"}, 200),  # behind a proxy
        ("GET", "/graphql", {"Host": HERE}, 200),  # the page in which people write queries
        ("GET", "/assets?view=lineage", {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        # DNS rebinding: the page's own name leads here
        ("POST", "/graphql", {"Host": "evil.example:3000", "Origin": "http://evil.example:3000"}, 400),
        ("GET", "/", {"Host": "evil.example"}, 400),
        ("GET", "/", {}, 400),
        # a script or a form of another page, also of one on the same machine, in a frame, or in a file
        ("POST", "/graphql", {"Host": HERE, "Origin": "https://evil.example"}, 403),
        ("POST", "/graphql", {"Host": HERE, "Origin": "http://127.0.0.1:8000"}, 403),
        ("POST", "/report_asset_materialization/x", {"Host": HERE, "Origin": "null"}, 403),
        # an image or a script tag, which carries no origin
        ("GET", "/logs/x", {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ("GET", "/graphql?query=mutation", {"Host": HERE}, 403),
        ("GET", "/graphql/?query=mutation", {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ("POST", "/graphql", {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ],
)  # fmt: skip
def test_only_its_own_pages_and_programs_are_obeyed(
    method: str, path: str, headers: dict[str, str], expected: int
) -> None:
    assert status(method, path, headers) == expected


def test_a_websocket_of_another_page_is_closed() -> None:
    own, _ = ask("", "/graphql", {"Host": HERE, "Origin": f"http://{HERE}"}, kind="websocket")
    foreign, _ = ask("", "/graphql", {"Host": HERE, "Origin": "https://evil.example"}, kind="websocket")
    assert [message["type"] for message in own] == ["websocket.accept", "websocket.close"]
    assert [(message["type"], message["code"]) for message in foreign] == [("websocket.close", 1008)]


def test_other_pages_cannot_frame_it() -> None:
    assert ask("GET", "/", {"Host": HERE})[1]["x-frame-options"] == "SAMEORIGIN"


def test_a_read_only_ui_takes_no_reports() -> None:
    assert status("POST", "/report_asset_materialization/x", {"Host": HERE}, read_only=True) == 403
    assert status("GET", "/assets", {"Host": HERE}, read_only=True) == 200

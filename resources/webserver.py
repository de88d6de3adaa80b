"""The Dagster UI behind a guard: it obeys people who opened it, and no other web page.

The UI has no login, and a page of any site can send requests to an address that the browser reaches. Dagster's
webserver answers all of them, mutations by GET included. So requests are refused that name another host (a page can let
its own name point here: DNS rebinding), that come from another origin, or that browsers mark as another site's.

`bakery up` starts it: ``python -m resources.webserver``. What remains open is in docs/security.md.
"""

import argparse
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1")
REPORTING = "/report_asset_"  # endpoints by which other programs log events
QUERY_MILLISECONDS, KEPT_SECONDS, MOST_CONNECTIONS = 15_000, 3_600, 20  # as dagster-webserver's own defaults


class OwnPagesOnly:
    """ASGI middleware that refuses what other web pages send, and keeps them from framing this one."""

    def __init__(self, app: ASGIApp, *, read_only: bool = False) -> None:
        self._app = app
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403 with the reason."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = self._refusal(scope)
        if reason is None:
            await self._app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(f"Refused: {reason}.\n", 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        """Why a request is not obeyed; None: it is."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return f"it comes from a page of {origin}"
        # Without an origin, as for an image of another page; a link that somebody follows is a navigation.
        is_link = scope.get("method") in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_link:
            return "it comes from a page of another site"
        path = scope["path"]
        if scope.get("method") == "GET" and path.rstrip("/") == "/graphql" and scope["query_string"]:
            return "GraphQL is asked by POST"
        if self._read_only and path.startswith(REPORTING):
            return "the UI is read-only"
        return None


def guarded(app: ASGIApp, hosts: Sequence[str], *, read_only: bool = False) -> ASGIApp:
    """``app`` for requests to these host names, and no other web page's."""
    return TrustedHostMiddleware(
        OwnPagesOnly(app, read_only=read_only), allowed_hosts=[*LOOPBACK, *hosts], www_redirect=False
    )


def serve(host: str, port: int, hosts: Sequence[str], workspace: str, *, read_only: bool) -> None:
    """Serve the UI until a signal; what Dagster's own command does, with the guard around it."""
    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.cli import _lifespan
    from dagster_webserver.version import __version__

    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(QUERY_MILLISECONDS, KEPT_SECONDS, MOST_CONNECTIONS)
        with WorkspaceProcessContext(
            instance,
            version=__version__,
            read_only=read_only,
            workspace_load_target=WorkspaceFileTarget([workspace]),
        ) as context:
            app = create_app_from_workspace_process_context(context, lifespan=_lifespan)
            uvicorn.run(guarded(app, hosts, read_only=read_only), host=host, port=port, log_level="warning")


def _unframed(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"x-frame-options", b"SAMEORIGIN")]
        await send(message)

    return sending


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--read-only", action="store_true")
    given = parser.parse_args()
    serve(given.host, given.port, given.allow, given.workspace, read_only=given.read_only)


if __name__ == "__main__":
    _main()

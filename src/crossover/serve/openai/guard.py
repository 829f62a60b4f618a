"""Who may ask at all: the key, the name that the server was asked by, where a page came from, and how much may be sent."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from crossover.serve.listening import LOOPBACK, name_in
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.measures import Measures
from crossover.serve.patience import SLOW, limited

BODY, UPLOAD = 4 << 20, 512 << 20  # bytes of a request, and of one with a file
DRAINED = 64 << 20  # bytes that are read of a body that is refused
AZURE = re.compile(r"/openai/(?:v1/|deployments/.+/(?=chat/completions$))?(.+)")
OPEN = ("/health", "/ready")  # without a key

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Guard:
    """Stands before an ASGI application. `key`: what requests must bear, where there is one. `local`: bound to loopback,
    so that a page whose name was made to point here (DNS rebinding) is told apart by the name that it asks for."""

    app: Any
    key: str | None
    local: bool
    measures: Measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        scope = _as_openai(scope)

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, limited(receive, _most(scope), _too_large(scope).message), noting)
        except ApiError as error:
            await _drain(receive)
            await _refuse(error, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.measures.request(route, status, time.perf_counter() - began)

    def _check(self, scope: Scope) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self.local and name_in(host) not in LOOPBACK:
            raise ApiError(421, "this server answers to localhost and 127.0.0.1 alone", code="wrong_host")
        origin = headers.get("origin")
        if origin is not None and origin.split("://")[-1] != host:
            raise ApiError(403, "pages of other sites may not ask this server", code="cross_site")
        if self.key is not None and scope["path"] not in OPEN:
            given = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("api-key", "")
            if not hmac.compare_digest(given.encode(), self.key.encode()):
                raise ApiError(401, "the API key is missing or wrong", code="invalid_api_key")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > _most(scope):
            raise _too_large(scope)


def _as_openai(scope: Scope) -> Scope:
    """A request as Azure's clients write it, as one of OpenAI's: the model that the path names is also in the body."""
    found = AZURE.fullmatch(scope["path"])
    return {**scope, "path": f"/v1/{found[1]}", "raw_path": b""} if found else scope


def _most(scope: Scope) -> int:
    return UPLOAD if scope["path"] == "/v1/files" else BODY


def _too_large(scope: Scope) -> ApiError:
    return ApiError(413, f"the body is larger than {_most(scope) >> 20} MiB", code="request_too_large")


async def _drain(receive: Receive) -> None:
    """Read what is being sent, within bounds: whoever still writes would see a broken connection and no answer."""
    taken = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(SLOW):
            while taken <= DRAINED:
                message = await receive()
                taken += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


async def _refuse(error: ApiError, send: Send) -> None:
    headers = {"content-type": "application/json", "connection": "close", **error.headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": encoded})
    await send({"type": "http.response.body", "body": json.dumps(error.body).encode()})

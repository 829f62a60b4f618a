"""Who may ask the studio at all: the name it was asked by, the key, where a change comes from, how much may be sent."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse

from crossover.serve.listening import LOOPBACK, name_in
from crossover.serve.patience import limited

BODY, UPLOAD = 2 << 20, 64 << 20  # bytes of a request, and of one with a file
UPLOADS = "/new"  # where files may come; and under a study the rows to rank
TOKEN = "x-crossover-token"  # a header of ours: a form of another site cannot have it
READING = ("GET", "HEAD")
POLICY = (  # scripts are our own files alone; the drawings have styles of their own
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Refusal(Exception):
    """A request that goes no further. `basic`: the browser is to ask for the key."""

    def __init__(self, status: int, sentence: str, basic: bool = False) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.basic = status, sentence, basic


@dataclass(frozen=True)
class Guard:
    """Stands before an ASGI application. `key`: what requests must bear (HTTP Basic, as the password, or Bearer), where
    there is one. `local`: bound to loopback, so that a page whose name was made to point here (DNS rebinding) is told
    apart by the name that it asks for. `token`: what our own pages send along with every change."""

    app: Any
    token: str
    key: str | None = None
    local: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                more = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in given]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        try:
            self._check(scope)
        except Refusal as refusal:
            asked = {"www-authenticate": 'Basic realm="Crossover studio", charset="UTF-8"'} if refusal.basic else {}
            said = PlainTextResponse(refusal.sentence + "\n", refusal.status, {"connection": "close", **asked})
            await said(scope, receive, guarded)
            return
        await self.app(scope, limited(receive, _most(scope), _too_large(scope)), guarded)

    def _check(self, scope: Scope) -> None:
        """Raises `Refusal`."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self.local and name_in(host) not in LOOPBACK:
            raise Refusal(421, "this studio answers to localhost and 127.0.0.1 alone")
        if self.key is not None and not _bears(headers.get("authorization", ""), self.key):
            raise Refusal(401, "the key is missing or wrong; any name, and the key as the password", basic=True)
        site, mode = headers.get("sec-fetch-site", "same-origin"), headers.get("sec-fetch-mode", "navigate")
        if site in ("cross-site", "same-site") and mode != "navigate":  # no link that somebody followed
            raise Refusal(403, "pages of other sites read nothing here")
        if scope["method"] not in READING:
            origin = headers.get("origin")
            if origin is not None and origin.split("://")[-1] != host:
                raise Refusal(403, "pages of other sites change nothing here")
            if site != "same-origin":
                raise Refusal(403, "pages of other sites change nothing here")
            if not hmac.compare_digest(headers.get(TOKEN, "").encode(), self.token.encode()):
                raise Refusal(403, "this page is of an earlier start of the studio: load it again")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > _most(scope):
            raise Refusal(413, _too_large(scope))


def _bears(given: str, key: str) -> bool:
    """Whether an Authorization header has the key."""
    kind, _, rest = given.partition(" ")
    if kind.lower() == "basic":
        try:
            rest = base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    elif kind.lower() != "bearer":
        return False
    return hmac.compare_digest(rest.encode(), key.encode())


def _most(scope: Scope) -> int:
    path = scope["path"]
    return UPLOAD if path == UPLOADS or (path.startswith("/study/") and path.endswith("/next")) else BODY


def _too_large(scope: Scope) -> str:
    return f"that is larger than {_most(scope) >> 20} MiB"

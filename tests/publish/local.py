"""A service on a free port of this machine that keeps what it is sent, and fails where it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any]  # status and body: JSON, or text as it is


@dataclass(frozen=True)
class Sent:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw or b"{}")


@dataclass
class Local:
    """`fail`: what a request is answered with instead; None where it is answered as usual. `lose`: likewise, once it was
    done."""

    fail: Callable[[Sent], Answer | None] = lambda sent: None
    lose: Callable[[Sent], Answer | None] = lambda sent: None
    url: str = ""
    sent: list[Sent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, sent: Sent) -> Answer:
        raise NotImplementedError

    def take(self, sent: Sent) -> Answer:
        with self.lock:
            self.sent.append(sent)
            instead = self.fail(sent)
            if instead is not None:
                return instead
            usual = self.answer(sent)
            return self.lose(sent) or usual

    def everything(self) -> str:
        """All that was ever sent, headers too, as text."""
        return "\n".join(f"{one.path} {one.query} {one.raw.decode()}" for one in self.sent)


@contextmanager
def running(local: Local) -> Iterator[None]:
    """The service in a thread, its address in `url`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body go out together: apart, each answer waits 40 ms

        def _take(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = local.take(Sent(self.command, unquote(parts.path), query, headers, raw))
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    local.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

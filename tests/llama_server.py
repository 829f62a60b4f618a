"""A stand-in for llama.cpp's server: each route is a function of the body; what has none is not found."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Routes = Mapping[str, Callable[[Any], Any]]


class Refused(Exception):
    """A route answers with status 400 and these words."""


@contextmanager
def serving(routes: Routes, port: int = 0) -> Iterator[str]:
    """Its address, at any free port where none is named."""

    open_: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body go out together: apart, each answer waits 40 ms

        def setup(self) -> None:
            super().setup()
            open_.append(self.connection)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = _answer(routes, self.path, json.loads(body or b"null"))
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for one in open_:  # else who keeps one goes on to be answered
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _answer(routes: Routes, path: str, body: Any) -> tuple[int, Any]:
    if path not in routes:
        return 404, {"error": {"message": "not found"}}
    try:
        return 200, routes[path](body)
    except Refused as error:
        return 400, {"error": {"message": str(error)}}

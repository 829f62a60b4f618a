"""A local model behind HTTP for a peer in another process: POST messages, get text. Counts the calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from crossover.models.base import Model
from crossover.types import Decoding, Message, Request


class Answers:
    """What was asked so far. The same call again is answered from memory and not counted, as in our own journal."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def calls(self) -> int:
        return len(self._known)

    def answer(self, body: dict[str, Any]) -> str:
        key = json.dumps(body, sort_keys=True)
        with self._lock:
            if key not in self._known:
                decoding = Decoding(
                    labels=tuple(body["labels"] or ()), temperature=body["temperature"], max_tokens=body["max_tokens"]
                )
                [reply] = self._model.complete([Request(tuple(Message(**m) for m in body["messages"]), decoding)])
                self._known[key] = reply.text  # empty where the call failed, as with a prompt that is too long
            return self._known[key]


@contextmanager
def served(answers: Answers) -> Iterator[str]:
    """The address at which `answers` can be asked, while this lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = json.dumps({"text": answers.answer(body)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: there are thousands."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

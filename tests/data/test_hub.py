"""What the hub does not give is told apart, by a server in this process, and within seconds."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import huggingface_hub
import pytest

from crossover.data import hub
from crossover.data.hub import refusal
from crossover.errors import DataError, ModelError
from crossover.models._hub import need_fetched

CODES = {
    "/api/models/org/gated/auth-check": (403, "GatedRepo"),
    "/api/datasets/org/gated/auth-check": (403, "GatedRepo"),
    "/api/models/org/broken": (503, ""),
}
THERE = {f"/api/{kind}/org/{name}" for kind in ("models", "datasets") for name in ("open", "gated")}
RELEASED = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/api/models/org/slow":
            RELEASED.wait()
        status, code = (200, "") if path in THERE else CODES.get(path, (404, "RepoNotFound"))
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        name = "/".join(path.split("/")[-2:])
        body: dict[str, Any] = {
            "id": name,
            "gated": "auto" if name.endswith("gated") else False,
            "siblings": [],
            "tags": [],
        }
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "SECONDS", 300.0)  # this one answers, however slow the machine is
    yield address
    server.shutdown()
    server.server_close()


def test_what_is_there_is_not_refused(endpoint: str) -> None:
    assert refusal("org/open") is None
    assert refusal("org/open", "dataset") is None


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("org/tpyo", "absent", "the hub has no model of that name"),
        ("org/gated", "gated", "the model is gated: ask for access at "),
        ("org/broken", "other", "answered with status 503"),
    ],
)
def test_a_model_that_is_not_given_says_why(name: str, kind: str, says: str, endpoint: str) -> None:
    found = refusal(name)
    assert found is not None
    assert found.kind == kind
    assert says in found.clause
    with pytest.raises(ModelError, match=f"^there is no folder '{name}', and ") as caught:
        need_fetched(name)
    assert "\n" not in str(caught.value)
    assert says in str(caught.value)


def test_a_hosted_models_name_as_a_hub_id_is_told_so(endpoint: str) -> None:
    with pytest.raises(ModelError, match="'openai/gpt-5' here: it is the name of one that runs at a provider"):
        need_fetched("openai/gpt-5")


def test_out_of_reach_is_offline(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    found = refusal("org/open")
    assert found is not None
    assert (found.kind, "offline" in found.clause) == ("offline", True)


def test_a_hub_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setattr(hub, "SECONDS", 0.1)
    found = refusal("org/slow")  # would never return: the server answers only after it
    RELEASED.set()
    assert found is not None
    assert found.kind == "offline"


@pytest.mark.parametrize(
    ("name", "says"),
    [("org/tpyo", "the hub has no data set of that name"), ("org/gated", "the data set is gated: ask for access at")],
)
def test_a_data_set_that_is_not_given_says_why_and_nothing_else(
    name: str, says: str, endpoint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("datasets")
    huggingface = pytest.importorskip("crossover.data.huggingface")
    with pytest.raises(DataError, match=f"the data set 'hf://{name}' cannot be read: {says}"):
        huggingface.read_splits(f"hf://{name}", None)
    assert capfd.readouterr() == ("", "")

"""Who is let in: other names for this machine, other sites' pages, wrong keys, names that climb out of the folder."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from crossover.cli.main import load
from crossover.errors import OptionError, StudyError
from crossover.studio.app import build
from crossover.studio.guard import TOKEN
from tests.studio.conftest import Browser, opened

CHANGE = "/study/notes/play"  # any path: who may not change anything is told so before it is looked up


def client(root: Path, base: str = "http://localhost:8300", key: str | None = None, local: bool = True) -> TestClient:
    return TestClient(build(root, key, local), base_url=base)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8300", "127.0.0.1.evil.example", "", "[::2]:8300"])
def test_another_name_for_this_machine_is_refused(made: Path, host: str) -> None:
    assert client(made / "runs").get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8300", "[::1]:8300"])
def test_our_own_names_are_answered(made: Path, host: str) -> None:
    assert client(made / "runs").get("/", headers={"host": host}).status_code == 200


def test_a_change_needs_the_token_of_the_page(made: Path) -> None:
    asked = client(made / "runs")
    assert asked.post(CHANGE).status_code == 403
    assert asked.post(CHANGE, headers={TOKEN: "guessed"}).status_code == 403
    assert asked.delete(CHANGE).status_code == 403
    assert opened(made / "runs").post("/nowhere").status_code == 404, "with it, only what is there decides"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_changes_nothing_even_with_the_token(made: Path, headers: dict[str, str]) -> None:
    assert opened(made / "runs").post(CHANGE, headers=headers).status_code == 403


@pytest.mark.parametrize(("mode", "status"), [("no-cors", 403), ("cors", 403), ("navigate", 200)])
def test_another_site_has_nothing_loaded_here_but_by_a_link(looking: Browser, mode: str, status: int) -> None:
    """An image of another page would open models, whatever it can read."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode}
    assert looking.get("/study/notes/play", headers=headers).status_code == status


@pytest.mark.parametrize(
    "name",
    ["...", "%252e%252e", "..%2f..%2fetc", "notes%2f..%2f..", ".studio", "/etc/passwd", "notes%00", "C:%5C", "nothing"],
)
def test_only_what_the_listing_has_exists(made: Path, looking: Browser, name: str) -> None:
    (made / "runs" / ".studio").mkdir(exist_ok=True)
    for path in (f"/study/{name}", f"/study/{name}/report", f"/static/{name}"):
        found = looking.get(path)
        assert found.status_code == 404, path
        assert "root:" not in found.text


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e%2fapp.py", "..%2Ftemplates%2Fbase.html"])
def test_static_files_are_those_of_the_package_alone(looking: Browser, name: str) -> None:
    assert looking.get(f"/static/{name}").status_code == 404
    assert looking.get("/static/htmx.min.js").status_code == 200
    assert "Zero-Clause BSD" in looking.get("/static/htmx.LICENSE").text


def test_every_answer_says_what_a_page_may_do(looking: Browser) -> None:
    for path in ("/", "/study/notes", "/study/nothing", "/static/studio.js"):
        policy = looking.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
        assert looking.get(path).headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in looking.get("/study/notes/report").headers["content-security-policy"], "no script at all"


def test_with_a_key_nothing_is_seen_without_it(made: Path) -> None:
    asked = client(made / "runs", "http://studio.example", "s3cret: ü", local=False)
    first = asked.get("/")
    assert first.status_code == 401
    assert first.headers["www-authenticate"].startswith("Basic")
    for wrong in ("Basic", "Basic !!", "Bearer wrong", f"Basic {base64.b64encode(b'me:wrong').decode()}", "s3cret"):
        assert asked.get("/", headers={"authorization": wrong}).status_code == 401
    right = base64.b64encode("anybody:s3cret: ü".encode()).decode()
    assert asked.get("/", headers={"authorization": f"Basic {right}"}).status_code == 200


def test_too_large_a_body_is_refused(made: Path) -> None:
    found = opened(made / "runs").post(CHANGE, content=b"x" * (3 << 20))
    assert found.status_code == 413


def test_websockets_are_closed(made: Path) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client(made / "runs").websocket_connect("/"):
        pass


def test_another_host_needs_a_key_and_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = load("studio")
    with pytest.raises(OptionError, match="--key-env"):
        command.main([str(tmp_path), "--host", "0.0.0.0"], standalone_mode=False)
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(OptionError, match="NO_SUCH_KEY"):
        command.main([str(tmp_path), "--host", "0.0.0.0", "--key-env", "NO_SUCH_KEY"], standalone_mode=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="is a file"):
        command.main([str(tmp_path / "file"), "--port", "0"], standalone_mode=False)


def test_without_its_packages_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from crossover.errors import MissingExtra

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"crossover\[studio\]"):
        load("studio").main([], standalone_mode=False)

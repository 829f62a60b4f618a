"""The documentation: its commands run, its reference is as the code is, and it builds as a site of its own."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

import crossover
from crossover.cli.main import COMMANDS
from crossover.data.keys import FOR, INSIDE, keys_of
from reference.__main__ import stale
from tests.pages import ROOT, blocks, follow, parse

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
RUN = [page for page in PAGES if any(block.runs for block in blocks(page)) and page.name != "start.md"]
QUEUES = ("billing", "delivery", "returns")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some messages in which start.md was followed; the other pages go on from there."""
    folder = tmp_path_factory.mktemp("pages")
    with (ROOT / "examples" / "support" / "messages.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    own = [[row for row in rows if row["queue"] == queue] for queue in QUEUES]
    for name, first, last in (("messages.csv", 0, 20), ("new.csv", 20, 25)):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["message", "queue"])
            writer.writeheader()
            writer.writerows(row for few in own for row in few[first:last])
    follow(DOCS / "start.md", folder)
    return folder


def test_who_starts_has_a_verdict_and_a_model_to_take_away(started: Path) -> None:
    assert crossover.open_study(started / "runs" / "support").verdict.kind
    assert (started / "task.yaml").is_file()
    assert (started / "runs" / "support" / "report.html").is_file()
    assert (started / "support-model" / "predict.py").is_file()


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_what_a_page_shows_can_be_done(page: Path, started: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(started, folder, ignore=shutil.ignore_patterns("support-model"))
    follow(page, folder)


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_every_command_that_is_shown_exists_with_its_options(page: Path) -> None:
    """Also where it is not run: what needs a network, a key, a server or minutes."""
    for block in blocks(page):
        for words in block.commands():
            try:
                parse(words)
            except Exception as error:
                raise AssertionError(f"{block.place}: crossover {' '.join(words)}: {error}") from error
        if block.mark in ("python", "py"):
            compile(block.text, block.place, "exec")
    prose = page.read_text(encoding="utf-8")
    for command in re.findall(r"`crossover ([a-z]+)", prose):
        assert command in COMMANDS, f"{page.name} names `crossover {command}`"


def test_the_reference_is_as_the_code_is() -> None:
    """`python -m reference` writes it again."""
    assert stale() == []


def test_each_key_of_a_task_file_says_what_it_is_for() -> None:
    known = {key.name for outer in ("", *INSIDE) for key in keys_of(outer)}
    assert known == set(FOR)
    assert all(key.about and key.valid for outer in ("", *INSIDE) for key in keys_of(outer))


def test_each_public_name_is_on_the_page_of_python() -> None:
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    missing = [name for name in crossover.__all__ if f"`crossover.{name}" not in text and f"`{name}`" not in text]
    assert missing == []


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path / "site"))
    build(config)  # Abort on a page outside the navigation, a dead link or a dead anchor
    site = tmp_path / "site"
    assert {page.stem for page in PAGES} <= {path.parent.name for path in site.rglob("index.html")} | {"index"}
    loaded = r"""<(?:script|img|iframe|link)[^>]*(?:src|href)=["']?(?:https?:)?//[^"'>\s]*"""
    for path in site.rglob("*.html"):
        foreign = [tag for tag in re.findall(loaded, path.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not foreign, f"{path.relative_to(site)}: {foreign[0]}"
    for path in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?https?:", path.read_text(encoding="utf-8"))

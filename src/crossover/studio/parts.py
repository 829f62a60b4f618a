"""What the studio's routes share."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi.responses import HTMLResponse

from crossover.studio.compare import Comparing
from crossover.studio.opened import Opened
from crossover.studio.pages import Pages
from crossover.studio.play import Plays
from crossover.studio.runs import Runs
from crossover.studio.shelf import Shelf
from crossover.studio.worth import Rankings


@dataclass(frozen=True)
class Studio:
    """The studies, the templates, what runs, and the candidates that are asked here."""

    shelf: Shelf
    pages: Pages
    runs: Runs
    opened: Opened = field(default_factory=Opened)
    plays: Plays = field(default_factory=Plays)
    comparing: Comparing = field(default_factory=Comparing)
    rankings: Rankings = field(default_factory=Rankings)

    def page(self, template: str, status: int = 200, /, **filled: object) -> HTMLResponse:
        return HTMLResponse(self.pages.render(template, **filled), status)

"""What a server serves: candidates as they were measured, base models, and what was tuned from those here."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossover.data.rows import Row
from crossover.data.textfile import check_reach, from_home
from crossover.engine.render import Renderer
from crossover.errors import CrossoverError, ModelError, OptionError
from crossover.models.base import Model, Telling, Weighted, is_control
from crossover.models.open import open_model
from crossover.serve.openai.errors import ApiError, absent
from crossover.serve.parity import ROWS, measured, spread
from crossover.serve.predict import Predictor
from crossover.study.folder import StudyFolder, read_json
from crossover.types import Candidate, Weights, candidate_from_json

DECISION = "decision.json"
EXPORTED, SETTINGS = "candidate.json", "settings.json"


@dataclass(frozen=True)
class Served:
    """A model of the server. With a `candidate` a prompt belongs to it, and it answers inputs as it was measured.

    `row`: a data row's input, where its study's task says how it reads. `recorded`: inputs with the answers that were
    measured, for the parity proof. `parent`: the model that it was tuned from here; `root`: the base model at the bottom.
    """

    name: str
    model: Model
    weights: Weights | None = None
    candidate: Candidate | None = None
    renderer: Renderer | None = None
    row: Callable[[Row], str] | None = None
    recorded: tuple[tuple[str, str], ...] = ()
    parent: str | None = None
    root: str = ""
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def body(self) -> dict[str, Any]:
        """As GET /v1/models lists it."""
        who = "crossover-candidate" if self.candidate else "crossover-tuned" if self.parent else "crossover"
        return {"id": self.name, "object": "model", "created": self.created, "owned_by": who, "parent": self.parent}


class Catalogue:
    """The models of a server, by name; those that are the same base model share its weights."""

    def __init__(self, places: Iterable[str]) -> None:
        """Open studies, their candidates (STUDY:NAME), exports and base models. Raises `CrossoverError`."""
        self._shelf: dict[tuple[type, str], Model] = {}
        self._served: dict[str, Served] = {}
        for place in places:
            served = self._open(place)
            if served.name in self._served:
                raise OptionError(f"'{place}' is served already, as '{served.name}'; valid is each model once")
            self._served[served.name] = served
        if not self._served:
            raise OptionError("there is nothing to serve; valid: studies, STUDY:CANDIDATE, exports, models")

    def __iter__(self) -> Iterator[Served]:
        return iter(list(self._served.values()))

    def get(self, name: str) -> Served:
        """Raises `ApiError` for a name that is not served."""
        if name not in self._served:
            raise absent(name)
        return self._served[name]

    def only(self, name: str | None) -> Served:
        """The model of a name; without one the only candidate, or the only model."""
        if name is not None:
            return self.get(name)
        every = list(self._served.values())
        some = [served for served in every if served.candidate] or every
        if len(some) != 1:
            raise ApiError(400, f"'model' is missing; valid: {', '.join(served.name for served in some)}", "model")
        return some[0]

    def add(self, name: str, base: Served, parent: str, weights: Weights, created: int) -> None:
        """Serve what was tuned from a model of this server, which has that base."""
        self._served[name] = replace(base, name=name, weights=weights, parent=parent, created=created, root=base.name)

    def remove(self, name: str) -> None:
        self._served.pop(name, None)

    def _open(self, place: str) -> Served:
        path = from_home(place)
        check_reach(path / EXPORTED, ModelError)
        if (path / EXPORTED).is_file():
            return self._export(path)
        if (path / DECISION).is_file() or StudyFolder(path).begun:
            return self._study(path, None)
        study, colon, name = place.rpartition(":")
        if colon and (from_home(study) / DECISION).is_file():
            return self._study(from_home(study), name)
        if path.is_dir() and not (path / "config.json").is_file():
            raise OptionError(
                f"{place} is neither a finished study ({DECISION}) nor an export ({EXPORTED}) nor a model (config.json)"
            )
        model = self._shared(open_model(place))
        if is_control(model):
            raise OptionError(f"'{place}' is a control, which no server needs; valid is a model, or a study's candidate")
        if not isinstance(model, Telling):
            raise OptionError(f"the model '{place}' runs elsewhere or cannot be listened to; valid is a local model")
        return Served(place, model, root=place)

    def _study(self, path: Path, name: str | None) -> Served:
        folder = StudyFolder(path)
        predictor = Predictor.open(folder, name)
        _, records = measured(folder, predictor.candidate.id)
        recorded = tuple((r["input"], r["prediction"]) for r in spread(records, ROWS))
        called = _slug(f"{predictor.task.name}-{predictor.name}")
        return self._candidate(called, predictor.candidate, predictor.model, row=predictor.render_row, recorded=recorded)

    def _export(self, path: Path) -> Served:
        try:
            candidate = candidate_from_json(json.loads((path / EXPORTED).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OptionError(f"{path / EXPORTED} cannot be read: {error}") from error
        if not (path / SETTINGS).is_file():
            raise OptionError(f"{path} is an export without {SETTINGS}: only those of language models are served")
        settings = read_json(path / SETTINGS)
        weights, source = candidate.weights, next((path / n for n in ("model", "base") if (path / n).is_dir()), None)
        if weights and source and source.name == "model":  # fully tuned, or merged: these are its weights
            weights = None
        elif weights:
            weights = replace(weights, path=str((path / weights.path).resolve()))
        opened: Any = open_model(str(source.resolve()) if source else settings["base"])
        model = self._shared(replace(opened, dtype=settings["precision"]))
        here = replace(candidate, weights=weights)
        here.__dict__["id"] = candidate.id  # as it was measured, whatever it is loaded from
        return self._candidate(_slug(path.resolve().name), here, model)

    def _candidate(self, name: str, candidate: Candidate, model: Model, **others: Any) -> Served:
        model = self._shared(model)
        if candidate.weights is not None and isinstance(model, Weighted):
            model.check_weights(candidate.weights)
        renderer = Renderer(candidate.prompt)
        return Served(name, model, candidate.weights, candidate, renderer, **others)

    def _shared(self, model: Model) -> Model:
        """The model, or the one that is the same and open already."""
        try:
            return self._shelf.setdefault((type(model), model.identity), model)
        except CrossoverError:
            raise
        except OSError as error:
            raise OptionError(f"the model cannot be read: {error}") from error


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-.")

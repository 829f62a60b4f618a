"""The models of a study, in the precision in which it first answered: a machine that measures otherwise another day changes
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

from crossover.engine.journal import Journal, JournalReader
from crossover.errors import StudyError
from crossover.models.base import Model, Weighted
from crossover.models.engine import Engine
from crossover.models.open import open_model
from crossover.study.folder import StudyFolder
from crossover.types import Candidate

ANSWERED = "what answered"  # by specification of a model: its identity


class Measured(Protocol):
    """A model (a dataclass) that measures its precision where its field `dtype` is "auto"."""

    dtype: Any

    @property
    def precision(self) -> tuple[str, str]:
        """The precision's name, which is valid as `dtype`, and why."""
        ...


def engine_fact(spec: str) -> str:
    """The fact of what the server was found to be that answers for a model."""
    return f"engine of {spec}"


def parity_fact(spec: str) -> str:
    """The fact of how a model's engine was compared with the model here."""
    return f"parity of {spec}"


def settled(model: Model, spec: str, journal: Journal) -> Model:
    """The model in the precision of the study's first process, and with the engine that was found then: both are journaled,
    as they are part of a model's identity."""
    if _measures(model) and journal.fact(_name(spec)) is None:
        journal.set_fact(_name(spec), list(cast(Measured, model).precision))
    if isinstance(model, Engine) and journal.fact(engine_fact(spec)) is None:
        journal.set_fact(engine_fact(spec), model.found.text())
    return _as_measured(model, spec, journal)


def _as_measured(model: Model, spec: str, journal: JournalReader) -> Model:
    known = journal.fact(_name(spec)) if _measures(model) else None
    if known and cast(Measured, model).dtype != known[0]:
        model = cast(Model, replace(cast(Any, model), dtype=known[0]))
    if isinstance(model, Engine) and (found := journal.fact(engine_fact(spec))):
        compared = journal.fact(parity_fact(spec))
        return model.recalled(found, compared["reference"] if compared else "")
    return model


def _measures(model: Any) -> bool:
    """Asked of its class: a model that is asked for its precision measures it."""
    own = is_dataclass(model) and any(field.name == "dtype" for field in fields(model))
    return own and hasattr(type(model), "precision")


def open_measured(folder: StudyFolder, candidate: Candidate, base: Path) -> Model:
    """A finished study's candidate's model as it was measured, once it and its weights are known to be the same.

    Raises `StudyError`, `ModelError`.
    """
    journal = JournalReader(folder.existing().journal)
    try:
        model = _as_measured(open_model(candidate.model, base), candidate.model, journal)
        answered = journal.fact(ANSWERED, {}).get(candidate.model)
    finally:
        journal.close()
    if answered is not None and isinstance(model, Weighted) and model.identity != answered:  # at a service nothing tells
        raise StudyError(
            f"{folder.path} measured the model '{candidate.model}' as it was ({answered}), and it is another one now"
            f" ({model.identity}): put its files back as they were, or run the study again in a new folder"
        )
    if candidate.weights is not None and isinstance(model, Weighted):
        model.check_weights(candidate.weights)
    return model


def said_precision(spec: str, model: Model, journal: Journal) -> list[str]:
    """In which precision a model answers, and why, as it was measured; nothing of one that knows of none."""
    own = getattr(model, "precision", None)
    found = journal.fact(_name(spec)) or own
    return ["the model answers in {}: {}".format(*found)] if found else []


def said_code(models: Mapping[str, Model]) -> list[str]:
    """The files of the user's that models run. `models`: by their specifications."""
    codes = {spec: getattr(model, "code", None) for spec, model in models.items()}
    return [f"the model {s} runs the code in {code[0]} (SHA-256 {code[1][:12]})" for s, code in codes.items() if code]


def said_choice(spec: str, model: Model, journal: Journal) -> list[str]:
    """How a service's labels were chosen, which is found out by asking: journaled, for a run that asks nothing any more."""
    found: list[str] = list(getattr(model, "told", ()))
    if found:
        journal.set_fact(f"labels of {spec}", found)
    return journal.fact(f"labels of {spec}") or []


def _name(spec: str) -> str:
    return f"precision of {spec}"

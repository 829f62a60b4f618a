"""What is known of a task before anything is measured: what `advise` asks for, and what a task file says of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError

from crossover.data.part import Part
from crossover.errors import OptionError, nearest, shown
from crossover.types import Kind

SHARE = 0.6  # of the rows are for training where one table is cut

QUESTIONS = {
    "rows": "How many labelled examples are there, or could you have?",
    "kind": "What is the answer: a label (classify), JSON (extract) or text (generate)?",
    "labels": "How many different labels are there?",
    "access": "What may be done with the model: weights (tune it), tuning_api (a provider tunes), api (only ask it)?",
    "private": "Must the data stay on your machines?",
    "requests_per_month": "How many requests a month?",
    "latency_p95_ms": "How many milliseconds may an answer take (95 % of them)?",
    "money": "How much may all of it cost?",
    "changes": "How often does the task change: never, yearly, monthly or weekly?",
    "consistency": "How much does it matter that like inputs get like answers: high or normal?",
    "skill": "How much has the team tuned models: none, some or much?",
}


class Situation(Part):
    """Everything may be unknown (None). `train`: rows for training, where the splits are known."""

    rows: int | None = Field(default=None, ge=0, description="a whole number from 0 up")
    train: int | None = Field(default=None, ge=0, description="a whole number from 0 up")
    kind: Kind | None = Field(default=None, description="classify, extract or generate")
    labels: int | None = Field(default=None, ge=2, description="a whole number from 2 up")
    access: Literal["weights", "tuning_api", "api"] | None = Field(default=None, description="weights, tuning_api or api")
    private: bool | None = Field(default=None, description="true or false")
    requests_per_month: float | None = Field(default=None, ge=0, description="a number from 0 up")
    latency_p95_ms: float | None = Field(default=None, gt=0, description="a number above 0, in milliseconds")
    money: float | None = Field(default=None, ge=0, description="a number from 0 up")
    changes: Literal["never", "yearly", "monthly", "weekly"] | None = Field(
        default=None, description="never, yearly, monthly or weekly"
    )
    consistency: Literal["high", "normal"] | None = Field(default=None, description="high or normal")
    skill: Literal["none", "some", "much"] | None = Field(default=None, description="none, some or much")

    @property
    def training_rows(self) -> int | None:
        if self.train is not None or self.rows is None:
            return self.train
        return int(SHARE * self.rows)

    def unknown(self) -> list[str]:
        """What could be asked for and is not known."""
        left = [name for name in QUESTIONS if getattr(self, name) is None]
        return [name for name in left if name != "labels" or self.kind == "classify"]


def situation(**known: Any) -> Situation:
    """A situation of what is known, None where it is not. Raises `OptionError`, also for what contradicts itself."""
    for name in known:
        if name not in Situation.model_fields:
            raise OptionError(f"advise: there is no '{name}'; {nearest(name, tuple(QUESTIONS))}")
    try:
        found = Situation(**known)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = str(first["loc"][0])
        valid = Situation.model_fields[name].description
        raise OptionError(f"advise, {name}: received {shown(first['input'])}; valid is {valid}") from problem
    if found.private and found.access in ("api", "tuning_api"):
        raise OptionError(
            f"advise: private says that the data must stay here, and access {found.access} sends them to a provider; valid"
            " is one of the two, or access weights"
        )
    if found.labels is not None and found.kind not in (None, "classify"):
        raise OptionError(f"advise: labels are for kind classify, and the kind is {found.kind}")
    return found

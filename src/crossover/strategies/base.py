"""What a strategy is: one verb, `adapt`, that turns a candidate into a candidate, and the bench it may use for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from crossover.data.task import Task
from crossover.models.base import Model
from crossover.tuning.recipe import AnyRecipe
from crossover.types import Candidate, Example, Family, Message, Prompt, Reply, Run, Weights


class Bench(Protocol):
    """What a strategy is given. The test split is not in it, ever; dev is there only as a metered score."""

    @property
    def task(self) -> Task: ...

    @property
    def train(self) -> Sequence[Example]: ...

    @property
    def model(self) -> Model:
        """The task's model."""
        ...

    def model_of(self, spec: str) -> Model:
        """The model of a candidate, by its `model`. Raises `ModelError`."""
        ...

    @property
    def seed(self) -> int: ...

    def score(self, candidate: Candidate) -> Run:
        """Answer and score the whole dev split with a candidate. Metered, journaled, never paid for twice.

        Raises `BudgetExceeded` when a limit would be overrun.
        """
        ...

    def race(self, candidates: Sequence[Candidate], met: Sequence[Run] = ()) -> list[Run]:
        """`score` of each, in order, of which the best is wanted. Where calls cost something, those that cannot be it, or
        surely are not, stop: `Run.stopped`; none of them is `better`. `met`: whole runs of others that may be it too.
        """
        ...

    def rehearse(self, candidate: Candidate, examples: Sequence[Example]) -> Run:
        """Answer and score some of the training examples: none is ever shown as a demonstration for itself.

        Metered and journaled as `score` is. Raises `BudgetExceeded`.
        """
        ...

    def answers(self, candidate: Candidate, examples: Sequence[Example], repeat: int = 0) -> list[tuple[str, Reply]]:
        """What a candidate answers to inputs whose gold answers are not looked at, each with the reply that it is in.

        A further `repeat` is another draw. No training example is shown as a demonstration for itself. Metered and
        journaled. Raises `BudgetExceeded`, and `OptionError` as `ask` does.
        """
        ...

    def unseen(self, inputs: Sequence[str]) -> list[str]:
        """Those of some inputs that are in no split, also not in another case or with other white space: what may be learnt
        from without having been met in measuring.
        """
        ...

    def ask(
        self, model: str, messages: Sequence[Message], max_tokens: int, temperature: float, draw: int, purpose: str
    ) -> Reply:
        """One call to any model, named as in the task file: metered and journaled. A further `draw` is another answer.

        Raises `BudgetExceeded`, and `OptionError` where the data may not leave the machine and the model is elsewhere.
        """
        ...

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        """A JSON value that is computed once in a study: what long work of a strategy's own goes on from."""
        ...

    def store(self, key: str, make: Callable[[Path], Weights]) -> Weights:
        """Weights that a strategy makes itself, once in a study: `make` writes them into the folder that it is given.

        The key names everything that they are made from.
        """
        ...

    def again(self, number: int) -> Bench:
        """The same bench with other draws, for a strategy that has stood `number` times in a sequence already."""
        ...

    def tell(self, what: str, done: int, total: int) -> None:
        """Show how far long work is. Raises `BudgetExceeded` when a limit is reached."""
        ...

    def tune(
        self, candidate: Candidate, recipe: AnyRecipe, examples: Sequence[Example] | None = None, worse: Sequence[str] = ()
    ) -> Candidate:
        """Tune the candidate's model on the training examples, rendered with its prompt; the best epoch on dev is kept.

        Where the candidate reasons before it answers, its own right solutions are what it is tuned on. `examples`: others
        to train on instead, such as the answers of a teacher; `worse`: for each of them an answer that is not to be given.
        A `HostedRecipe` tunes at the model's service, where it is paid once. Continues from the candidate's weights
        where it has some. Journaled epoch by epoch. Raises `TuningError`.
        """
        ...

    def fits(self, candidate: Candidate) -> bool:
        """Whether the candidate's prompt and an answer fit the context window, for every training and dev input."""
        ...

    def better(self, run: Run, reference: Run) -> bool:
        """Whether `run` has the higher dev estimate: the one comparison by which strategies select."""
        ...


@runtime_checkable
class Strategy(Protocol):
    """A rung of the ladder: a frozen dataclass in `crossover/strategies/NAME.py`; its typed fields are its options.

    `family`: what it is there to make. What a candidate of it is, the candidate says (`decision/contenders.py`). One that
    cannot begin with every start, or leaves less of it than others, is derived from `Outlining`; one that needs something
    of the task or of a file from `Demanding`, one that not every model can serve from `Selective`, and one that tunes at
    a service from `Serviced`. What only has a method or an option of these names is none of them.
    """

    family: ClassVar[Family]

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        """A better candidate for the bench's task, made from `start`; `start` itself is a valid answer."""
        ...


@dataclass(frozen=True)
class Outline:
    """What is known of a candidate before it is made. `worded`: its prompt says something beside the input; `chained`:
    it has steps; `reasons`: before it answers; `weights`: which are tuned, "other" where only their strategy knows.
    """

    worded: bool = False
    chained: bool = False
    reasons: bool = False
    weights: Literal["", "soft", "adapter", "full", "hosted", "other"] = ""

    def told(self, prompt: Prompt, pattern: str = "") -> Outline:
        """With another prompt, that is known: `pattern` is what is taken from a reply that reasons."""
        return Outline(prompt != Prompt(), bool(prompt.steps), bool(pattern), self.weights)


class Outlining(ABC):
    """A strategy that says what it would make of a start, so that what cannot follow is told before anything is made."""

    @abstractmethod
    def outline(self, start: Outline, task: Task | None) -> Outline:
        """What is left of such a start. `task`: None where it is not known yet, so that only what no task allows is
        refused. Raises `OptionError` where `adapt` could not begin with it."""


class Demanding(ABC):
    """A strategy that needs something of the task, or of a file that its options name."""

    @abstractmethod
    def check(self, task: Task) -> None:
        """Raise a `CrossoverError` where it is not there: told as the task file is read, before any data or model is."""


class Selective(ABC):
    """A strategy that cannot work with every model, beside whether its weights can be tuned."""

    @abstractmethod
    def check_model(self, model: Model, spec: str) -> None:
        """Raise `OptionError` for a model, called `spec`, that it cannot work with."""


class Serviced(ABC):
    """A strategy that tunes at the service where a model runs. `dialect`: of the models that it can tune."""

    dialect: ClassVar[str]


def outlined(strategy: Strategy, start: Outline, task: Task | None = None) -> Outline:
    """What a strategy would make of a start, for a task where that is known. Raises `OptionError` where it could not begin
    with it.

    One that does not say may write the prompt anew: nobody knows whether steps or reasoning stay.
    """
    if isinstance(strategy, Outlining):
        return strategy.outline(start, task)
    weights = "other" if strategy.family in ("weights", "hybrid") else start.weights
    return Outline(worded=start.worded or strategy.family != "weights", weights=weights)

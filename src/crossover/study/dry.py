"""The bench at which a forecast lets rungs adapt: nothing is asked and nothing is tuned, what would be is added up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from crossover.data.task import Task
from crossover.errors import CrossoverError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.probe import PROBES, REPEATS
from crossover.evaluation.service import trained_at_most
from crossover.models.base import Concurrent, Model
from crossover.models.batches import in_batches
from crossover.study.counter import SAMPLE, Counter
from crossover.study.refits import rows_of
from crossover.study.work import COUNTED, IN, TRAINED, UNPRICED, Work, add, summed, time_of
from crossover.tuning.recipe import AnyRecipe, HostedRecipe
from crossover.types import (
    Candidate,
    Estimate,
    Example,
    Message,
    Recipe,
    Record,
    Reply,
    Run,
    Score,
    SplitName,
    Weights,
    content_hash,
)

UNSOLVED = 0.9  # the best that a prompt can be here, so that there is something to search for
ALONE_ASKED = "one by one"
WRONG = "?"  # what is thought to be answered: a search looks at mistakes
SOLVED = 2  # one training row in so many is thought to be solved: it may be shown

# the dearest prompts win and tunes last; the cheapest win and searches keep their starts; and nothing is worth a search,
# either, and all answer alike
World = Literal["most", "kept", "least"]


def labelled(task: Task) -> bool:
    """Whether answers are few, so that a judge may meet the same ones again, which it grades once: texts seldom are."""
    return task.kind == "classify"


def repeated(world: World, task: Task) -> bool:
    """Whether all answers to a row are thought to be the same, which a judge grades once."""
    return world == "least" or (world == "kept" and labelled(task))


class Unforeseen(CrossoverError):
    """A strategy asks what cannot be known before it is done. One of our errors: searching libraries go on after others."""


@dataclass
class Known:
    """What was asked, tuned and graded so far, by the benches of all models: none of it is done twice.

    `judged`: rows of which an answer is graded; at the least all answer alike."""

    judged: set[str] = field(default_factory=set)
    met: set[tuple[str, str]] = field(default_factory=set)  # what is asked, and rows
    names: dict[tuple[Hashable, ...], str] = field(default_factory=dict)  # of what is asked
    _own: set[tuple[str, str]] = field(default_factory=set)  # what this rung asks, whoever asked it before
    _paths: dict[tuple[str, ...], set[tuple[str, str]]] = field(default_factory=dict)  # this, of each rung by its steps
    _beside: set[tuple[str, str]] = field(default_factory=set)  # what others met, which this rung may not

    def begin(self, path: tuple[str, ...], apart: bool) -> None:
        """A rung of these steps. `apart`: behind a choice it meets only what the rung met that it goes on from, since all
        others may choose otherwise."""
        self.met |= self._beside
        self._beside = set()
        before = [self._paths[path[:steps]] for steps in range(1, len(path)) if path[:steps] in self._paths]
        if apart and before:
            self._beside, self.met = self.met, set(before[-1])
        self._own = self._paths[path] = set()

    def fresh(self, key: str, what: str, rows: Iterable[object]) -> int:
        """How many rows were not asked yet for this; now they are."""
        asked = {(key, f"{what} {row}") for row in rows}
        found = len(asked - self.met)
        self.met |= asked
        self._own |= asked if what != ALONE_ASKED else set()  # who ends elsewhere is timed by itself
        return found


@dataclass
class DryBench:
    """The `Bench` of `strategies/base.py` that only adds up what would be done."""

    bench: StudyBench
    count: Counter
    world: World = "most"
    known: Known = field(default_factory=Known)
    work: Work = field(default_factory=dict)
    teaching: Work = field(default_factory=dict)  # of it, what is asking train rows
    taught: set[str] = field(default_factory=set)  # these rows
    tried: set[str] = field(default_factory=set)  # candidates that were asked anything
    recipes: dict[str, tuple[Recipe, Candidate]] = field(default_factory=dict)

    @property
    def least(self) -> bool:
        return self.world != "most"

    @property
    def task(self) -> Task:
        return self.bench.task

    @property
    def train(self) -> Sequence[Example]:
        return self.bench.train

    @property
    def model(self) -> Model:
        return self.bench.model

    @property
    def seed(self) -> int:
        return self.bench.seed

    def model_of(self, spec: str) -> Model:
        return self.bench.model_of(spec)

    def add(self, work: Work) -> None:
        add(self.work, work)

    def score(self, candidate: Candidate) -> Run:
        return self._graded(candidate, "dev", self.bench.dev)

    def race(self, candidates: Sequence[Candidate], met: Sequence[Run] = ()) -> list[Run]:
        return [self.score(candidate) for candidate in candidates]

    def rehearse(self, candidate: Candidate, examples: Sequence[Example]) -> Run:
        run = self._graded(candidate, "train", examples)
        if (
            examples is self.train or self.world == "least"
        ):  # all are asked for their mistakes, a draw of them for what is right
            return run
        said = "and " * (candidate.decoding.max_tokens // 2) if candidate.decoding.pattern else ""  # as `Counter` has it
        right = (replace(record, reply=Reply(said), score=Score(1.0)) for record in run.records[::SOLVED])
        records = list(run.records)
        records[::SOLVED] = right
        return replace(run, records=tuple(records))

    def probe(self, candidate: Candidate, alone: float) -> None:
        """Asking dev rows one by one; `alone`: the tokens by which that takes time."""
        if not in_batches(self.model_of(candidate.model)):
            times = min(PROBES + 1, len(self.bench.dev)) * (REPEATS if candidate.decoding.temperature else 1)
            if isinstance(self.model_of(candidate.model), Concurrent):
                times += PROBES + 1  # a server is timed by rows of its own
            work = self.answering(candidate, ALONE_ASKED, range(times))
            self.add({what: work[what] for what in COUNTED if what in work} | {"alone": alone})

    def answers(self, candidate: Candidate, examples: Sequence[Example], repeat: int = 0) -> list[tuple[str, Reply]]:
        run = self._run(candidate, "train", examples, tuple(e.input for e in examples[:SAMPLE]), repeat)
        usual = (candidate.decoding.labels or (WRONG,))[0]
        return [(record.example.output or usual, record.reply) for record in run.records]  # as long as the gold ones

    def unseen(self, inputs: Sequence[str]) -> list[str]:
        return self.bench.unseen(inputs)

    def ask(
        self, model: str, messages: Sequence[Message], max_tokens: int, temperature: float, draw: int, purpose: str
    ) -> NoReturn:
        raise Unforeseen

    def remember(self, key: str, compute: Callable[[], Any]) -> NoReturn:
        raise Unforeseen

    def store(self, key: str, make: Callable[[Path], Weights]) -> NoReturn:
        raise Unforeseen

    def again(self, number: int) -> DryBench:
        return replace(self, bench=self.bench.again(number))

    def tell(self, what: str, done: int, total: int) -> None: ...

    def fits(self, candidate: Candidate) -> bool:
        renderer = self.bench.evaluator.renderer(candidate.prompt)
        model = self.model_of(candidate.model)
        longest = max(model.count_tokens(renderer.messages(text)) for text in self.count.longest)
        return longest + candidate.decoding.max_tokens <= model.context_window

    def better(self, run: Run, reference: Run) -> bool:
        return run.estimate.value > reference.estimate.value

    def tune(
        self, candidate: Candidate, recipe: AnyRecipe, examples: Sequence[Example] | None = None, worse: Sequence[str] = ()
    ) -> Candidate:
        candidate = replace(candidate, decoding=replace(candidate.decoding, label_bias=()))
        if isinstance(recipe, HostedRecipe):
            return self._tune_elsewhere(candidate, recipe, self.train if examples is None else examples)
        self.recipes.setdefault(recipe.method, (recipe, candidate))
        if candidate.decoding.pattern:  # it is tuned on its own reasoning
            self._graded(candidate, "train", self.train if examples is None else examples)
            self.score(candidate)
        rows = len(self.train if examples is None else examples) / (1 - recipe.replay)
        before = candidate.weights.sha256 if candidate.weights else ""
        asked = [candidate.model, candidate.prompt, candidate.decoding, recipe, before]
        made = content_hash([*asked, len(examples or ()), self.seed])
        each, dev = self.count.lesson(candidate, recipe.batch_size), len(self.bench.dev)
        epochs = min(recipe.epochs, 1 + recipe.patience) if self.least and recipe.patience else recipe.epochs
        if self.known.fresh(made, "tuned", [""]):
            self.add({recipe.method: epochs * rows * each})
            self.add({"prompt": epochs * dev * each})  # the loss on dev
            self.add({what: (epochs - 1) * dev * tokens for what, tokens in self.count.of(candidate).items()})
            self.add(self._grading((epochs - 1) * dev))  # the best epoch's score is counted elsewhere
        return replace(candidate, weights=Weights("full" if recipe.method == "full" else "adapter", made))

    def _tune_elsewhere(self, candidate: Candidate, recipe: HostedRecipe, examples: Sequence[Example]) -> Candidate:
        before = candidate.weights.sha256 if candidate.weights else ""
        asked = [candidate.model, candidate.prompt, candidate.decoding, recipe, before]
        made = content_hash([*asked, len(examples), self.seed])
        if self.known.fresh(made, "tuned", [""]):
            tried = len(self.bench.dev) * (recipe.epochs - 1 if recipe.checkpoints else 0)  # the best is scored elsewhere
            trained = float(trained_at_most(self.bench.evaluator, candidate, recipe, examples))
            self.add({UNPRICED if recipe.hourly else TRAINED: trained})
            self.add(summed({w: tried * n for w, n in self.count.of(candidate).items()}, self._grading(tried)))
        return replace(candidate, weights=Weights("hosted", made))

    def _graded(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> Run:
        rows = {f"{split} {example.id}" for example in examples}
        new = (
            len(rows - self.known.judged)
            if repeated(self.world, self.task)
            else self.known.fresh(self._asked_as(candidate), f"grade {split}", [example.id for example in examples])
        )
        self.known.judged |= rows
        self._asked(split, examples, self.count.graded(new))
        return self._run(candidate, split, examples)

    def _asked(self, split: SplitName, examples: Sequence[Example], work: Work) -> None:
        self.add(work)
        if split == "train":
            add(self.teaching, work)
            self.taught |= rows_of(examples)

    def _grading(self, answers: int) -> Work:
        """What grading answers to rows takes whose last answer is graded elsewhere: the same again is not graded anew."""
        return {} if repeated(self.world, self.task) else self.count.graded(answers)

    def answered(self, candidate: Candidate) -> list[Example]:
        """The train rows that it was asked."""
        key = self._asked_as(candidate)
        return [example for example in self.train if (key, f"train {example.id}") in self.known.met]

    def _asked_as(self, candidate: Candidate) -> str:
        return self._name(candidate.model, candidate.prompt, replace(candidate.decoding, label_bias=()), candidate.weights)

    def _name(self, *asked: Hashable) -> str:
        """A short one of what is asked: no hash, as a pool of thousands of demonstrations would be written out for it."""
        return self.known.names.setdefault(asked, str(len(self.known.names)))

    def answering(self, candidate: Candidate, what: str, rows: Iterable[object], inputs: Sequence[str] = ()) -> Work:
        """What answers to rows take that were not asked for yet; another may have asked the steps of a chain."""
        last, *steps = self.count.parts(candidate, inputs)
        before, ids = candidate.prompt.steps, list(rows)
        found = self._times(last, self._asked_as(candidate), what, ids)
        for place, step in enumerate(steps, 1):
            key = self._name(candidate.model, before[:place], candidate.weights)
            found = summed(found, self._times(step, key, what, ids))
        return found

    def _times(self, work: Work, key: str, what: str, rows: Sequence[object]) -> Work:
        fresh = self.known.fresh(key, what, rows)
        return {name: fresh * tokens for name, tokens in work.items()}

    def _run(
        self,
        candidate: Candidate,
        split: SplitName,
        examples: Sequence[Example],
        inputs: Sequence[str] = (),
        repeat: int = 0,
    ) -> Run:
        each = self.count.of(candidate, inputs)
        self.tried.add(self._asked_as(candidate))
        what = f"{split} again {repeat}" if repeat else split  # another draw
        self._asked(split, examples, self.answering(candidate, what, [example.id for example in examples], inputs))
        dear = time_of(each) + each.get(IN, 0.0)  # what is shared by all rows takes no time, but is read each time
        # the dearest wins, or the cheapest, or the first, which others are likeliest to ask, too
        value = {"most": UNSOLVED * dear / (1 + dear), "kept": UNSOLVED / (1 + dear), "least": UNSOLVED}[self.world]
        telling = {"most": range(len(examples)), "kept": (1,), "least": ()}[self.world]  # rows that `SOLVED` spares
        scores = [Score(value if row in telling else UNSOLVED) for row in range(len(examples))]
        records = tuple(Record(e, Reply(), WRONG, score) for e, score in zip(examples, scores, strict=True))
        estimate = Estimate(len(records), value, value, value)
        return Run(candidate.id, split, self.bench.evaluator.metric_name, records, estimate)

"""What a ladder will take, before it is climbed: each rung adapts at a bench where nothing is asked and nothing is tuned.

Tokens are counted on a few rows and scaled to all. Of several prompts the dearest is taken to win, and every tune
to last its epochs, so the forecast is rather too long than too short; or the cheapest, and to stop as early as it may,
with the same labels, which a judge grades once. What a search finds is then not surely better than its start, which it
keeps, or there is nothing to search for at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from crossover.data.splits import Fold
from crossover.data.task import Task
from crossover.decision.contenders import family_of
from crossover.decision.contenders import rung as kind_of
from crossover.errors import BudgetExceeded, CrossoverError, MissingExtra, ModelError, OptionError, StudyError, TuningError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import CONTINUE, Suite
from crossover.evaluation.general import passages
from crossover.evaluation.probe import PROBES, REPEATS
from crossover.evaluation.service import trained_at_most
from crossover.models.base import Concurrent, Model
from crossover.models.batches import in_batches
from crossover.study.counter import SAMPLE, Counter
from crossover.study.foreseen import Forecast, Recipes
from crossover.study.ladder import TRAIN_SAMPLE, Rung, begun, moved
from crossover.study.promised import promised
from crossover.study.refits import Reckoned, refitted, rows_of
from crossover.study.work import (
    CALLS,
    COUNTED,
    IN,
    OUT,
    TRAINED,
    UNPRICED,
    Work,
    add,
    asked_for,
    less,
    summed,
    time_of,
)
from crossover.tuning.recipe import AnyRecipe, HostedRecipe
from crossover.types import (
    Candidate,
    Decoding,
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
WRONG = "?"  # what is thought to be answered: a search looks at mistakes
SOLVED = 2  # one training row in so many is thought to be solved: it may be shown
ALONE = 64  # tokens: what a request that comes alone takes at the least


# the dearest prompts win and tunes last; the cheapest win and starts are kept; and nothing is worth a search, either
World = Literal["most", "kept", "least"]


class Forecaster:
    """Forecasts ladders of one study; `suites` are asked of tuned weights, `tested` rows of the finalists, or with `folds`
    all rows of each rung, made again in each of them."""

    def __init__(
        self, bench: StudyBench, begin: Candidate, suites: Sequence[Suite], tested: int, folds: Sequence[Fold] = ()
    ) -> None:
        self._bench, self._begin, self.suites, self._tested, self.folds = bench, begin, suites, tested, folds
        self._count = Counter(bench)
        self.graded = self._count.graded

    def forecast(self, rungs: Sequence[Rung], world: World = "most") -> Forecast:
        """What these take in a world. Rungs that end in the same candidate are measured once, as in the study."""
        least = world != "most"
        ended: set[str] = set()  # candidates
        twins: list[str] = []
        refused: dict[str, str] = {}
        climbs: dict[str, Reckoned] = {}
        dries: dict[str, _DryBench] = {}
        finals: dict[str, _Finalist] = {}  # by kind
        parts: dict[str, Work] = {}
        unforeseen = []
        judged: set[str] = set()
        same = least and labelled(self._bench.task)
        again: list[tuple[str, Reckoned, _DryBench, Candidate]] = []  # in all folds
        for number, rung in enumerate(rungs, 1):
            self._bench.evaluator.progress(f"foreseeing {rung.name}", number, len(rungs))
            begin, at = begun(rung, self._begin, self._bench)
            count = self._count if at is self._bench else Counter(at)
            dry = dries.setdefault(at.task.model, _DryBench(at, count, world, judged))
            before, before_taught = dict(dry.work), dict(dry.teaching)
            dry.taught.clear()
            control = rung.strategy.family == "control"
            try:
                made = promised(rung.name, rung.strategy.adapt(begin, dry), begin, dry)
                made = moved(rung, made, rung.model or self._begin.model, at)
                dry.score(made)
                making, teaching, asked = less(dry.work, before), less(dry.teaching, before_taught), len(dry.taught)
            except (TuningError, OptionError, MissingExtra) as error:
                refused[rung.name] = str(error)  # it will say so when it is climbed, and take no time
                continue
            except (BudgetExceeded, ModelError, StudyError):
                raise
            except (Exception, SystemExit):  # noqa: BLE001  `_Unforeseen`, or a strategy that looks into replies, which are empty here
                if control:  # what it computes by itself takes next to nothing
                    rows = len(self._bench.dev)
                    dry.add(summed({CALLS: rows + min(PROBES + 1, rows)}, self._count.graded(rows)))
                    parts[rung.name] = less(dry.work, before)
                    one_answer, asking = {CALLS: 1.0}, summed({CALLS: rows}, self._count.graded(rows))
                    climbs[rung.name] = Reckoned(asking, {}, 0, one_answer, alike=True)
                    finals.setdefault("control", _Finalist(rung.name, "", {CALLS: float(self._tested)}))
                else:
                    unforeseen.append(rung.name)
                continue
            alike = made.weights is None and not made.prompt.demonstrations
            each = dry.count.of(made)
            climbs[rung.name] = Reckoned(making, teaching, asked, each, alike)
            if made.id in ended:
                twins.append(rung.name)
                parts[rung.name] = less(dry.work, before)
                continue
            ended.add(made.id)
            dry.probe(made, 0.0 if control else PROBES * max(time_of(each), ALONE))
            if made.weights is not None:
                dry.rehearse(made, self._bench.train[:TRAIN_SAMPLE])
            parts[rung.name] = less(dry.work, before)
            if self.folds:
                again.append((rung.name, climbs[rung.name], dry, made))
            if made.weights is not None:
                before = dict(dry.work)
                self._remember(dry, begin.model, made.weights)
                parts[f"forgetting {rung.name}"] = less(dry.work, before)
            final = {what: self._tested * tokens for what, tokens in each.items()}
            family = family_of(made, control)
            kind = kind_of(made, family)
            mine = "" if control else made.model
            for group in {kind} if control else {kind, f"{made.model} {family}"}:  # as `finalists` has them
                one = _Finalist(rung.name, mine, final, made, dry)
                finals[group] = max(finals.get(group, one), one, key=self._dear)
        every = Fold(tuple(self._bench.train), tuple(self._bench.dev), ())
        for place, (name, reckoned, dry, made) in enumerate(again):  # after all: a search asks train rows of its start, too
            grade = _ungraded if same and place else self._count.graded
            met = rows_of(every.dev, dry.answered(made) if world == "least" else ())
            parts[f"folds of {name}"] = refitted(reckoned, grade, self.folds, every, met, least)
        tested: dict[str, Work] = {}
        for one in {one.name: one for one in finals.values()}.values():
            if one.made is not None and one.dry is not None and one.made.weights is not None:
                before = dict(one.dry.work)  # whether it overfits is told from what its prompt alone does
                one.dry.rehearse(replace(one.made, weights=None), self._bench.train[:TRAIN_SAMPLE])
                parts[one.name] = summed(parts[one.name], less(one.dry.work, before))
            if not self.folds:
                graded = {} if same and tested else self._count.graded(self._tested)
                tested[one.model] = summed(tested.get(one.model, {}), one.work, graded)
        whole = [dry.work for dry in dries.values()]
        parts["test"] = summed(*tested.values())
        refits = [work for name, work in parts.items() if name.startswith("folds of ")]
        models: dict[str, Recipes] = {spec: dry.recipes for spec, dry in dries.items()}
        recipes = {name: recipe for own in models.values() for name, recipe in own.items()}
        work = summed(*whole, parts["test"], *refits)
        return Forecast(work, recipes, tuple(unforeseen), parts, tested, models, tuple(twins), climbs, refused)

    def _dear(self, final: _Finalist) -> tuple[float, float, float]:
        """By what the dearest finalist of a kind is told: money where calls cost some, then time."""
        work, at = final.work, self._bench.on(final.model)
        money = 0.0 if not at.meter.paid(at.model) else asked_for(work.get(IN, 0.0), work.get(OUT, 0.0), at.task.prices)
        return money or 0.0, time_of(work), work.get(CALLS, 0.0)

    def _remember(self, dry: _DryBench, model: str, weights: Weights) -> None:
        """Asking the suites and the prose of the bare model and of tuned weights."""
        for side in (None, weights) if self.suites else ():
            for suite in self.suites:
                for part in suite.parts:
                    dry.answers(Candidate(model, part.prompt, part.decoding, side), part.examples)
            prose = [Example(p.text, CONTINUE.format(p.opening), p.text) for p in passages()]
            for one in prose:
                dry.answers(Candidate(model, decoding=Decoding(labels=(one.output,)), weights=side), [one])


def _ungraded(answers: float) -> Work:
    return {}


def labelled(task: Task) -> bool:
    """Whether answers are few, so that a judge may meet the same ones again, which it grades once: texts seldom are."""
    return task.kind == "classify"


@dataclass(frozen=True)
class _Finalist:
    """A rung that may be measured on test: its model ("" for a control's), and what its answers take; what it makes."""

    name: str
    model: str
    work: Work
    made: Candidate | None = None
    dry: _DryBench | None = None


class _Unforeseen(CrossoverError):
    """A strategy asks what cannot be known before it is done. One of our errors: searching libraries go on after others."""


@dataclass
class _DryBench:
    """The `Bench` of `strategies/base.py` that only adds up what would be done."""

    bench: StudyBench
    count: Counter
    world: World = "most"
    judged: set[str] = field(default_factory=set)  # rows of which an answer is graded; at the least all answer alike
    work: Work = field(default_factory=dict)
    teaching: Work = field(default_factory=dict)  # of it, what is asking train rows
    taught: set[str] = field(default_factory=set)  # these rows
    recipes: dict[str, tuple[Recipe, Candidate]] = field(default_factory=dict)
    _met: set[tuple[str, str]] = field(default_factory=set)  # candidates and rows: nothing is asked twice
    _names: dict[tuple[Hashable, ...], str] = field(default_factory=dict)

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
        if examples is self.train:  # all are asked for their mistakes, a draw of them for what is right
            return run
        said = "and " * (candidate.decoding.max_tokens // 2) if candidate.decoding.pattern else ""  # as `Counter` has it
        right = (replace(record, reply=Reply(said), score=Score(1.0)) for record in run.records[::SOLVED])
        records = list(run.records)
        records[::SOLVED] = right
        return replace(run, records=tuple(records))

    def probe(self, candidate: Candidate, alone: float) -> None:
        """Asking dev rows one by one, once for each candidate; `alone`: the tokens by which that takes time."""
        if (candidate.id, "one by one") not in self._met and not in_batches(self.model_of(candidate.model)):
            self._met.add((candidate.id, "one by one"))
            times = min(PROBES + 1, len(self.bench.dev)) * (REPEATS if candidate.decoding.temperature else 1)
            if isinstance(self.model_of(candidate.model), Concurrent):
                times += PROBES + 1  # a server is timed by rows of its own
            each = self.count.of(candidate)
            self.add({what: times * each[what] for what in COUNTED if what in each} | {"alone": alone})

    def answers(self, candidate: Candidate, examples: Sequence[Example], repeat: int = 0) -> list[tuple[str, Reply]]:
        run = self._run(candidate, "train", examples, tuple(e.input for e in examples[:SAMPLE]))
        usual = (candidate.decoding.labels or (WRONG,))[0]
        return [(record.example.output or usual, record.reply) for record in run.records]  # as long as the gold ones

    def unseen(self, inputs: Sequence[str]) -> list[str]:
        return self.bench.unseen(inputs)

    def ask(
        self, model: str, messages: Sequence[Message], max_tokens: int, temperature: float, draw: int, purpose: str
    ) -> NoReturn:
        raise _Unforeseen

    def remember(self, key: str, compute: Callable[[], Any]) -> NoReturn:
        raise _Unforeseen

    def store(self, key: str, make: Callable[[Path], Weights]) -> NoReturn:
        raise _Unforeseen

    def again(self, number: int) -> _DryBench:
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
        made = content_hash([candidate.prompt, candidate.decoding, recipe, before, len(examples or ()), self.seed])
        each, dev = self.count.lesson(candidate, recipe.batch_size), len(self.bench.dev)
        epochs = min(recipe.epochs, 1 + recipe.patience) if self.least and recipe.patience else recipe.epochs
        if (made, "") not in self._met:
            self._met.add((made, ""))
            self.add({recipe.method: epochs * rows * each})
            self.add({"prompt": epochs * dev * each})  # the loss on dev
            self.add({what: (epochs - 1) * dev * tokens for what, tokens in self.count.of(candidate).items()})
            self.add(self._grading((epochs - 1) * dev))  # the best epoch's score is counted elsewhere
        return replace(candidate, weights=Weights("full" if recipe.method == "full" else "adapter", made))

    def _tune_elsewhere(self, candidate: Candidate, recipe: HostedRecipe, examples: Sequence[Example]) -> Candidate:
        before = candidate.weights.sha256 if candidate.weights else ""
        made = content_hash([candidate.prompt, candidate.decoding, recipe, before, len(examples), self.seed])
        if (made, "") not in self._met:
            self._met.add((made, ""))
            tried = len(self.bench.dev) * (recipe.epochs - 1 if recipe.checkpoints else 0)  # the best is scored elsewhere
            trained = float(trained_at_most(self.bench.evaluator, candidate, recipe, examples))
            self.add({UNPRICED if recipe.hourly else TRAINED: trained})
            self.add(summed({w: tried * n for w, n in self.count.of(candidate).items()}, self._grading(tried)))
        return replace(candidate, weights=Weights("hosted", made))

    def _graded(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> Run:
        rows = {f"{split} {example.id}" for example in examples}
        new = (
            len(rows - self.judged)
            if self.least and labelled(self.task)
            else self._fresh(candidate, f"grade {split}", examples)
        )
        self.judged |= rows
        self._asked(split, examples, self.count.graded(new))
        return self._run(candidate, split, examples)

    def _asked(self, split: SplitName, examples: Sequence[Example], work: Work) -> None:
        self.add(work)
        if split == "train":
            add(self.teaching, work)
            self.taught |= rows_of(examples)

    def _grading(self, answers: int) -> Work:
        """What grading answers to rows takes whose last answer is graded elsewhere: the same again is not graded anew."""
        return {} if self.least and labelled(self.task) else self.count.graded(answers)

    def answered(self, candidate: Candidate) -> list[Example]:
        """The train rows that it was asked."""
        key = self._asked_as(candidate)
        return [example for example in self.train if (key, f"train {example.id}") in self._met]

    def _asked_as(self, candidate: Candidate) -> str:
        """The name of what is asked: no hash, as a pool of thousands of demonstrations would be written out for it."""
        asked = candidate.model, candidate.prompt, replace(candidate.decoding, label_bias=()), candidate.weights
        return self._names.setdefault(asked, str(len(self._names)))

    def _fresh(self, candidate: Candidate, what: str, examples: Sequence[Example]) -> int:
        """How many rows it was not asked yet for this."""
        key = self._asked_as(candidate)
        fresh = {(key, f"{what} {example.id}") for example in examples} - self._met
        self._met |= fresh
        return len(fresh)

    def _run(self, candidate: Candidate, split: SplitName, examples: Sequence[Example], inputs: Sequence[str] = ()) -> Run:
        each, fresh = self.count.of(candidate, inputs), self._fresh(candidate, split, examples)
        self._asked(split, examples, {what: fresh * tokens for what, tokens in each.items()})
        dear = time_of(each) + each.get(IN, 0.0)  # what is shared by all rows takes no time, but is read each time
        value = UNSOLVED * (1 if self.least else dear) / (1 + dear)  # the dearest wins, or the cheapest
        telling = {"most": range(len(examples)), "kept": (1,), "least": ()}[self.world]  # rows that `SOLVED` spares
        scores = [Score(value if row in telling else UNSOLVED) for row in range(len(examples))]
        records = tuple(Record(e, Reply(), WRONG, score) for e, score in zip(examples, scores, strict=True))
        estimate = Estimate(len(records), value, value, value)
        return Run(candidate.id, split, self.bench.evaluator.metric_name, records, estimate)

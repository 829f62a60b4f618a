"""What a ladder will take, before it is climbed: each rung adapts at a bench where nothing is asked and nothing is tuned.

Tokens are counted on a few rows and scaled to all. Of several prompts the dearest is taken to win, and every tune
to last its epochs, so the forecast is rather too long than too short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from crossover.data.task import Task
from crossover.decision.contenders import family_of
from crossover.decision.contenders import rung as kind_of
from crossover.engine.follow import calls_of
from crossover.engine.render import Renderer
from crossover.errors import BudgetExceeded, CrossoverError, MissingExtra, ModelError, OptionError, StudyError, TuningError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import CONTINUE, Suite
from crossover.evaluation.general import passages
from crossover.evaluation.probe import PROBES, REPEATS
from crossover.evaluation.service import trained_at_most
from crossover.metrics.base import Judging
from crossover.models.base import Model, Priced, is_control
from crossover.study.ladder import TRAIN_SAMPLE, Rung
from crossover.study.work import CALLS, COUNTED, IN, MONEY, OUT, TRAINED, Work, add, less, summed, time_of
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
    Request,
    Run,
    Score,
    SplitName,
    Weights,
    content_hash,
)

SAMPLE = 12  # rows whose tokens are counted
UNSOLVED = 0.9  # the best that a prompt can be here, so that there is something to search for
LONGEST = 4  # rows for which a prompt is tried whether it fits
WRONG = "?"  # what is thought to be answered: a search looks at mistakes
ALONE = 64  # tokens: what a request that comes alone takes at the least


@dataclass(frozen=True)
class Forecast:
    """`work`: all of it, of which calls and tokens are what the journal will have; money is the most it can be. `parts`: of
    each rung, of measuring what each rung's weights forgot ("forgetting NAME"), and of the finalists ("test"), or of each
    rung made again in all folds ("folds of NAME"). `recipes`: one of each method that is tuned with, with the prompt that
    it is tuned behind. `unforeseen`: rungs of which nobody knows what they will ask."""

    work: Work
    recipes: Mapping[str, tuple[Recipe, Candidate]]
    unforeseen: tuple[str, ...] = ()
    parts: Mapping[str, Work] = field(default_factory=dict)

    def minutes(self, pace: Mapping[str, float]) -> float:
        """`pace`: seconds of a token, by what is done with it."""
        return sum(tokens * pace.get(what, 0.0) for what, tokens in self.work.items()) / 60


class Forecaster:
    """Forecasts ladders of one study; `suites` are asked of tuned weights, `tested` rows of the finalists, or with `folds`
    all rows of each rung, made again in each of them."""

    def __init__(self, bench: StudyBench, begin: Candidate, suites: Sequence[Suite], tested: int, folds: int = 0) -> None:
        self._bench, self._begin, self.suites, self._tested, self.folds = bench, begin, suites, tested, folds
        self._count = _Counter(bench)

    def forecast(self, rungs: Sequence[Rung]) -> Forecast:
        dry = _DryBench(self._bench, self._count)
        finals: dict[str, Work] = {}
        parts: dict[str, Work] = {}
        unforeseen = []
        for rung in rungs:
            before = dict(dry.work)
            control = rung.strategy.family == "control"
            try:
                made = rung.strategy.adapt(self._begin, dry)
                dry.score(made)
            except (TuningError, OptionError, MissingExtra):
                continue  # it will say so when it is climbed, and take no time
            except (BudgetExceeded, ModelError, StudyError):
                raise
            except Exception:  # noqa: BLE001  `_Unforeseen`, or a strategy that looks into replies, which are empty here
                if control:  # what it computes by itself takes next to nothing
                    rows = len(self._bench.dev)
                    dry.add(summed({CALLS: rows + min(PROBES + 1, rows)}, self._count.graded(rows)))
                    parts[rung.name] = less(dry.work, before)
                    finals.setdefault("control", summed({CALLS: self._tested}, self._count.graded(self._tested)))
                else:
                    unforeseen.append(rung.name)
                continue
            each = self._count.of(made)
            dry.probe(made, 0.0 if control else PROBES * max(time_of(each), ALONE))
            if made.weights is not None:
                for side in (made, replace(made, weights=None)):  # overfitting is told from what the prompt alone does
                    dry.rehearse(side, self._bench.train[:TRAIN_SAMPLE])
            parts[rung.name] = less(dry.work, before)
            if self.folds:
                alike = made.weights is None and not made.prompt.demonstrations
                parts[f"folds of {rung.name}"] = self._again(parts[rung.name], each, alike)
            if made.weights is not None:
                before = dict(dry.work)
                self._remember(dry, made.weights)
                parts[f"forgetting {rung.name}"] = less(dry.work, before)
            graded = self._count.graded(self._tested)
            final = summed({what: self._tested * tokens for what, tokens in each.items()}, graded)
            kind = kind_of(made, family_of(made, control))
            finals[kind] = max(finals.get(kind, {}), final, key=lambda work: (time_of(work), work.get(CALLS, 0.0)))
        before = dict(dry.work)
        for final in () if self.folds else finals.values():
            dry.add(final)
        parts["test"] = less(dry.work, before)
        for name in [name for name in parts if name.startswith("folds of ")]:
            dry.add(parts[name])
        return Forecast(dry.work, dry.recipes, tuple(unforeseen), parts)

    def _again(self, once: Work, each: Work, alike: bool) -> Work:
        """A rung made again in all folds, of as many rows less one part, without its latency; and an answer to each row.

        `alike`: no rows are in its prompts, so that no row is asked anew of whom another fold asked.
        """
        rows, dev = len(self._bench.train) + len(self._bench.dev), len(self._bench.dev)
        times, answered = self.folds - 1.0, float(rows)
        if alike:
            met = 1 - (1 - dev / rows * (1 - 1 / self.folds)) ** self.folds  # of all rows, as dev of any fold
            times, answered = met * (rows - dev) / dev, (1 - met) * (rows - dev)
        found = {what: times * tokens for what, tokens in once.items() if what != "alone"}
        add(found, {what: answered * tokens for what, tokens in each.items()})
        return found

    def lesson(self, candidate: Candidate, batch_size: int) -> float:
        """The tokens of a training row, as they are counted here."""
        return self._count.lesson(candidate, batch_size)

    def _remember(self, dry: _DryBench, weights: Weights) -> None:
        """Asking the suites and the prose of the bare model and of tuned weights."""
        for side in (None, weights) if self.suites else ():
            for suite in self.suites:
                for part in suite.parts:
                    dry.answers(Candidate(self._begin.model, part.prompt, part.decoding, side), part.examples)
            prose = [Example(p.text, CONTINUE.format(p.opening), p.text) for p in passages()]
            for one in prose:
                dry.answers(Candidate(self._begin.model, decoding=Decoding(labels=(one.output,)), weights=side), [one])


class _Unforeseen(CrossoverError):
    """A strategy asks what cannot be known before it is done. One of our errors: searching libraries go on after others."""


class _Counter:
    """The tokens that a candidate takes for a row, beside what all its prompts begin with; counted once."""

    def __init__(self, bench: StudyBench) -> None:
        self._bench = bench
        examples = [*bench.train, *bench.dev]
        self._inputs = [e.input for e in examples[:: max(1, len(examples) // SAMPLE)]][:SAMPLE]
        self.longest = sorted((e.input for e in examples), key=len)[-LONGEST:]
        self._examples = examples[:: max(1, len(examples) // SAMPLE)][:SAMPLE]
        self._known: dict[str, Work] = {}

    def of(self, candidate: Candidate, inputs: Sequence[str] = ()) -> Work:
        """Of one row: `inputs`, or else rows of the task."""
        if candidate.model != self._bench.task.model:
            return self._elsewhere(candidate, inputs or self._inputs)
        key = content_hash([candidate.prompt, replace(candidate.decoding, label_bias=()), inputs])
        if key not in self._known:
            renderer = self._bench.evaluator.renderer(candidate.prompt)
            asked = [step.decoding for step in candidate.prompt.steps]
            parts = [(renderer, candidate.decoding), *zip(renderer.steps, asked, strict=True)]
            found: Work = {}
            for own, decoding in parts:
                add(found, self._part(own, decoding, inputs or self._inputs))
            self._known[key] = found
        return self._known[key]

    def graded(self, rows: int) -> Work:
        """What a judge is asked about the answers to so many rows; nothing where none is."""
        tokens, words = self._grade
        return {CALLS: rows, IN: rows * tokens, OUT: rows, "judge": rows * (tokens + words)} if tokens else {}

    @cached_property
    def _grade(self) -> tuple[float, float]:
        """Of one answer, which is thought to be as long as the gold one: the prompt's tokens, and the grades'."""
        judge, evaluator = self._bench.evaluator.metric, self._bench.evaluator
        if not isinstance(judge, Judging):
            return 0.0, 0.0
        examples = [*self._bench.train, *self._bench.dev]
        sample = examples[:: max(1, len(examples) // SAMPLE)][:SAMPLE]
        model = evaluator.model_of(evaluator.judge)
        asked = [judge.request(e.input, e.output, e.output) for e in sample]
        bare = model.count_tokens([Message("user", "")])
        words = sum(max(1, model.count_tokens([Message("user", grade)]) - bare) for grade in judge.grades)
        return sum(model.count_tokens(request.messages) for request in asked) / len(asked), words

    def lesson(self, candidate: Candidate, batch_size: int) -> float:
        """Of one training row with its answer, as a batch meets it: what all prompts begin with is met once in a batch."""
        renderer = self._bench.evaluator.renderer(candidate.prompt)
        before, prompt = self._prompt(renderer, self._inputs)
        answers = [e.output for e in self._bench.train][: len(self._inputs)]
        bare = self._tokens([Message("user", "")])
        answer = sum(self._tokens([Message("user", text)]) - bare for text in answers) / len(answers)
        return prompt + answer + before / batch_size

    def _part(self, renderer: Renderer, decoding: Decoding, inputs: Sequence[str]) -> Work:
        before, prompt = self._prompt(renderer, inputs)
        asked = decoding.samples
        found = {CALLS: float(asked), IN: asked * (before + prompt)}
        if isinstance(model := self._bench.model, Priced):
            requests = [Request(tuple(renderer.messages(text, leave_out=True)), decoding) for text in inputs]
            found[MONEY] = asked * sum(map(model.most, requests)) / len(requests)
        if decoding.labels and not decoding.pattern:
            lengths = [self._length(word) for word in decoding.verbalizer or decoding.labels]
            return found | {OUT: sum(lengths) / len(lengths), "prompt": prompt + sum(lengths)}
        # an answer ends before its limit more often than not
        half = decoding.max_tokens / 2
        usual = sum(self._length(e.output) for e in self._examples) / len(self._examples) + 1
        out = half if decoding.pattern else min(usual, decoding.max_tokens)
        return found | {OUT: asked * out, "prompt": asked * prompt, "answer": asked * half}

    def _elsewhere(self, candidate: Candidate, inputs: Sequence[str]) -> Work:
        """Of a candidate of another model: it takes no time that is known here, and a control no tokens."""
        model, calls = self._bench.model_of(candidate.model), float(calls_of(candidate))
        if is_control(model):
            return {CALLS: calls}
        renderer = self._bench.evaluator.renderer(candidate.prompt)
        tokens = sum(model.count_tokens(renderer.messages(text, leave_out=True)) for text in inputs) / len(inputs)
        return {CALLS: calls, IN: calls * tokens, OUT: calls * candidate.decoding.max_tokens / 2}

    def _length(self, answer: str) -> int:
        return max(1, self._tokens([Message("user", answer)]) - self._tokens([Message("user", "")]))

    def _prompt(self, renderer: Renderer, inputs: Sequence[str]) -> tuple[int, float]:
        """The tokens that all prompts begin with, and a prompt's own."""
        asked = [renderer.messages(text, leave_out=True) for text in inputs]
        shared = 0
        while shared < min(map(len, asked)) - 1 and len({messages[shared] for messages in asked}) == 1:
            shared += 1
        before = self._tokens([*asked[0][:shared], Message("user", "")])
        return before, sum(self._tokens(messages) for messages in asked) / len(asked) - before

    def _tokens(self, messages: Sequence[Message]) -> int:
        return self._bench.model.count_tokens(messages)


@dataclass
class _DryBench:
    """The `Bench` of `strategies/base.py` that only adds up what would be done."""

    bench: StudyBench
    count: _Counter
    work: Work = field(default_factory=dict)
    recipes: dict[str, tuple[Recipe, Candidate]] = field(default_factory=dict)
    _met: set[tuple[str, str]] = field(default_factory=set)  # candidates and rows: nothing is asked twice

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
        return self._graded(candidate, "train", examples)

    def probe(self, candidate: Candidate, alone: float) -> None:
        """Asking dev rows one by one, once for each candidate; `alone`: the tokens by which that takes time."""
        if (candidate.id, "one by one") not in self._met:
            self._met.add((candidate.id, "one by one"))
            times = min(PROBES + 1, len(self.bench.dev)) * (REPEATS if candidate.decoding.temperature else 1)
            each = self.count.of(candidate)
            self.add({what: times * each[what] for what in COUNTED if what in each} | {"alone": alone})

    def answers(self, candidate: Candidate, examples: Sequence[Example], repeat: int = 0) -> list[tuple[str, Reply]]:
        run = self._run(candidate, "train", examples, tuple(e.input for e in examples[:SAMPLE]))
        return [("", record.reply) for record in run.records]

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
        rows = len(self.train if examples is None else examples) / (1 - recipe.replay)
        before = candidate.weights.sha256 if candidate.weights else ""
        made = content_hash([candidate.prompt, candidate.decoding, recipe, before, len(examples or ()), self.seed])
        each, dev = self.count.lesson(candidate, recipe.batch_size), len(self.bench.dev)
        if (made, "") not in self._met:
            self._met.add((made, ""))
            self.add({recipe.method: recipe.epochs * rows * each})
            self.add({"prompt": recipe.epochs * dev * each})  # the loss on dev
            self.add({what: (recipe.epochs - 1) * dev * tokens for what, tokens in self.count.of(candidate).items()})
            self.add(self.count.graded((recipe.epochs - 1) * dev))  # the best epoch's score is counted elsewhere
        return replace(candidate, weights=Weights("full" if recipe.method == "full" else "adapter", made))

    def _tune_elsewhere(self, candidate: Candidate, recipe: HostedRecipe, examples: Sequence[Example]) -> Candidate:
        before = candidate.weights.sha256 if candidate.weights else ""
        made = content_hash([candidate.prompt, candidate.decoding, recipe, before, len(examples), self.seed])
        if (made, "") not in self._met:
            self._met.add((made, ""))
            tried = len(self.bench.dev) * (recipe.epochs - 1 if recipe.checkpoints else 0)  # the best is scored elsewhere
            self.add({TRAINED: float(trained_at_most(self.bench.evaluator, candidate, recipe, examples))})
            self.add(summed({w: tried * n for w, n in self.count.of(candidate).items()}, self.count.graded(tried)))
        return replace(candidate, weights=Weights("hosted", made))

    def _graded(self, candidate: Candidate, split: SplitName, examples: Sequence[Example]) -> Run:
        self.add(self.count.graded(self._fresh(candidate, f"grade {split}", examples)))
        return self._run(candidate, split, examples)

    def _fresh(self, candidate: Candidate, what: str, examples: Sequence[Example]) -> int:
        """How many rows it was not asked yet for this."""
        key = content_hash([candidate.prompt, replace(candidate.decoding, label_bias=()), candidate.weights])
        fresh = {(key, f"{what} {example.id}") for example in examples} - self._met
        self._met |= fresh
        return len(fresh)

    def _run(self, candidate: Candidate, split: SplitName, examples: Sequence[Example], inputs: Sequence[str] = ()) -> Run:
        each, fresh = self.count.of(candidate, inputs), self._fresh(candidate, split, examples)
        self.add({what: fresh * tokens for what, tokens in each.items()})
        dear = time_of(each)
        value = UNSOLVED * dear / (1 + dear)  # the dearer, the better: so that it is the dearest that wins
        records = tuple(Record(example, Reply(), WRONG, Score(value)) for example in examples)
        estimate = Estimate(len(records), value, value, value)
        return Run(candidate.id, split, self.bench.evaluator.metric_name, records, estimate)

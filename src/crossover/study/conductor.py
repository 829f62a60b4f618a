"""The one conductor: freeze the splits, climb the ladder, score the finalists on test once, decide, write it down.

Everything is journaled as it happens, so a study that was killed goes on where it stopped, and one that is finished costs
no model call when it is run again: the same path is walked with every call answered from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crossover.data.finding import Finding, raise_on_errors
from crossover.data.infer import Prepared
from crossover.data.task import Task
from crossover.decision.costs import assumed
from crossover.decision.deciding import Decided, Evidence, unfinished
from crossover.decision.flip import Flips, flips
from crossover.decision.judging import doubts, told
from crossover.decision.wording import blind
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded, OptionError
from crossover.evaluation.forgetting import Memory, open_suites
from crossover.evaluation.judging import JudgeCheck
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.base import Model, Tunable
from crossover.models.batches import in_batches
from crossover.models.open import open_model
from crossover.study import forgetting
from crossover.study.ascent import Ascent
from crossover.study.costing import Costing
from crossover.study.crossfit import CrossFit
from crossover.study.curve import CurveStudy
from crossover.study.curve_plan import CurvePlan, planned_curve, with_curve
from crossover.study.engines import compared
from crossover.study.finals import Finals
from crossover.study.fits import fitting
from crossover.study.folder import StudyFolder
from crossover.study.forecast import Forecaster
from crossover.study.freeze import freeze
from crossover.study.history import AGAIN, begun_before, changed_since
from crossover.study.ladder import Climbed, Rung, ladder, start
from crossover.study.limited import FOLDS_RESERVE, TEST_RESERVE
from crossover.study.listener import Listener
from crossover.study.models import said_choice, said_code, said_precision, settled
from crossover.study.on_ray import Ray
from crossover.study.outcome import Outcome, write_outcome, write_so_far
from crossover.study.outlook import outlook
from crossover.study.overfitting import overfitting
from crossover.study.paying import asked_models, others_paid, paid_models
from crossover.study.plan import introduced, planned
from crossover.study.preview import Preview, previewed
from crossover.study.scoring import Scoring
from crossover.study.several import specs_of
from crossover.study.works import Executor, Scene, Serial
from crossover.tuning.open import check_tuning
from crossover.types import Candidate, Message, Run


@dataclass(frozen=True)
class Account:
    """What the reader is told beside the figures; the lists grow as the study goes."""

    findings: list[Finding]  # of the data
    said: list[str]  # what was assumed
    warnings: list[str]
    asked: Sequence[str] = ()  # models, by specification: the task's, a judge, a teacher


@dataclass
class Conductor:
    """Of one study, in its folder."""

    prepared: Prepared
    task_path: str
    folder: StudyFolder
    journal: Journal
    listener: Listener
    opened: Mapping[str, Model]  # the task's, and those that strategies name, by specification
    rule: Scoring
    options: tuple[str, ...]  # of the command, as they were given
    cluster: Ray | None = None  # where work is done side by side

    def __post_init__(self) -> None:
        self.task: Task = self.prepared.task
        self.models = {spec: settled(self.opened[spec], spec, self.journal) for spec in specs_of(self.task)}
        splits = self.prepared.splits
        self.bench = open_bench(
            self.task,
            splits.train,
            splits.dev,
            self.folder.path,
            self.journal,
            self.model_of,
            relevance_scorer(),
            self.listener.progress,
            [example.input for example in splits.test],
            self.rule.metric,
        )
        self.evaluator, self.meter = self.bench.evaluator, self.bench.meter
        self.costing = Costing(self.task, self.bench)
        self.account = Account([], [], [])
        self.judge: JudgeCheck | None = None  # what it is worth, once that is measured

    def model_of(self, spec: str) -> Model:
        if spec not in self.models:
            known = self.opened.get(spec)  # opened once: a user's file is run for some
            model = open_model(spec, self.task.folder) if known is None else known
            self.models[spec] = settled(model, spec, self.journal)
        return self.models[spec]

    def _begun(self) -> tuple[Model, list[Rung], list[str], list[Memory], list[Finding]]:
        """The model, the rungs and what was chosen for the user, what tuned weights may forget, what the data has."""
        model, specs = self.model_of(self.task.model), specs_of(self.task)
        check_tuning({spec: self.model_of(spec) for spec in specs}, self.task.tuning.processes)
        slow = [spec for spec in specs if in_batches(self.model_of(spec))]
        if self.task.limits.latency_p95_ms is not None and slow:
            raise OptionError(
                f"{self.task_path}: there is limits.latency_p95_ms, and '{slow[0]}' answers in batches, within a day;"
                " valid: without batch, or without the limit"
            )
        rungs, said = ladder(self.task, model, self.model_of)
        said += others_paid(self.task, paid_models(self.task, self.rule.judge, rungs, self.model_of), self.model_of)
        findings = list(self.prepared.findings)
        for spec in specs:
            found = fitting(self.task.model_copy(update={"model": spec}), self.prepared.splits, self.model_of(spec))
            findings += [one for one in found if one not in findings]
        raise_on_errors(findings)
        tuned = {rung.model or self.task.model for rung in rungs if rung.strategy.family in ("weights", "hybrid")}
        memories = [self._memory(spec, spec in tuned) for spec in specs]
        return model, rungs, said, memories, findings

    def _memory(self, spec: str, tuned: bool) -> Memory:
        """Of what a model knows beside the task; of nothing where it is not tuned."""
        suites = open_suites(self.task, self.model_of(spec)) if tuned else []
        return Memory(self.evaluator, spec, suites, self.task.seed)

    def preview(self) -> Preview:
        """What is ahead, from the beginning, in a study whose folder is thrown away."""
        model, rungs, said, memories, findings = self._begun()
        for sentence in said:
            self.listener.note(sentence)
        begin = start(self.task, model, [e.output for e in self.prepared.splits.train])
        forecaster = self._forecaster(begin, memories)
        ahead = previewed(rungs, forecaster, self.bench, self.costing, self.prepared.splits, self.listener.say)
        return replace(ahead, findings=tuple(findings), said=(*blind(self.task), *ahead.said))

    def _forecaster(self, begin: Candidate, memories: Sequence[Memory]) -> Forecaster:
        splits = self.prepared.splits
        suites = next((memory.suites for memory in memories if memory.suites), [])
        return Forecaster(self.bench, begin, suites, len(splits.test), splits.folds)

    def conduct(self) -> None:
        """From the beginning, or from where it was left, to the verdict, and to the curve behind it."""
        model, rungs, said, memories, findings = self._begun()
        task, splits = self.task, self.prepared.splits
        curve, too_few = planned_curve(task, splits)
        changed = self._frozen()
        asked_of = asked_models(task, self.rule.judge, rungs)
        codes = [*self.rule.said(), *said_code({spec: self.model_of(spec) for spec in specs_of(task)})]
        self.account = Account(findings, self._assumed(codes, said), [*blind(task), *too_few], asked_of)
        self._announce(rungs, changed, codes, suited=any(memory.suites for memory in memories))
        begin = start(task, model, [e.output for e in splits.train])
        models = {spec: self.model_of(spec) for spec in asked_of}
        renderer, place = self.evaluator.renderer(begin.prompt), self.folder.path
        self.account.said.extend(
            compared(models, begin, renderer, splits.dev, self.journal, rungs, place, self.listener.say)
        )
        scene = Scene(self.bench, begin, self.folder, memories, splits.folds)
        executor = self.cluster.executor(scene, task, self.listener) if self.cluster else Serial(scene)
        ascent = Ascent(self.bench, self.folder, memories, self.listener, self.account.warnings, executor)
        rungs = self._climb(ascent, rungs, self._forecaster(begin, memories), curve, apart=executor.apart)
        self.account.said.extend(said_choice(task.model, model, self.journal))
        outcome = self._decided(ascent.climbed, self._tested(ascent.climbed, rungs, executor))
        if curve is not None:  # the verdict stands before it, whatever comes
            write_outcome(outcome, self.folder, self.journal)
            study = CurveStudy(curve, self.bench, begin, self.folder, self.listener, executor)
            outcome = study.added(outcome, rungs, splits)
        write_outcome(outcome, self.folder, self.journal)

    def _frozen(self) -> list[str]:
        """Hold the study to what it began with; what has changed since."""
        changed = changed_since(self.journal, self.task)
        compared_by = dict.fromkeys([*specs_of(self.task), *filter(None, [self.rule.judge])])
        identities = {spec: self.model_of(spec).identity for spec in compared_by}
        freeze(self.journal, self.folder, self.task.model, self.prepared.splits, changed, identities)
        self.rule.hold(self.journal, self.folder)
        return changed

    def _assumed(self, codes: Sequence[str], said: Sequence[str]) -> list[str]:
        """What was taken for granted, or chosen for the user, beside what is `said`. `codes`: as for `_announce`."""
        found = [*self.task.assumptions, *codes, *said, *assumed(self.task.limits, self.task.prices)]
        for spec in specs_of(self.task):
            found += said_precision(spec, self.model_of(spec), self.journal)
        return found

    def _announce(self, rungs: Sequence[Rung], changed: Sequence[str], codes: Sequence[str], suited: bool) -> None:
        """Say what is ahead. `codes`: what code of the user's, or of other packages, takes part; `suited`: what weights
        forget is measured."""
        splits = self.prepared.splits
        since = [f"since the last run in {self.folder.path} the task has changed: {'; '.join(changed)}"] if changed else []
        for sentence in (introduced(self.task, splits, rungs), *since, *codes):
            self.listener.say(sentence)
        for sentence in (f"relevance is {self.evaluator.relevance.name}", *self.account.said):
            self.listener.note(sentence)
        self.listener.plan(planned(rungs, suited, folds=len(splits.folds)))
        for finding in self.account.findings:
            self.listener.say(f"{finding.level}: {finding.said}")
        for sentence in self.account.warnings:
            self.listener.say(f"warning: {sentence}")

    def _climb(
        self, ascent: Ascent, rungs: list[Rung], forecaster: Forecaster, curve: CurvePlan | None, apart: bool
    ) -> list[Rung]:
        """Climb the rungs as far as the limits let it, and time what they made; those that were to be climbed. `apart`:
        elsewhere, several at a time."""
        task, said, warnings = self.task, self.account.said, self.account.warnings
        try:
            self.meter.reserve = FOLDS_RESERVE if forecaster.folds else TEST_RESERVE
            speed = self.costing.speed(task.model)  # before the limits can cut it off
            for spec in specs_of(task) if apart else ():  # later there is other work beside it
                self.costing.speed(spec)
            self.judge = self.rule.measured(self.evaluator, self.prepared.splits.dev, task, self.listener.say)
            said += told(self.judge)
            warnings += doubts(self.judge, specs_of(task))
            if isinstance(self.bench.model, Tunable) and not task.models:  # the pace of several is not one number
                judge = self.judge.token_seconds if self.judge else 0.0
                ahead = outlook(rungs, forecaster, self.bench, speed, judge, self.listener.say)
                rungs = ahead.rungs
                said += ahead.said
                for sentence in (*ahead.said, ahead.lasts, *([AGAIN] if begun_before(self.journal) else [])):
                    self.listener.say(sentence)
                later = with_curve(curve, self.prepared.splits, rungs, ahead.stages, self.listener.say)
                self.listener.plan([*ahead.stages, *later])
            ascent.climb(rungs, lambda left: self._so_far(ascent.climbed, left))
        except BudgetExceeded as error:
            left = ", ".join(r.name for r in rungs[len(ascent.climbed) :])
            warnings.append(f"{error} while climbing; not finished: {left}")
            self.listener.say(warnings[-1])
        if task.limits.latency_p95_ms is not None:  # what is timed after the climb decides, too
            self.meter.reserve /= 2
        ascent.timed()
        self.meter.reserve = 0.0
        ascent.probed()
        return rungs

    def _tested(self, climbed: Sequence[Climbed], rungs: Sequence[Rung], executor: Executor) -> dict[str, Run]:
        """The finalists on test, or all over the folds, by their ids."""
        said, warnings, folds = self.account.said, self.account.warnings, self.prepared.splits.folds
        contenders = self.costing.evidence(climbed, {}).contenders(self.task)
        for removed in filter(None, (contender.removed for contender in contenders)):
            self.listener.say(removed)
        candidates = {made.name: made.candidate for made in climbed if made.candidate}
        if folds:
            if self.task.exhaustive is False:
                said.append("exhaustive: false changes nothing over folds: there all rows are answered")
            crossfit = CrossFit(self.bench, folds, self.rule, self.listener, executor)
            return crossfit.held(rungs, contenders, candidates, warnings)
        seconds = {made.name: made.dev.usage.seconds / len(made.dev.records) for made in climbed if made.dev}
        finals = Finals(
            self.task,
            self.prepared.splits.test,
            self.evaluator,
            self.meter,
            self.rule,
            self.journal,
            self.listener,
            seconds,
        )
        return finals.held(contenders, candidates, warnings, said)

    def _so_far(self, climbed: list[Climbed], ahead: Sequence[Rung]) -> None:
        """Write down what there is, for who looks at the study before it is finished."""
        evidence = self.costing.evidence(climbed, {})
        outcome = self._outcome(evidence, unfinished(evidence, self.task), Flips(), climbed, {})
        write_so_far(outcome, [rung.name for rung in ahead], self.journal)

    def _decided(self, climbed: list[Climbed], runs: dict[str, Run]) -> Outcome:
        evidence = self.costing.evidence(climbed, runs)
        return self._outcome(evidence, evidence.decide(self.task), flips(evidence, self.task), climbed, runs)

    def _outcome(
        self, evidence: Evidence, decided: Decided, turned: Flips, climbed: list[Climbed], runs: dict[str, Run]
    ) -> Outcome:
        shipped = {c.id for c in decided.champions.values()}
        folds = len(self.prepared.splits.folds)
        splits: dict[str, int] = {name: len(rows) for name, rows in self.prepared.splits.items()}
        if folds:
            splits["test"] = len(self.prepared.splits.all)
        return Outcome(
            task=self.task,
            task_path=self.task_path,
            options=self.options,
            data_sha256=self.prepared.splits.sha256,
            splits=splits,
            metric=self.rule.metric,
            climbed=climbed,
            evidence=evidence,
            decided=decided,
            flips=turned,
            runs=runs,
            traces={c.name: self.bench.trace(c.candidate.weights) for c in climbed if c.candidate and c.candidate.weights},
            findings=self.account.findings,
            assumptions=self.account.said,
            warnings=self.account.warnings,
            relevance=self.evaluator.relevance.name,
            wall_seconds=self.meter.seconds,
            prompts={made.name: self._render(made.candidate, made.dev) for made in climbed if made.candidate},
            forgetting=forgetting.account(climbed, self.task.seed),
            judge=self.judge,
            overfitting=overfitting(climbed, {} if folds else runs, shipped, self.evaluator, self.task.margin),
            folds=folds,
            asked=self.account.asked,
        )

    def _render(self, candidate: Candidate, dev: Run | None) -> tuple[Message, ...]:
        """One prompt of a candidate, for the reader."""
        renderer, text = self.evaluator.renderer(candidate.prompt), self.prepared.splits.dev[0].input
        answers = dev.records[0].steps if dev else {}
        shown = [own.messages(text, answers=answers) for own in (*renderer.steps, renderer)]
        return tuple(message for messages in shown for message in messages)

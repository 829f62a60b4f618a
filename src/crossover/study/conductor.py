"""The one conductor: freeze the splits, climb the ladder, score the finalists on test once, decide, write it down.

Everything is journaled as it happens, so a study that was killed goes on where it stopped, and one that is finished costs
no model call when it is run again: the same path is walked with every call answered from the journal.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossover.data.finding import Finding, raise_on_errors
from crossover.data.infer import Prepared
from crossover.data.task import Task
from crossover.decision.costs import assumed
from crossover.decision.deciding import Decided, Evidence, unfinished
from crossover.decision.flip import Flips, flips
from crossover.decision.judging import doubts, told
from crossover.decision.wording import blind
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded, OptionError, PromptError
from crossover.evaluation.forgetting import Memory, open_suites
from crossover.evaluation.judging import JudgeCheck
from crossover.evaluation.open import open_bench
from crossover.evaluation.relevance import relevance_scorer
from crossover.metrics.open import judge_of
from crossover.models.base import Model, Tunable
from crossover.models.batches import in_batches
from crossover.models.open import open_model
from crossover.study import forgetting
from crossover.study.ascent import Ascent
from crossover.study.asked import asked, opened
from crossover.study.costing import Costing
from crossover.study.crossfit import CrossFit
from crossover.study.curve import CurveStudy
from crossover.study.curve_plan import planned_curve, with_curve
from crossover.study.engines import compared
from crossover.study.finals import Finals
from crossover.study.fits import fitting
from crossover.study.folder import StudyFolder
from crossover.study.forecast import Forecaster
from crossover.study.freeze import freeze
from crossover.study.history import AGAIN, begun_before, changed_since, keep_given, with_kept_curve
from crossover.study.ladder import Climbed, Rung, ladder, start
from crossover.study.limited import FOLDS_RESERVE, TEST_RESERVE
from crossover.study.listener import Listener, Quiet
from crossover.study.models import said_choice, said_code, said_precision, settled
from crossover.study.on_ray import Ray, cluster
from crossover.study.outcome import Outcome, write_outcome, write_so_far
from crossover.study.outlook import outlook
from crossover.study.overfitting import overfitting
from crossover.study.paying import asked_models, others_paid, paid_models
from crossover.study.plan import introduced, planned
from crossover.study.preview import Preview, previewed
from crossover.study.progress import noted
from crossover.study.registered import keep_scores
from crossover.study.scoring import Scoring
from crossover.study.several import specs_of
from crossover.study.works import Scene, Serial
from crossover.tuning.open import check_tuning
from crossover.types import Candidate, Message, Run


def run_study(
    task_path: Path,
    out: Path | None = None,
    listener: Listener | None = None,
    model: str | None = None,
    settings: Sequence[str] = (),
    journal: str | None = None,
    on: str | None = None,
) -> StudyFolder:
    """Run or continue the study of a task file, and return its folder: decision.json is in it.

    `model`, and `settings` such as "limits.minutes=10": instead of the task file's. `out` None: `runs/NAME` in the current
    folder, or `runs/NAME-MODEL` with another model than the file's. `journal`, `on`: as `run_task` takes them. Raises
    `CrossoverError` for whatever the user can mend; where nothing was measured before, no folder is left behind.
    """
    task, usual = asked(task_path, model, settings)
    folder = StudyFolder(out or usual)
    given = {"--model": model, "--out": out}  # not where the journal is: the report goes to others
    options = tuple(word for name, value in given.items() if value is not None for word in (name, str(value)))
    options += tuple(word for setting in settings for word in ("--set", setting))
    return run_task(task, str(task_path), folder, listener, options, journal, on)


def run_task(
    task: Task,
    source: str,
    folder: StudyFolder,
    listener: Listener | None = None,
    options: Sequence[str] = (),
    journal_at: str | None = None,
    on: str | None = None,
    prepared: Prepared | None = None,
) -> StudyFolder:
    """Run or continue the study of a checked task. `source`: its file, or what stands for one; `options`: of the command.
    `journal_at`: the address of the database that keeps a new study's journal, which is else a file in the folder. `on`:
    "ray" or "ray:HOST:PORT", the cluster whose workers climb rungs side by side; else this process does all. `prepared`:
    the task's rows, where they were read already.

    Raises as `run_study` does.
    """
    prepared, rule, models = opened(task, source, prepared, (listener or Quiet()).progress)
    with cluster(on, models) as workers, folder.kept_if_spent(), folder.locked():
        journal = folder.open_journal(journal_at)
        try:
            keep_given(journal, task)
            prepared = replace(prepared, task=with_kept_curve(journal, prepared.task))
            with noted(folder, listener or Quiet()) as told:
                _Conductor(prepared, source, folder, journal, told, models, rule, tuple(options), workers).conduct()
        finally:
            try:
                if workers is not None:
                    workers.close()  # before another may begin here: what they are about still goes into the journal
            finally:
                journal.close()
        try:
            kept = keep_scores(folder, task)
        except PromptError as error:  # the verdict stands, whatever becomes of a file elsewhere
            kept = [f"warning: the prompt registry does not have the scores of this study: {error}"]
    for sentence in kept:
        (listener or Quiet()).say(sentence)
    return folder


def preview_study(
    task_path: Path, model: str | None = None, settings: Sequence[str] = (), listener: Listener | None = None
) -> Preview:
    """What `run_study` would take from its beginning. Nothing is measured but the speed of a model that runs here, and
    nothing is left behind. Raises as `run_study` does."""
    return preview_task(asked(task_path, model, settings)[0], str(task_path), listener)


def preview_task(task: Task, source: str, listener: Listener | None = None) -> Preview:
    """`preview_study` of a checked task. `source`: its file, or what stands for one."""
    prepared, rule, models = opened(task, source, None, (listener or Quiet()).progress)
    with tempfile.TemporaryDirectory(prefix="crossover-") as place:
        folder = StudyFolder(Path(place))
        journal = Journal(folder.journal)
        try:
            return _Conductor(prepared, source, folder, journal, listener or Quiet(), models, rule, ()).preview()
        finally:
            journal.close()


def paid(task_path: Path, out: Path | None = None, model: str | None = None, settings: Sequence[str] = ()) -> list[str]:
    """The models of a study that is not begun yet whose calls cost money, or leave this machine. Raises as `run_study`."""
    task, usual = asked(task_path, model, settings)
    if StudyFolder(out or usual).journal.exists():
        return []

    def model_of(spec: str) -> Model:
        return open_model(spec, task.folder)

    return paid_models(task, judge_of(task), ladder(task, model_of(task.model), model_of)[0], model_of)


@dataclass(frozen=True)
class Account:
    """What the reader is told beside the figures; the lists grow as the study goes."""

    findings: list[Finding]  # of the data
    said: list[str]  # what was assumed
    warnings: list[str]
    asked: Sequence[str] = ()  # models, by specification: the task's, a judge, a teacher


@dataclass
class _Conductor:
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
        model, rungs, said, memories, findings = self._begun()
        suited = any(memory.suites for memory in memories)
        curve, too_few = planned_curve(self.task, self.prepared.splits)
        changed = changed_since(self.journal, self.task)
        compared_by = dict.fromkeys([*specs_of(self.task), *filter(None, [self.rule.judge])])
        identities = {spec: self.model_of(spec).identity for spec in compared_by}
        freeze(self.journal, self.folder, self.task.model, self.prepared.splits, changed, identities)
        self.rule.hold(self.journal, self.folder)
        self.listener.say(introduced(self.task, self.prepared.splits, rungs))
        since = [f"since the last run in {self.folder.path} the task has changed: {'; '.join(changed)}"] if changed else []
        codes = [*self.rule.said(), *said_code({spec: self.model_of(spec) for spec in specs_of(self.task)})]
        for sentence in (*since, *codes):
            self.listener.say(sentence)
        said = [*self.task.assumptions, *codes, *said, *assumed(self.task.limits, self.task.prices)]
        for spec in specs_of(self.task):
            said += said_precision(spec, self.model_of(spec), self.journal)
        for sentence in (f"relevance is {self.evaluator.relevance.name}", *said):
            self.listener.note(sentence)
        folds = self.prepared.splits.folds
        self.listener.plan(planned(rungs, suited, folds=len(folds)))
        for finding in findings:
            self.listener.say(f"{finding.level}: {finding.said}")
        begin = start(self.task, model, [e.output for e in self.prepared.splits.train])
        warnings = [*blind(self.task), *too_few]
        for sentence in warnings:
            self.listener.say(f"warning: {sentence}")
        models = {spec: self.model_of(spec) for spec in asked_models(self.task, self.rule.judge, rungs)}
        renderer = self.evaluator.renderer(begin.prompt)
        dev, place = self.prepared.splits.dev, self.folder.path
        said += compared(models, begin, renderer, dev, self.journal, rungs, place, self.listener.say)
        scene = Scene(self.bench, begin, self.folder, memories, folds)
        executor = self.cluster.executor(scene, self.task, self.listener) if self.cluster else Serial(scene)
        ascent = Ascent(self.bench, self.folder, memories, self.listener, warnings, executor)
        self.account = Account(findings, said, warnings, list(models))
        try:
            self.meter.reserve = FOLDS_RESERVE if folds else TEST_RESERVE
            speed = self.costing.speed(self.task.model)  # before the limits can cut it off
            for spec in specs_of(self.task) if executor.apart else ():  # later there is other work beside it
                self.costing.speed(spec)
            self.judge = self.rule.measured(self.evaluator, self.prepared.splits.dev, self.task, self.listener.say)
            said += told(self.judge)
            warnings += doubts(self.judge, specs_of(self.task))
            if isinstance(model, Tunable) and not self.task.models:  # the pace of several is not one number
                forecaster = self._forecaster(begin, memories)
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
        if self.task.limits.latency_p95_ms is not None:  # what is timed after the climb decides, too
            self.meter.reserve /= 2
        ascent.timed()
        self.meter.reserve = 0.0
        ascent.probed()
        said += said_choice(self.task.model, model, self.journal)
        contenders = self.costing.evidence(ascent.climbed, {}).contenders(self.task)
        for removed in filter(None, (contender.removed for contender in contenders)):
            self.listener.say(removed)
        candidates = {made.name: made.candidate for made in ascent.climbed if made.candidate}
        if folds:
            if self.task.exhaustive is False:
                said.append("exhaustive: false changes nothing over folds: there all rows are answered")
            crossfit = CrossFit(self.bench, folds, self.rule, self.listener, executor)
            runs = crossfit.held(rungs, contenders, candidates, warnings)
        else:
            seconds = {made.name: made.dev.usage.seconds / len(made.dev.records) for made in ascent.climbed if made.dev}
            test = self.prepared.splits.test
            finals = Finals(self.task, test, self.evaluator, self.meter, self.rule, self.journal, self.listener, seconds)
            runs = finals.held(contenders, candidates, warnings, said)
        outcome = self._decided(ascent.climbed, runs)
        if curve is not None:  # the verdict stands before it, whatever comes
            write_outcome(outcome, self.folder, self.journal)
            study = CurveStudy(curve, self.bench, begin, self.folder, self.listener, executor)
            outcome = study.added(outcome, rungs, self.prepared.splits)
        write_outcome(outcome, self.folder, self.journal)

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

"""The one conductor: freeze the splits, climb the ladder, score the finalists on test once, decide, write it down.

Everything is journaled as it happens, so a study that was killed goes on where it stopped, and one that is finished costs
no model call when it is run again: the same path is walked with every call answered from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossover.data.checks import Finding, raise_on_errors
from crossover.data.infer import Prepared, prepare
from crossover.data.task import Task, load_with_settings
from crossover.decision.contenders import Contender, finalists, rung, standing
from crossover.decision.costs import Cost, Prices, assumed, local_cost
from crossover.decision.judging import doubts, told
from crossover.decision.limits import doubt, removal
from crossover.decision.pairs import Comparisons
from crossover.decision.recommend import Verdict, recommend
from crossover.decision.wording import Wording, blind
from crossover.engine.journal import Journal
from crossover.errors import BudgetExceeded, OptionError
from crossover.evaluation.forgetting import Forgetting, Memory, open_suites
from crossover.evaluation.judging import JudgeCheck
from crossover.evaluation.open import open_bench
from crossover.evaluation.probe import Speed, measure_speed
from crossover.evaluation.relevance import relevance_scorer
from crossover.models.base import Model, Tunable
from crossover.models.open import open_model
from crossover.study import forgetting
from crossover.study.fits import fitting
from crossover.study.folder import StudyFolder, default_folder
from crossover.study.forecast import Forecaster
from crossover.study.freeze import freeze
from crossover.study.history import changed_since
from crossover.study.ladder import Climbed, Rung, check_strategies, climb, floor, ladder, start
from crossover.study.latency import judged
from crossover.study.listener import Listener, Quiet, Stage
from crossover.study.models import open_settled, said_precision, settled
from crossover.study.outcome import Outcome, write_outcome, write_so_far
from crossover.study.outlook import outlook
from crossover.study.overfitting import overfitting
from crossover.study.plan import introduced, planned
from crossover.study.scoring import Scoring, scoring
from crossover.types import Candidate, Family, Message, Run, to_json

TEST_RESERVE = 0.2  # the share of the limits that is kept for the finalists


def run_study(
    task_path: Path,
    out: Path | None = None,
    listener: Listener | None = None,
    model: str | None = None,
    settings: Sequence[str] = (),
) -> StudyFolder:
    """Run or continue the study of a task file, and return its folder: decision.json is in it.

    `model`, and `settings` such as "limits.minutes=10": instead of the task file's. `out` None: `runs/NAME` in the current
    folder, or `runs/NAME-MODEL` with another model than the file's. Raises `CrossoverError` for whatever the user can
    mend; where nothing was measured before, no folder is left behind.
    """
    loaded = load_with_settings(task_path, settings)
    task = loaded.task if model is None else loaded.task.model_copy(update={"model": model})
    check_strategies(task, loaded.place)  # before torch is loaded, and before any data is read
    folder = StudyFolder(out or default_folder(task, task.model != loaded.model))
    given = {"--model": model, "--out": out}
    options = tuple(word for name, value in given.items() if value is not None for word in (name, str(value)))
    options += tuple(word for setting in settings for word in ("--set", setting))
    return run_task(task, str(task_path), folder, listener, options)


def run_task(
    task: Task, source: str, folder: StudyFolder, listener: Listener | None = None, options: Sequence[str] = ()
) -> StudyFolder:
    """Run or continue the study of a checked task. `source`: its file, or what stands for one; `options`: of the command.

    Raises as `run_study` does.
    """
    prepared = prepare(task)
    raise_on_errors(prepared.findings)
    rule = scoring(prepared.task, source, prepared.splits.dev)
    opened = open_model(task.model, task.folder)
    with folder.kept_if_spent(), folder.locked():
        journal = Journal(folder.journal)
        try:
            _Conductor(prepared, source, folder, journal, listener or Quiet(), opened, rule, tuple(options)).conduct()
        finally:
            journal.close()
    return folder


def _twin(climbed: Sequence[Climbed]) -> Climbed | None:
    """The first rung before the last one that ended in the same candidate."""
    *before, last = climbed
    if last.candidate is None:
        return None
    return next((made for made in before if made.candidate and made.candidate.id == last.candidate.id), None)


@dataclass
class _Conductor:
    prepared: Prepared
    task_path: str
    folder: StudyFolder
    journal: Journal
    listener: Listener
    opened: Model  # the task's
    rule: Scoring
    options: tuple[str, ...]  # of the command, as they were given

    def __post_init__(self) -> None:
        self.task: Task = self.prepared.task
        self.models = {self.task.model: settled(self.opened, self.task.model, self.journal)}
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
        self.judge: JudgeCheck | None = None  # what it is worth, once that is measured

    def model_of(self, spec: str) -> Model:
        if spec not in self.models:
            self.models[spec] = open_settled(spec, self.task.folder, self.journal)
        return self.models[spec]

    def conduct(self) -> None:
        model = self.model_of(self.task.model)
        if self.task.limits.data_stays_here and not model.local:
            raise OptionError(
                f"{self.task_path}: limits.data_stays_here is true, and the model '{self.task.model}' runs elsewhere;"
                " valid: a local model, or the limit false"
            )
        rungs, said = ladder(self.task, model)
        tuned = any(rung.strategy.family in ("weights", "hybrid") for rung in rungs)
        memory = Memory(self.evaluator, self.task.model, open_suites(self.task, model) if tuned else [], self.task.seed)
        findings = [*self.prepared.findings, *fitting(self.task, self.prepared.splits, model)]
        raise_on_errors(findings)
        changed = changed_since(self.journal, self.task)
        freeze(self.journal, self.folder, self.task.model, self.prepared.splits, changed)
        self.rule.hold(self.journal, self.folder)
        self.listener.say(introduced(self.task, self.prepared.splits, rungs))
        since = [f"since the last run in {self.folder.path} the task has changed: {'; '.join(changed)}"] if changed else []
        for sentence in (*since, *self.rule.said()):
            self.listener.say(sentence)
        said = [*self.task.assumptions, *self.rule.said(), *said, *assumed(self.task.limits)]
        said += said_precision(self.task.model, model, self.journal)
        for sentence in (f"relevance is {self.evaluator.relevance.name}", *said):
            self.listener.note(sentence)
        self.listener.plan(planned(rungs, bool(memory.suites)))
        for finding in findings:
            self.listener.say(f"{finding.level}: {finding.message}")
        begin = start(self.task, model, [e.output for e in self.prepared.splits.train])
        climbed: list[Climbed] = []
        warnings = blind(self.task)
        for sentence in warnings:
            self.listener.say(f"warning: {sentence}")
        try:
            self.meter.reserve = TEST_RESERVE
            speed = self._speed(self.task.model)  # before the limits can cut it off
            self.judge = self.rule.measured(self.evaluator, self.prepared.splits.dev, self.task, self.listener.say)
            said += told(self.judge)
            warnings += doubts(self.judge, self.task.model)
            if isinstance(model, Tunable):
                forecaster = Forecaster(self.bench, begin, memory.suites, len(self.prepared.splits.test))
                ahead = outlook(rungs, forecaster, self.bench, speed, self.listener.say)
                rungs, said = ahead.rungs, [*said, *ahead.said]
                for sentence in ahead.said:
                    self.listener.say(sentence)
                self.listener.plan(ahead.stages)
            self._so_far(climbed, rungs, findings, said, warnings)
            for position, step in enumerate(rungs, 1):
                self.listener.stage(Stage("climb", step.name, position, len(rungs)))
                made = climb(step, begin, self.bench, self.journal, self.folder)
                climbed.append(made)
                self.listener.result(made.name, made.dev.estimate if made.dev else None, made.note)
                if twin := _twin(climbed):
                    climbed[-1] = replace(made, same_as=twin.name, forgetting=twin.forgetting)
                    self.listener.say(f"{made.name} ends in the same candidate as {twin.name}: it is measured once")
                    self._so_far(climbed, rungs[position:], findings, said, warnings)
                    continue
                climbed[-1] = replace(made, forgetting=self._forgotten(memory, made, warnings))
                self._so_far(climbed, rungs[position:], findings, said, warnings)
        except BudgetExceeded as error:
            left = ", ".join(r.name for r in rungs[len(climbed) :])
            warnings.append(f"{error} while climbing; not finished: {left}")
            self.listener.say(warnings[-1])
        self.meter.reserve = 0.0
        for at, made in enumerate(climbed):
            if made.same_as is None:
                climbed[at] = replace(made, probe=judged(self.bench, made.candidate, made.probe, self.listener.say))
                warnings += filter(None, [doubt(self.task.limits, made.name, climbed[at].probe)])
        contenders = self._contenders(climbed)
        for removed in filter(None, (contender.removed for contender in contenders)):
            self.listener.say(removed)
        tested = self._test(contenders, climbed, warnings)
        outcome = self._decide(contenders, climbed, tested, findings, said, warnings)
        write_outcome(outcome, self.folder, self.journal)

    def _so_far(
        self,
        climbed: list[Climbed],
        ahead: Sequence[Rung],
        findings: list[Finding],
        said: list[str],
        warnings: list[str],
    ) -> None:
        """Write down what there is, for who looks at the study before it is finished."""
        verdict = Verdict("unfinished", None, None, None, None, (), ())
        contenders = self._contenders(climbed)
        outcome = self._outcome(verdict, Comparisons(()), {}, contenders, climbed, {}, findings, said, warnings)
        write_so_far(outcome, [rung.name for rung in ahead], self.journal)

    def _forgotten(self, memory: Memory, made: Climbed, warnings: list[str]) -> Forgetting | None:
        """What the weights of a rung forgot; None without weights or suites, or where a limit cut it off.

        A control's weights are no language model's: they knew nothing else before. What was measured before is the task's
        model, so weights of another one are not.
        """
        if made.candidate is None or made.candidate.weights is None or made.family == "control" or not memory.suites:
            return None
        if made.candidate.model != memory.spec:
            warnings.append(f"what {made.name} forgot was not measured: its model is {made.candidate.model}")
            return None
        self.listener.stage(Stage("forgetting", made.name, 1, 1))
        try:
            found = memory.measure(made.candidate.weights)
        except BudgetExceeded as error:
            warnings.append(f"{error}: what {made.name} forgot was not measured")
            return None
        sentences = forgetting.told(made.name, found)
        self.journal.set_fact(f"forgetting, {made.name}", sentences)
        for sentence in sentences:
            self.listener.note(sentence)
        return found

    def _speed(self, spec: str) -> Speed:
        """The machine's token speed with a model, measured once in a study."""
        name = f"speed of {spec}"
        known = self.journal.fact(name)
        if known is None:
            text = "\n".join(e.input for e in self.prepared.splits.train[:20])[:400]
            try:
                known = to_json(measure_speed(self.evaluator.caller, self.model_of(spec), text))
            except BudgetExceeded:
                return Speed(0.0, 0.0)  # the limit came before anything was measured: there is no cost to compare
            self.journal.set_fact(name, known)
        return Speed(**known)

    def _cost(self, made: Climbed) -> Cost:
        assert made.candidate is not None
        assert made.dev is not None
        candidate, calls = made.candidate, max(len(made.dev.records), 1)
        labels = len(self.prepared.splits.train) if candidate.weights else len(candidate.prompt.demonstrations)
        return local_cost(
            Prices.of(self.task.limits),
            self._speed(candidate.model),
            made.dev.usage.tokens_in / calls,
            made.dev.usage.tokens_out / calls,
            self.bench.tuning_seconds(candidate.weights),
            labels,
        )

    def _contenders(self, climbed: list[Climbed]) -> list[Contender]:
        requests = Prices.of(self.task.limits).requests
        found = []
        for order, made in enumerate(climbed):
            if made.candidate is None or made.dev is None or made.same_as is not None:
                continue
            cost = self._cost(made)
            local = self.model_of(made.candidate.model).local
            removed = removal(self.task.limits, made.name, local, made.probe, made.dev)
            place = rung(made.candidate, made.family)
            found.append(
                Contender(
                    made.name,
                    made.candidate.id,
                    made.family,
                    place,
                    order,
                    made.dev.estimate,
                    cost,
                    cost.over(requests),
                    removed,
                    made.strategy,
                )
            )
        return found

    def _test(self, contenders: list[Contender], climbed: list[Climbed], warnings: list[str]) -> dict[str, Run]:
        """Score the finalists on test, once; one that proves useless is marked in `contenders`, and the next is scored."""
        chosen = finalists(contenders, self.task.margin)
        self.rule.tested(self.journal)
        names = sorted(c.id for c in chosen)
        uses = self.journal.fact("test uses", [])
        if names not in uses:
            uses.append(names)
            self.journal.set_fact("test uses", uses)
        if len(uses) > 1:
            warnings.append(
                f"The test split was used for {len(uses)} different sets of finalists in this folder: each further"
                " use makes its numbers a little too good."
            )
        by_name = {made.name: made for made in climbed}
        runs: dict[str, Run] = {}
        met: set[str] = set()
        while chosen:
            contender = chosen.pop(0)
            met.add(contender.name)
            self.listener.stage(Stage("test", contender.name, len(met), len(met) + len(chosen)))
            candidate = by_name[contender.name].candidate
            assert candidate is not None
            try:
                runs[contender.id] = self.evaluator.run(candidate, "test", self.prepared.splits.test)
            except BudgetExceeded as error:
                warnings.append(f"{error} on the test split; not tested: {contender.name}")
                continue
            self.listener.result(contender.name, runs[contender.id].estimate, "on test")
            reason = removal(self.task.limits, contender.name, True, None, runs[contender.id])
            if reason:
                self.listener.say(reason)
                contenders[contenders.index(contender)] = replace(contender, removed=reason)
                chosen = [c for c in finalists(contenders, self.task.margin) if c.name not in met]
        return runs

    def _decide(
        self,
        contenders: list[Contender],
        climbed: list[Climbed],
        runs: dict[str, Run],
        findings: list[Finding],
        said: list[str],
        warnings: list[str],
    ) -> Outcome:
        task, prices, rule = self.task, Prices.of(self.task.limits), self.rule
        best = standing(contenders, task.margin, runs)
        wording = Wording(rule.name, prices.requests, prices.label_cost)
        others = [c for c in contenders if c.id in runs and c.removed is None]
        given = (task.margin, task.target, task.seed, wording, floor(climbed, runs), task.tolerance, others)
        verdict, comparisons = recommend(best, runs, rule.metric, *given)
        return self._outcome(verdict, comparisons, best, contenders, climbed, runs, findings, said, warnings)

    def _outcome(
        self,
        verdict: Verdict,
        comparisons: Comparisons,
        best: Mapping[Family, Contender],
        contenders: list[Contender],
        climbed: list[Climbed],
        runs: dict[str, Run],
        findings: list[Finding],
        said: list[str],
        warnings: list[str],
    ) -> Outcome:
        return Outcome(
            task=self.task,
            task_path=self.task_path,
            options=self.options,
            data_sha256=self.prepared.splits.sha256,
            splits={s: len(getattr(self.prepared.splits, s)) for s in ("train", "dev", "test")},
            metric=self.rule.metric,
            climbed=climbed,
            contenders=contenders,
            runs=runs,
            traces={c.name: self.bench.trace(c.candidate.weights) for c in climbed if c.candidate and c.candidate.weights},
            verdict=verdict,
            comparisons=comparisons,
            champions=best,
            findings=findings,
            assumptions=said,
            warnings=warnings,
            relevance=self.evaluator.relevance.name,
            wall_seconds=self.meter.seconds,
            prompts={made.name: self._render(made.candidate, made.dev) for made in climbed if made.candidate},
            speed=self._speed(self.task.model),
            forgetting=forgetting.account(climbed, self.task.seed),
            judge=self.judge,
            overfitting=overfitting(climbed, runs, {c.id for c in best.values()}, self.evaluator, self.task.margin),
        )

    def _render(self, candidate: Candidate, dev: Run | None) -> tuple[Message, ...]:
        """One prompt of a candidate, for the reader."""
        renderer, text = self.evaluator.renderer(candidate.prompt), self.prepared.splits.dev[0].input
        answers = dev.records[0].steps if dev else {}
        shown = [own.messages(text, answers=answers) for own in (*renderer.steps, renderer)]
        return tuple(message for messages in shown for message in messages)

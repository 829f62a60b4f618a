"""The ladder: which rungs a task climbs, and what is measured on each."""

from __future__ import annotations

import errno
import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from crossover import registry
from crossover.data.clusters import clusters
from crossover.data.task import StrategySpec, Task
from crossover.data.yamlfile import KeyPath
from crossover.decision.contenders import family_of
from crossover.engine.decoding import decoding_for, on_another
from crossover.engine.journal import Journal
from crossover.errors import (
    BudgetExceeded,
    DataError,
    MetricError,
    MissingExtra,
    ModelError,
    OptionError,
    StudyError,
    TaskError,
    TuningError,
    shown,
    without_keys,
)
from crossover.evaluation.aggregate import estimate
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.forgetting import Forgetting
from crossover.evaluation.probe import Probe
from crossover.interrupts import if_interrupted
from crossover.metrics.base import Judging, Metric, score_of
from crossover.models.base import Hosted, Model, Tunable, is_control
from crossover.models.embedding import need_embedder
from crossover.strategies.base import Demanding, Outline, Selective, Serviced, Strategy, outlined
from crossover.strategies.open import open_strategy
from crossover.strategies.then import Then
from crossover.study.folder import StudyFolder
from crossover.study.grid import expanded
from crossover.study.latency import timed
from crossover.study.promised import held
from crossover.study.several import placed, without_places
from crossover.types import Candidate, Estimate, Family, Provenance, Run, content_hash

T = TypeVar("T")

CONTROLS = ("majority", "nearest_neighbour")
CLASSIFIERS = ("classifier",)  # controls by default where a label is the answer and sentence embeddings are there
PROMPTS = ("zero_shot", "instruction", "few_shot")
CHAINED = ("chain",)  # by default where the task file writes one
REASONED = ("chain_of_thought",)  # by default where answers are written: a label is seldom worth pages of steps
TUNED = ("lora", "full", "instruction+lora", "lora+few_shot")
WIDEST_FULL = 1024  # hidden size above which full tuning is left to those who ask for it: 16 bytes a weight
TRAIN_SAMPLE = 200
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # errors that the next rung would meet too


@dataclass(frozen=True)
class Rung:
    """A strategy of the ladder, ready to adapt. `name`: for a reader; `spec`: as the task file writes it.

    Of a study with several models, `model`: the one that it is climbed on, where it is not the first; `found_on`: the one
    that its prompt is found on, before the other answers with it.
    """

    name: str
    spec: StrategySpec
    strategy: Strategy
    model: str = ""
    found_on: str = ""


@dataclass(frozen=True)
class Climbed:
    """What a rung gave. `candidate` is None when it failed: `note` then says why, and `family` is what it was to be.

    `strategy`: as the task file writes it. `same_as`: the name of the rung before it that ended in the same candidate.
    """

    name: str
    strategy: str
    family: Family
    candidate: Candidate | None
    dev: Run | None
    train: Run | None
    probe: Probe | None
    note: str
    forgetting: Forgetting | None = None  # of tuned weights
    same_as: str | None = None
    work: str = ""  # under what the journal keeps what making it took


def check_strategies(task: Task, place: Callable[[KeyPath], str]) -> None:
    """Raise `OptionError` for a strategy whose options are not valid, that cannot follow the one before it, or that needs
    what the task has not, saying by `place` where it stands.

    Needs no model; nothing is imported but the strategies that are named.
    """
    for number, spec in enumerate(task.strategies):
        try:
            for one in expanded([without_places(spec)]):
                strategy = open_strategy(one.name, one.options)
                if isinstance(strategy, Demanding):
                    strategy.check(task)
                outlined(strategy, Outline(), task)
            placed([spec], task.models, lambda one: False)
        except (OptionError, DataError, TaskError) as error:
            raise OptionError(f"{place(('strategies', number))}: {error}") from error


def ladder(task: Task, model: Model, model_of: Callable[[str], Model] | None = None) -> tuple[list[Rung], list[str]]:
    """The rungs in order, and a sentence for each choice that was made for the user. Raises `OptionError`.

    `model`: the task's, of several the first; `model_of` opens the others.
    """
    specs, said = expanded(task.strategies), []
    models = [model, *(model_of(one.spec) for one in list(task.models.values())[1:] if model_of)]
    if not specs:
        learnt, left_out = _classifiers(task)
        names = [
            *CONTROLS,
            *learnt,
            *PROMPTS,
            *(REASONED if task.kind == "generate" else ()),
            *(CHAINED if task.chain else ()),
        ]
        tunable = [one for one in models if isinstance(one, Tunable)]
        names += [n for n in TUNED if tunable and (n != "full" or all(one.width <= WIDEST_FULL for one in tunable))]
        specs = [StrategySpec(name=name, options={}) for name in names]
        if any(isinstance(one, Tunable) for one in models[1:]):  # the question of who has a large model and a small one
            specs.append(StrategySpec(name="distill", options={"teacher": next(iter(task.models))}))
            names.append("distill")
        said.append(f"strategies are not given: the ladder is {', '.join(names)}")
        said += left_out
    if not any(map(_is_control, specs)):
        specs.insert(0, StrategySpec(name=CONTROLS[0], options={}))
        said.append(f"no control is given: added {CONTROLS[0]}")
    if not any(spec.name == "zero_shot" for spec in specs):
        specs.insert(1, StrategySpec(name="zero_shot", options={}))
        said.append("no baseline is given: added zero_shot")
    if task.models and model_of:
        return _over(task, specs, model_of, said), said
    rungs = []
    for name, spec in zip(_names(specs), specs, strict=True):
        strategy = open_strategy(spec.name, spec.options)
        if why := unfit(spec.name, strategy, model, task.model):
            raise OptionError(why)
        rungs.append(Rung(name, spec, strategy))
    return rungs, said


def _over(task: Task, specs: Sequence[StrategySpec], model_of: Callable[[str], Model], said: list[str]) -> list[Rung]:
    """The rungs of several models. Where a rung names none, those that it cannot tune are left out, which is `said`."""
    rungs, left_out, distinct = [], [], {_identity(spec): without_places(spec) for spec in specs}
    shown = dict(zip(distinct, _names(list(distinct.values())), strict=True))
    for spec in specs:
        found = 0
        for one in placed([spec], task.models, _is_control):
            where, strategy = task.models[one.on].spec, open_strategy(one.spec.name, one.spec.options)
            if one.found_on and strategy.family in ("weights", "hybrid"):  # before anything is tuned in vain
                raise OptionError(_stay(spec.name))
            if why := unfit(spec.name, strategy, model_of(where), one.on):
                if one.named:
                    raise OptionError(why)
                left_out.append(f"{spec.name} on {one.on}")
                continue
            found += 1
            name = shown[_identity(spec)]
            if not _is_control(spec):
                where_said = one.on + (f", prompt of {one.found_on}" if one.found_on else "")
                name = f"{name[:-1]}, {where_said})" if name.endswith(")") else f"{name} ({where_said})"
            other = "" if where == task.model else where
            rungs.append(Rung(name, one.spec, strategy, other, task.models[one.found_on].spec if one.found_on else ""))
        if not found:
            raise OptionError(_untunable(spec.name, open_strategy(spec.name, without_places(spec).options), "any of them"))
    if left_out:
        said.append(f"not climbed, as these models cannot be tuned or looked into so: {', '.join(left_out)}")
    counts = Counter(rung.name for rung in rungs)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise OptionError(f"strategy '{twice[0]}' stands {counts[twice[0]]} times; valid is once, or with other options")
    return rungs


def _identity(spec: StrategySpec) -> str:
    """The same for the same options of its own, wherever it is climbed."""
    return content_hash(without_places(spec).model_dump(mode="json"))


def _is_control(spec: StrategySpec) -> bool:
    return len(spec.steps) == 1 and registry.stated("strategies", spec.name, "family") == "control"


def _stay(name: str) -> str:
    return f"strategy '{name}' tunes weights, which stay on the model that they are of; valid with found_on: a prompt"


def _untunable(name: str, strategy: Strategy, model: str) -> str:
    where = "at its service" if _dialects(strategy) != {None} else "here"
    return (
        f"strategy '{name}' tunes weights, and the model '{model}' cannot be tuned {where}; valid: "
        f"{', '.join((*CONTROLS, *PROMPTS))}, or a model that can be tuned so, such as {_tunable(strategy)}"
    )


def unfit(name: str, strategy: Strategy, model: Model, spec: str) -> str:
    """Why a model cannot do what a strategy wants of it: be tuned, here or at its service, or looked into; "" if it can."""
    if not all(
        isinstance(model, Tunable) if dialect is None else isinstance(model, Hosted) and model.dialect == dialect
        for dialect in _dialects(strategy)
    ):
        return _untunable(name, strategy, spec)
    try:
        for step in strategy.strategies() if isinstance(strategy, Then) else [strategy]:
            if isinstance(step, Selective):
                step.check_model(model, spec)
    except OptionError as error:
        return str(error)
    return ""


def _dialects(strategy: Strategy) -> set[str | None]:
    """Of the services at which a strategy tunes; None: in this process."""
    steps = strategy.strategies() if isinstance(strategy, Then) else [strategy]
    return {step.dialect if isinstance(step, Serviced) else None for step in steps if step.family in ("weights", "hybrid")}


def _tunable(strategy: Strategy) -> str:
    found = {dialect for dialect in _dialects(strategy) if dialect}
    return f"{min(found)}:NAME" if found else "pocket"


def _classifiers(task: Task) -> tuple[tuple[str, ...], list[str]]:
    """The controls that need sentence embeddings, where they can be had, or why they are left out."""
    if task.kind != "classify":
        return (), []
    try:
        need_embedder(f"the control {CLASSIFIERS[0]}")
    except (MissingExtra, OptionError) as error:
        return (), [f"{error}; it is left out of the ladder"]
    return CLASSIFIERS, []


def _names(specs: Sequence[StrategySpec]) -> list[str]:
    """Each rung's name: the strategy's, with the options that tell it from others of the strategy: "lora (replay 0.25)".

    Raises `OptionError` for the same twice.
    """
    names = []
    for spec in specs:
        alike = [other.options for other in specs if other.name == spec.name]
        own = {k: v for k, v in spec.options.items() if any(k not in o or o[k] != v for o in alike)}
        names.append(f"{spec.name} ({_said(own)})" if own else spec.name)
    for name, count in Counter(names).items():
        if count > 1:
            raise OptionError(f"strategy '{name}' stands {count} times; valid is once, or each time with other options")
    return names


def _said(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{k} {_said(v)}" if isinstance(v, Mapping) else f"{k} {v}" for k, v in options.items())


def start(task: Task, model: Model, outputs: list[str]) -> Candidate:
    """The candidate that every rung starts from: the bare model, with an answer as long as the training answers need."""
    return Candidate(task.model, decoding=decoding_for(task, model, outputs))


def climb(
    rung: Rung, start: Candidate, bench: StudyBench, journal: Journal, folder: StudyFolder, beside: bool = False
) -> Climbed:
    """Adapt, then measure on dev. A rung that goes wrong is recorded as failed and the study goes on.

    `beside`: other work is done at the same time, so latency is measured later.

    Raises what concerns the whole study: `BudgetExceeded`, `MetricError`, `ModelError`, `StudyError`.
    """
    journal.clear_tries(rung.name)  # of a rung that once had this name; the walk notes its own again
    rows = [[example.id for example in split] for split in (bench.train, bench.dev)]
    does = [rung.spec.name, _options(rung), bench.seed, start.id, rows]
    does += [rung.model, rung.found_on] if rung.model or rung.found_on else []  # what another model was asked is its own
    work = f"rung {content_hash(does)}"  # by what it does: another rung may have its name
    journal.clear_needs(work)  # of a task with another instruction, say, whose calls this one does not need

    def measured() -> Climbed:
        with bench.evaluator.caller.making(work):
            candidate = adapted(rung, start, bench)
        dev = bench.score(candidate)
        probe = None if beside else timed(bench, candidate)
        train = None
        if candidate.weights is not None:
            sample = random.Random(bench.seed).sample(list(bench.train), min(len(bench.train), TRAIN_SAMPLE))
            train = bench.evaluator.run(candidate, "train", sample)
        family = family_of(candidate, is_control(bench.model_of(candidate.model)))
        note = candidate.provenance.note
        return Climbed(rung.name, rung.spec.name, family, candidate, dev, train, probe, note, work=work)

    found = guarded(rung.name, measured, folder)
    return _failed(rung, found) if isinstance(found, str) else found


def adapted(rung: Rung, start: Candidate, bench: StudyBench) -> Candidate:
    """The rung's candidate at a bench, with how it came to be. Raises what the strategy raises."""
    home, (start, at) = rung.model or start.model, begun(rung, start, bench)
    provenance = Provenance(rung.spec.name, _options(rung), bench.seed, start.id, name=rung.name)
    candidate = moved(rung, held(rung.name, rung.strategy, replace(start, provenance=provenance), at), home, at)
    parent = start.id if candidate.id != start.id else None
    # a tune drops the calibration of the prompt before it, so it is told by what the candidate has in the end
    calibration = "calibrated" if candidate.decoding.label_bias else ""
    note = "; ".join(filter(None, [candidate.provenance.note, calibration]))
    return replace(candidate, provenance=replace(provenance, parent=parent, note=note))


def begun(rung: Rung, start: Candidate, bench: StudyBench) -> tuple[Candidate, StudyBench]:
    """What a rung starts from, and its bench: of the model that it is climbed, or its prompt is found, on."""
    spec = rung.found_on or rung.model
    if spec in ("", bench.task.model):
        return start, bench
    there = bench.on(spec)
    decoding = decoding_for(there.task, there.model, [example.output for example in bench.train])
    return replace(start, model=spec, decoding=decoding), there


def moved(rung: Rung, candidate: Candidate, home: str, bench: StudyBench) -> Candidate:
    """A candidate whose prompt was found on another model, as the model `home` answers with it. Raises `OptionError`."""
    if not rung.found_on:
        return candidate
    if candidate.weights is not None:
        raise OptionError(_stay(rung.spec.name))
    outputs = [example.output for example in bench.train]
    decoding = on_another(candidate, bench.task, bench.model, bench.model_of(home), outputs)
    note = "; ".join(filter(None, [candidate.provenance.note, f"the prompt was found on {rung.found_on}"]))
    return replace(candidate, model=home, decoding=decoding, provenance=replace(candidate.provenance, note=note))


def guarded(name: str, make: Callable[[], T], folder: StudyFolder) -> T | str:
    """What `make` gives, or why it failed, for a reader: a rung that goes wrong ends no study.

    Raises what concerns the whole study: `BudgetExceeded`, `MetricError`, `ModelError`, `StudyError`.
    """
    try:
        return make()
    except (BudgetExceeded, MetricError, ModelError, StudyError):
        raise
    except SystemExit as error:
        return f"it asked to end the program ({shown(error.code)}), which a rung cannot; valid is an exception"
    except Exception as error:
        if_interrupted(error)
        if isinstance(error, (TuningError, OptionError, MissingExtra)):
            return without_keys(str(error))
        if getattr(error, "errno", None) in DISK:
            raise StudyError(f"{folder.path} cannot be written ({error}): free some space, then run it again") from error
        folder.log(without_keys(f"{name}\n{traceback.format_exc()}\n"))
        said = " ".join(f"{type(error).__name__}: {error}".split())  # a message may have lines
        return without_keys(f"{said} (details in {folder.errors.name})")


def _failed(rung: Rung, note: str) -> Climbed:
    return Climbed(rung.name, rung.spec.name, rung.strategy.family, None, None, None, None, note)


def _options(rung: Rung) -> dict[str, Any]:
    """The options as they acted, defaults included, so that a candidate says how it was made."""
    if isinstance(rung.strategy, Then):
        steps = zip(rung.strategy.steps, rung.strategy.strategies(), strict=True)
        return {name: asdict(step) for name, step in steps}  # type: ignore[call-overload]
    return asdict(rung.strategy)  # type: ignore[call-overload,no-any-return]


def floor(climbed: Sequence[Climbed], runs: Mapping[str, Run], metric: Metric, seed: int) -> Estimate | None:
    """What the most frequent answer reaches: on test also where it was no finalist, for it needs no call; on dev where
    nothing was tested, or a model judges."""
    for made in climbed:
        if made.candidate is None or not made.candidate.model.startswith("constant:") or made.dev is None:
            continue
        if made.candidate.id in runs or not runs or isinstance(metric, Judging):
            return runs.get(made.candidate.id, made.dev).estimate
        records = max((run.records for run in runs.values()), key=len)
        try:
            scores = [score_of(metric, record.example.output, made.dev.records[0].prediction) for record in records]
        except MetricError:  # of a user's file, on a pair that no finalist has
            return made.dev.estimate
        groups = clusters([record.example for record in records])
        return estimate(scores, metric.aggregate, metric.binary, groups, seed)
    return None

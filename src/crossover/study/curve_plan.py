"""At how many labels a learning curve is measured, how often, and on which rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossover.data.clusters import clusters
from crossover.data.curve import FEWEST, CurveSpec
from crossover.data.nested import beginning, dealt, nested
from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.decision import numbers
from crossover.decision.label_crossing import LEAST_SIZES
from crossover.errors import DataError, OptionError
from crossover.study.ladder import Rung
from crossover.study.listener import Stage
from crossover.types import Example

PARTS = 4  # into which the training rows are dealt at the least: a seed is measured on one, and learns from the others
MOST_ITEMS = 300  # rows that a run is measured on
A_LABEL = (2, 1)  # training rows of each label, at the fewest: fewer only where there were no three sizes else
LEAST_ROWS = 6  # training rows, at the fewest
MOST_SIZES = 7
CURVE = "the learning curve"


@dataclass(frozen=True)
class Size:
    """`labels`: training and dev rows together. `rows`: the training rows among them."""

    labels: int
    rows: int


@dataclass(frozen=True)
class CurvePlan:
    """`sizes` ascending. `held`: for each seed the training rows that it is measured on, which its runs never meet.

    `have`: all labels, training and dev rows.
    """

    have: int
    sizes: tuple[Size, ...]
    held: tuple[tuple[Example, ...], ...]

    @property
    def seeds(self) -> int:
        return len(self.held)


def curve_plan(spec: CurveSpec, task: Task, splits: Splits) -> CurvePlan:
    """How a curve is measured. Raises `DataError` for too few rows, `OptionError` for sizes that they do not allow."""
    train, dev = list(splits.train), len(splits.dev)
    stratify, parts = task.kind == "classify", max(PARTS, spec.seeds)
    have = len(train) + dev
    groups = len(set(clusters(train)))
    if groups < 2 * parts:
        raise DataError(
            f"curve: the training rows are {numbers.plural(groups, 'group')} or different inputs; a learning curve with"
            f" {spec.seeds} seeds needs at least {2 * parts}"
        )
    dealing = dealt(train, parts, task.seed, stratify)
    most = len(train) - max(map(len, dealing))
    share = len(train) / have  # of labels that are training rows

    def size(labels: int) -> Size:
        return Size(labels, max(1, min(most, labels - 1, round(labels * share))))

    top = size(round(most / share))
    fewest = [max(LEAST_ROWS, each * len(task.labels)) / share for each in A_LABEL]
    wanted = spec.sizes or max((_doubling(top.labels, least) for least in fewest), key=lambda s: min(len(s), LEAST_SIZES))
    if wanted[-1] > top.labels:
        raise OptionError(
            f"curve, sizes: {numbers.count(wanted[-1])} labels are more than can be drawn; valid are up to"
            f" {numbers.count(top.labels)} of the {numbers.count(have)} training and dev rows, since 1 in {parts} measures"
        )
    if not spec.sizes and len(wanted) < LEAST_SIZES:
        raise DataError(
            f"curve: {numbers.count(have)} labels (training and dev rows, of which 1 in {parts} measures) are too few for"
            f" {LEAST_SIZES} numbers of labels, each twice the one before, the first with a training row a label; valid"
            " are more rows, or sizes of your own, as in curve: {sizes: [10, 20, 40]}"
        )
    held = tuple(tuple(beginning(nested(part, task.seed, stratify), MOST_ITEMS)) for part in dealing[: spec.seeds])
    return CurvePlan(have, tuple(dict.fromkeys(map(size, wanted))), held)


def _doubling(top: int, least: float) -> list[int]:
    """The most labels, half of them, a quarter ... down to the least, ascending."""
    found = [top]
    while found[-1] / 2 >= max(least, FEWEST) and len(found) < MOST_SIZES:
        found.append(round(found[-1] / 2))
    return found[::-1]


def planned_curve(task: Task, splits: Splits) -> tuple[CurvePlan | None, list[str]]:
    """The curve that a task asks for, or a sentence why there can be none: a verdict needs none.

    Raises `OptionError` for sizes that cannot be.
    """
    if task.curve is None:
        return None, []
    try:
        return curve_plan(task.curve, task, splits), []
    except DataError as error:
        return None, [f"No learning curve is measured. {error}"]


def with_curve(
    plan: CurvePlan | None, splits: Splits, rungs: Sequence[Rung], ahead: Sequence[Stage], say: Callable[[str], None]
) -> list[Stage]:
    """The stage that a curve adds to those ahead, if any; what will be measured is said.

    The dearest rungs are taken for the champions, and a rung takes its share of labels of what it took with all of them.
    """
    if plan is None:
        return []
    families = len({rung.strategy.family for rung in rungs})
    climbed = sorted(stage.seconds for stage in ahead if stage.kind == "climb" and stage.seconds is not None)
    share = sum(size.labels for size in plan.sizes) * plan.seeds / plan.have
    seconds = sum(climbed[-families:]) * share if climbed else None
    sizes = ", ".join(numbers.count(size.labels) for size in plan.sizes)
    about = "about " if any(example.group for example in splits.train) else ""  # groups stay whole
    say(
        f"after the verdict, the learning curve: each family's best is adapted again with {about}{sizes} labels,"
        f" {numbers.plural(plan.seeds, 'seed')} each" + ("" if seconds is None else f", about {numbers.duration(seconds)}")
    )
    return [Stage("curve", CURVE, 1, len(plan.sizes) * plan.seeds * families, seconds)]

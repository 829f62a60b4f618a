"""Everything that is measured of the model, in parts that need nothing of each other, and what the figures are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.board import Board
from crossover.strategies.full import Full
from crossover.strategies.lora import Lora
from training.pocket.measures.bookings import measure_shown, measure_tuned, report_slots
from training.pocket.measures.forgetting import measure_after, measure_before, report_forgetting
from training.pocket.measures.lab import Lab
from training.pocket.measures.labels import (
    BANKING,
    CLINC,
    measure_prompts,
    measure_tuning,
    report_prompts,
    report_tuning,
)
from training.pocket.measures.machine import measure_greedy, measure_precisions, measure_size, report_machine
from training.pocket.measures.observed import Observed, Values
from training.pocket.measures.sums import measure_sums, report_sums

Measure = Callable[[Lab, int], Values]


@dataclass(frozen=True)
class Part:
    """`slow`: left out where it has to be quick. `once`: the first draw is enough. `processor`: it is said of one."""

    measure: Measure
    slow: bool = False
    once: bool = False
    processor: bool = False


# what tells most first, then the longest first, so that processes beside each other end together
PARTS = {
    "banking-prompts": Part(partial(measure_prompts, case=BANKING)),
    "clinc-prompts": Part(partial(measure_prompts, case=CLINC)),
    "arithmetic": Part(measure_sums),
    "slots-lora": Part(measure_tuned, slow=True),
    "banking-lora-900": Part(partial(measure_tuning, case=BANKING, strategy=Lora(), size=900), slow=True),
    "banking-full-900": Part(partial(measure_tuning, case=BANKING, strategy=Full(), size=900), slow=True),
    "clinc-lora-450": Part(partial(measure_tuning, case=CLINC, strategy=Lora(), size=450), slow=True),
    "banking-lora-300": Part(partial(measure_tuning, case=BANKING, strategy=Lora(), size=300)),
    "banking-full-300": Part(partial(measure_tuning, case=BANKING, strategy=Full(), size=300), slow=True),
    "forgetting-lora": Part(partial(measure_after, strategy=Lora(), replay=False), slow=True),
    "forgetting-lora-replay": Part(partial(measure_after, strategy=Lora(), replay=True), slow=True),
    "forgetting-full": Part(partial(measure_after, strategy=Full(), replay=False), slow=True),
    "forgetting-full-replay": Part(partial(measure_after, strategy=Full(), replay=True), slow=True),
    "forgetting-before": Part(measure_before),
    "slots-examples": Part(measure_shown),
    "precisions": Part(measure_precisions, processor=True),
    "greedy": Part(measure_greedy, once=True, processor=True),
    "size": Part(measure_size, once=True, processor=True),
}
REPORTS: tuple[Callable[[Observed, Board], None], ...] = (
    partial(report_prompts, case=BANKING),
    partial(report_tuning, case=BANKING),
    partial(report_prompts, case=CLINC),
    partial(report_tuning, case=CLINC),
    report_slots,
    report_sums,
    report_forgetting,
    report_machine,
)

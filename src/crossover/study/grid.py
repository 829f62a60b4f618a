"""`few_shot*lora`: two strategies alone, in every order, and the repeats that tell alternation from more computation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossover.data.modelspec import FOUND_ON, ON
from crossover.data.task import StrategySpec
from crossover.errors import OptionError


def expanded(specs: Sequence[StrategySpec]) -> list[StrategySpec]:
    """The strategies with each grid written out; what is there already is not there twice.

    Of `A*B`: A, B, A+B, B+A, A+B+A, and the controls A+A and B+B (BetterTogether, Soylu et al. 2024, section 3). Raises
    `OptionError` for a grid of other than two different strategies.
    """
    found: list[StrategySpec] = []
    for spec in specs:
        for one in _written_out(spec) if "*" in spec.name else [spec]:
            if one not in found or "*" not in spec.name:
                found.append(one)
    return found


def _written_out(spec: StrategySpec) -> list[StrategySpec]:
    names = spec.name.split("*")
    if len(names) != 2 or names[0] == names[1] or "+" in spec.name:
        raise OptionError(f"strategy '{spec.name}': a grid has two different strategies, as in few_shot*lora")
    places = {key: spec.options[key] for key in (ON, FOUND_ON) if key in spec.options}  # of all that is written out
    if unknown := set(spec.options) - set(names) - set(places):
        raise OptionError(f"the grid '{spec.name}' has no strategy '{min(unknown)}'; valid: {', '.join(names)}")
    a, b = names
    sequences = [(a,), (b,), (a, b), (b, a), (a, b, a), (a, a), (b, b)]
    return [StrategySpec(name="+".join(steps), options=_options(steps, spec.options) | places) for steps in sequences]


def _options(steps: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    if len(steps) == 1:
        return dict(options.get(steps[0]) or {})
    return {step: options[step] for step in dict.fromkeys(steps) if step in options}

"""How long a ladder will take on this machine, by what is measured in the first minute; a default one is fitted to it.

What is measured is journaled, so a study that is continued climbs the same ladder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from crossover.engine.render import lessons
from crossover.errors import BudgetExceeded, ModelError, StudyError
from crossover.evaluation.bench import StudyBench
from crossover.evaluation.pace import measure_answers, measure_prompts, measure_tuning
from crossover.evaluation.probe import Speed
from crossover.models.base import Tunable
from crossover.study.counter import Counter
from crossover.study.fit import allowed, fitted, told
from crossover.study.forecast import Forecaster
from crossover.study.foreseen import Forecast, Recipes
from crossover.study.ladder import Rung
from crossover.study.listener import Stage
from crossover.study.plan import planned
from crossover.study.work import Work
from crossover.types import Candidate, Recipe


@dataclass(frozen=True)
class Outlook:
    """The rungs to climb, sentences about them, how long they take, the stages ahead with their seconds, and what they were
    read off: `pace` is seconds of a token."""

    rungs: list[Rung]
    said: list[str]
    lasts: str
    stages: list[Stage]
    forecast: Forecast
    pace: dict[str, float]


def outlook(
    rungs: Sequence[Rung],
    forecaster: Forecaster,
    bench: StudyBench,
    alone: Speed,
    judge: float,
    say: Callable[[str], None],
) -> Outlook:
    """The rungs, fitted where the user named none, and what is said about them. `alone`: the speed of single requests;
    `judge`: seconds of a token that a judge reads.

    Raises what concerns the whole study: `BudgetExceeded`, `ModelError`, `StudyError`.
    """
    ahead = forecaster.forecast(rungs)
    pace = Paces(bench, say).of(ahead.work, ahead.recipes) | {"alone": alone.prompt, "judge": judge}
    kept: list[Rung] = list(rungs)
    said: list[str] = []
    if not bench.task.strategies:
        epochs = ahead.recipes["lora"][0].epochs if "lora" in ahead.recipes else 0
        most = allowed(bench.task.limits.minutes)
        kept, said = fitted(rungs, lambda some: forecaster.forecast(some).minutes(pace), most, epochs)
        ahead = forecaster.forecast(kept)
    sentence = f"about {told(ahead.minutes(pace))} on this machine from here to the verdict"
    unmeasured = [f"tuning by {method}" for method in ahead.recipes if not pace[method]]
    if unforeseen := [*ahead.unforeseen, *unmeasured]:
        sentence += f", beside what cannot be foreseen: {', '.join(unforeseen)}"
    stages = planned(kept, bool(forecaster.suites), ahead, pace, len(forecaster.folds))
    return Outlook(kept, said, sentence, stages, ahead, pace)


@dataclass
class Paces:
    """How fast this machine is with the model of a bench. Measures what is not journaled yet."""

    bench: StudyBench
    say: Callable[[str], None]

    def of(self, work: Work, recipes: Recipes) -> dict[str, float]:
        """Seconds of a token by what is done with it, as far as this work does it."""
        bench, pace = self.bench, {}
        inputs = [example.input for example in bench.train]
        for what, measure in (("prompt", measure_prompts), ("answer", measure_answers)):
            if work.get(what):
                pace[what] = self._known(f"{what}s", partial(measure, bench.evaluator.caller, bench.model, inputs))
        for method, (recipe, candidate) in recipes.items():
            if bench.task.tuning.processes > 1:
                pace[method] = 0.0  # this process may not hold it alone, and what one takes is not what several take
                continue
            pace[method] = self._known(f"tuning by {method}", partial(self._tuning, recipe, candidate))
        return pace

    def _known(self, what: str, measure: Callable[[], float]) -> float:
        name = f"pace of {self.bench.task.model}, {what}"
        found: float | None = self.bench.journal.fact(name)
        if found is None:
            self.say(f"measuring the speed of {self.bench.task.model}: {what}")
            found = measure()
            self.bench.journal.set_fact(name, found)
        return found

    def _tuning(self, recipe: Recipe, candidate: Candidate) -> float:
        bench, model = self.bench, self.bench.model
        assert isinstance(model, Tunable)  # else no rung would tune
        rows = lessons(bench.evaluator.renderer(candidate.prompt), candidate.decoding, bench.train)
        try:
            seconds = measure_tuning(model, recipe, rows)
        except (BudgetExceeded, ModelError, StudyError):
            raise
        except Exception:  # noqa: BLE001  the rung will meet it too, and say so
            seconds = 0.0
        return seconds / Counter(bench).lesson(candidate, recipe.batch_size)

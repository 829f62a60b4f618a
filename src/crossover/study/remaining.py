"""How far a study is, and how long it still takes: what was thought, corrected by what it took so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from crossover.study.listener import Stage

SHARED = ("test", "curve")  # kinds of which one forecast stage stands for all
PRIOR = 0.1  # of what is thought of the whole: so much weight has the thought beside what was seen
ANSWERED = 0.1  # a stage that took less than this share of its seconds was in the journal already, and says nothing
OVERRUN = 0.2  # of what a stage took so far: what is left of one that should be finished
ENOUGH = 0.05  # of a phase: before that its pace is that of its first calls or steps, which are slower
UNKNOWN = 1.0  # what a stage counts beside others where nobody knows its seconds


@dataclass
class _Phase:
    """Calls, steps or epochs of one total inside a stage. `began`: when, and how many were done then."""

    began: tuple[float, int]
    done: int

    def left(self, total: int, now: float) -> float | None:
        since, first = self.began
        seen = self.done - first
        return (now - since) * (total - self.done) / seen if seen >= max(1, ENOUGH * total) else None


@dataclass
class Remaining:
    """Is told what a listener is told. `now` gives seconds."""

    now: Callable[[], float] = time.monotonic
    _ahead: list[Stage] = field(default_factory=list)
    _taken: list[tuple[float, float]] = field(default_factory=list)  # of finished stages: thought, and taken
    _current: Stage | None = None
    _since: float = 0.0
    _phases: dict[int, _Phase] = field(default_factory=dict)
    _most: float = 0.0
    _usual: float | None = None

    def plan(self, stages: Sequence[Stage]) -> None:
        """What is ahead. A stage that nobody knows counts as the others do on average, where those are known."""
        known = [stage.seconds for stage in stages if stage.seconds]
        self._usual = fmean(known) if known else None
        self._ahead = [self._guessed(stage) for stage in stages]

    def _guessed(self, stage: Stage) -> Stage:
        return stage if stage.seconds is not None else replace(stage, seconds=self._usual)

    def stage(self, stage: Stage) -> None:
        """A stage begins. A finalist, or a curve's run, after the first goes on with the stage that all share."""
        if self._current is not None and stage.kind == self._current.kind and stage.kind in SHARED:
            self._phases = {}
            return
        self._finish()
        place = next((n for n, one in enumerate(self._ahead) if _same(one, stage)), None)
        if place is None:
            self._current = self._guessed(stage)
        else:
            self._current = self._ahead[place]
            del self._ahead[: place + 1]  # what was to come before it is left out
        self._since, self._phases = self.now(), {}

    def progress(self, done: int, total: int) -> None:
        phase = self._phases.get(total)
        if phase is None or done < phase.done:
            self._phases[total] = _Phase((self.now(), done), done)
        else:
            phase.done = done

    def share(self) -> float:
        """What is done of the whole, from 0 to 1; it never falls."""
        done, left = sum(thought for thought, _ in self._taken), sum(map(self._thought, self._ahead))
        if self._current is not None:
            whole, spent, rest = self._thought(self._current), self.now() - self._since, self._current_left()
            part = spent / (spent + rest) if rest is not None and spent + rest > 0 else 0.0
            done, left = done + part * whole, left + (1 - part) * whole
        self._most = max(self._most, done / (done + left) if done + left > 0 else 0.0)
        return self._most

    def seconds(self) -> float | None:
        """What is left; None as long as nothing says it."""
        if self._current is None and not self._ahead:
            return None
        unit = self._unit()
        now = self._current_left() if self._current is not None else 0.0
        if unit is None or now is None:
            return None
        return now + unit * sum(map(self._thought, self._ahead))

    def _finish(self) -> None:
        if self._current is not None:
            self._taken.append((self._thought(self._current), self.now() - self._since))

    def _thought(self, stage: Stage) -> float:
        return UNKNOWN if stage.seconds is None else stage.seconds

    def _unit(self) -> float | None:
        """The seconds that a second of thought takes; where nothing was thought, those of a stage."""
        known = all(stage.seconds is not None for stage in (*self._ahead, *([self._current] if self._current else [])))
        seen = [(thought, taken) for thought, taken in self._taken if thought and taken >= ANSWERED * thought]
        thought, taken = (sum(column) for column in zip(*seen, strict=True)) if seen else (0.0, 0.0)
        if not known:
            return taken / thought if thought else None
        prior = PRIOR * sum(map(self._thought, self._ahead)) + PRIOR * thought + 1e-9
        return (prior + taken) / (prior + thought)

    def _current_left(self) -> float | None:
        assert self._current is not None
        now, unit = self.now(), self._unit()
        spent = now - self._since
        phases = [phase.left(total, now) for total, phase in self._phases.items() if phase.done < total]
        least = max((left for left in phases if left is not None), default=None)
        if unit is None:
            return least
        thought = unit * self._thought(self._current) - spent
        return max(thought if thought > 0 else OVERRUN * spent, least or 0.0)


def _same(planned: Stage, begun: Stage) -> bool:
    return planned.kind == begun.kind and (planned.kind in SHARED or planned.name == begun.name)


def time_left(seconds: float | None) -> str:
    """What is left of the whole study, in words: "about 3 min left"."""
    if seconds is None:
        return "time left not known yet"
    if seconds < 90:
        return f"about {max(10 * round(seconds / 10), 5)} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"

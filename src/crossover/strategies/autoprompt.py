"""Trigger words at the end of the instruction, found by the gradients of a local model (AutoPrompt)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from crossover import tuning
from crossover.data.task import Task
from crossover.engine.phrasing import instructed
from crossover.engine.render import NO_ANSWERS, Renderer
from crossover.errors import OptionError
from crossover.models.base import Model, Spelling
from crossover.strategies._calibration import score_best
from crossover.strategies._choice import noted, solved_already
from crossover.strategies._options import check
from crossover.strategies._worth import surely_best
from crossover.strategies.base import Bench, Outline, Outlining, Selective
from crossover.tuning.batches import TokenRow
from crossover.types import Candidate, Example, Family, Message, content_hash

FIRST = " the"  # what the trigger is made of before the first step
LOOKS = 5  # times that dev is asked on the way
PROBED = 16  # training rows that show, with dev, whether there is anything to gain
LABELLED = 256  # rows that label words are learnt from


@dataclass(frozen=True)
class Autoprompt(Outlining, Selective):
    """Shin et al. 2020, for causal models and with whole words, so that the trigger is text that any tokenizer run gives
    again.

    The start without a trigger is kept unless one is better on dev beyond luck; where it solves the first rows, nothing
    is searched.

    - `tokens`: how many trigger words.
    - `steps`: how often one of them is exchanged.
    - `candidates`: words that the gradient proposes for it, which are tried on other rows.
    - `batch`: training rows of a gradient.
    - `fluency`: how much of a trigger's own surprise (nats a word) counts beside the loss.
    - `label_words`: each label is spoken as the word that the model's last states tell for it.
    """

    family: ClassVar[Family] = "prompt"

    tokens: int = 5
    steps: int = 40
    candidates: int = 16
    batch: int = 32
    fluency: float = 0.0
    label_words: bool = False

    def __post_init__(self) -> None:
        check(
            "autoprompt",
            self,
            ("tokens", "1 or more", self.tokens >= 1),
            ("steps", "1 or more", self.steps >= 1),
            ("candidates", "1 or more", self.candidates >= 1),
            ("batch", "1 or more", self.batch >= 1),
            ("fluency", "0 or more", self.fluency >= 0),
        )

    def outline(self, start: Outline, task: Task | None) -> Outline:
        if start.weights == "soft":
            raise OptionError("strategy 'autoprompt' cannot look through a soft prompt; valid is autoprompt before it")
        return replace(start, worded=True)

    def check_model(self, model: Model, spec: str) -> None:
        if not isinstance(model, Spelling):
            raise OptionError(
                f"strategy 'autoprompt' needs the gradients and the words of a model, and '{spec}' gives none"
            )

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        self.check_model(bench.model, bench.task.model)
        assert isinstance(bench.model, Spelling)
        start = instructed(start, bench.task, bench.train)
        solved = solved_already([bench.rehearse(start, bench.train[:PROBED]), bench.score(start)])
        if solved:
            return noted(start, f"not searched: {solved}")
        walk = _Walk(self, replace(start, decoding=replace(start.decoding, label_bias=())), bench, bench.model)
        if self.label_words and start.decoding.labels:
            walk.speak()
        steps, found = walk.go()
        triggers = [walk.first, *dict.fromkeys(found)]
        tried = [score_best(start, bench)]
        tried += [score_best(c, bench) for c in map(walk.candidate, triggers) if bench.fits(c)]
        best = surely_best(tried, bench)
        values = ", ".join(f"{100 * run.estimate.value:.1f}" for _, run in tried[1:])
        added = best.prompt.instruction[len(start.prompt.instruction) :].strip()
        what = f"trigger '{added}'" if added else "no trigger: the start was kept"
        if best.decoding.verbalizer:
            what += f", labels spoken as {', '.join(best.decoding.verbalizer)}"
        loss = f"loss {steps[0]['before']:.3f} to {steps[-1]['after']:.3f} in {len(steps)} steps"
        note = f"{what}; {loss}, on dev {100 * tried[0][1].estimate.value:.1f} without, then {values}"
        return noted(best, note)


@dataclass
class _Walk:
    """One search. `start` has no trigger yet."""

    how: Autoprompt
    start: Candidate
    bench: Bench
    model: Spelling
    renderers: dict[str, Renderer] = field(default_factory=dict)

    def go(self) -> tuple[list[dict[str, Any]], list[tuple[int, ...]]]:
        """What each step did, and the triggers that dev is to see."""
        trigger, steps, seen = self.first, [], []
        search = content_hash(["autoprompt", self.model.identity, self.start.id, self.how, self.bench.seed])
        for number in range(self.how.steps):
            key = content_hash([search, number, trigger])
            step = self.bench.remember(key, lambda: self._step(number, trigger))  # noqa: B023  called at once
            trigger = tuple(step["trigger"])
            steps.append(step)
            self.bench.tell(f"autoprompt, loss {step['after']:.3f}", number + 1, self.how.steps)
            if (number + 1) % max(1, self.how.steps // LOOKS) == 0 or number + 1 == self.how.steps:
                seen.append(trigger)
        return steps, seen

    def speak(self) -> None:
        """Let each label be spoken as the word that the model's states tell for it."""
        labels = self.start.decoding.labels
        key = content_hash(["autoprompt words", self.model.identity, self.start.id, self.how, self.bench.seed])
        sample = random.Random(self.bench.seed).sample(list(self.bench.train), min(LABELLED, len(self.bench.train)))
        ids = self.bench.remember(key, lambda: self._trigger.label_words(self._rows(sample, ()), self._words, len(labels)))
        words = tuple(self._text([i]).strip() if i >= 0 else label for i, label in zip(ids, labels, strict=True))
        self.start = replace(self.start, decoding=replace(self.start.decoding, verbalizer=words))
        self.__dict__.pop("_trigger", None)  # its tree was of the labels

    def candidate(self, trigger: Sequence[int]) -> Candidate:
        instruction = self.start.prompt.instruction + self._text(trigger)
        return replace(self.start, prompt=replace(self.start.prompt, instruction=instruction))

    @cached_property
    def _answers(self) -> dict[str, Mapping[str, str]]:
        """What a chain's steps answer to each training row, whatever the trigger behind them is."""
        if not self.start.prompt.steps:
            return {}
        return {record.example.id: record.steps for record in self.bench.rehearse(self.start, self.bench.train).records}

    @cached_property
    def first(self) -> tuple[int, ...]:
        """The trigger before the first step."""
        token = next((i for i in self._words if self._text([i]) == FIRST), self._words[0])
        return (token,) * self.how.tokens

    def _step(self, number: int, trigger: tuple[int, ...]) -> dict[str, Any]:
        """Exchange one word, if another one is better on rows that its gradient was not taken from."""
        draw = random.Random(f"{self.bench.seed}/{number}")
        train, size = list(self.bench.train), min(self.how.batch, len(self.bench.train))
        proposing, judging = (self._rows(draw.sample(train, size), trigger) for _ in range(2))
        places, at = self._places(proposing[0][0].ids, trigger), draw.randrange(len(trigger))
        gradient = self._trigger.gradient(proposing, [places[at]])[0]
        before = after = self._cost(judging, places)
        best = trigger
        for token in self._trigger.likely(gradient, self._words, self.how.candidates):
            other = (*trigger[:at], token, *trigger[at + 1 :])
            if token == trigger[at] or not self._stays(other):
                continue
            moved = [(self._moved(row, places[at], token), label) for row, label in judging]
            cost = self._cost(moved, places)
            if cost < after:
                best, after = other, cost
        return {"trigger": list(best), "before": before, "after": after}

    def _cost(self, rows: Sequence[tuple[TokenRow, int]], places: Sequence[int]) -> float:
        odd = self._trigger.surprise(rows[0][0].ids, places) if self.how.fluency else 0.0
        return self._trigger.losses(rows) + self.how.fluency * odd

    def _rows(self, examples: Sequence[Example], trigger: Sequence[int]) -> list[tuple[TokenRow, int]]:
        made = self.candidate(trigger)
        renderer = self.renderers.setdefault(made.prompt.instruction, Renderer(made.prompt))
        labels = made.decoding.labels
        rows = []
        for example in examples:
            messages = renderer.messages(example.input, self._answers.get(example.id, NO_ANSWERS), leave_out=True)
            ids, begin = self.model.encode(messages, made.decoding.spoken(example.output))
            rows.append((TokenRow(tuple(ids), begin), labels.index(example.output) if example.output in labels else -1))
        return [row for row in rows if row[1] >= 0] if labels else rows

    def _stays(self, trigger: Sequence[int]) -> bool:
        """Whether the trigger's text in the prompt gives its tokens again."""
        return self._text(trigger).count(" ") == len(trigger) and bool(self._places(self._encoded(trigger), trigger))

    def _encoded(self, trigger: Sequence[int]) -> tuple[int, ...]:
        first = self.bench.train[0]
        answers = self._answers.get(first.id, NO_ANSWERS)
        messages = Renderer(self.candidate(trigger).prompt).messages(first.input, answers)
        return tuple(self.model.encode(messages, "")[0])

    @staticmethod
    def _places(ids: Sequence[int], trigger: Sequence[int]) -> list[int]:
        """Where the trigger stands in a row; empty where it does not."""
        size = len(trigger)
        first = next((i for i in range(1, len(ids) - size) if tuple(ids[i : i + size]) == tuple(trigger)), None)
        return [] if first is None else list(range(first, first + size))

    @staticmethod
    def _moved(row: TokenRow, place: int, token: int) -> TokenRow:
        return TokenRow((*row.ids[:place], token, *row.ids[place + 1 :]), row.start)

    def _text(self, ids: Sequence[int]) -> str:
        return "".join(self._spelled[i] for i in ids)

    def _said(self, word: str) -> list[int]:
        """The tokens of an answer, with its end."""
        ids, begin = self.model.encode([Message("user", self.bench.train[0].input)], word)
        return ids[begin:]

    @property
    def _words(self) -> list[int]:
        return list(self._spelled)

    @cached_property
    def _spelled(self) -> dict[int, str]:
        """The tokens that are a space and a word, as text."""
        words = {i: text for i, text in self.model.words().items() if text[1:].isalpha() and len(text) > 2}
        if not words:
            raise OptionError(f"strategy 'autoprompt': the tokens of '{self.bench.task.model}' are not words with a space")
        return words

    @cached_property
    def _trigger(self) -> tuning.Trigger:
        decoding = self.start.decoding
        spoken = decoding.verbalizer or decoding.labels
        labels = [self._said(word) for word in spoken] if spoken else None
        opened = tuning.open_trigger(self.model, labels, self.start.weights)
        if opened is None:
            raise OptionError(f"strategy 'autoprompt' cannot look into the architecture of '{self.bench.task.model}'")
        return opened

"""The tokens that a candidate, a lesson or a judge takes for a row, counted on a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

from crossover.data.modelspec import prices_for
from crossover.engine.follow import calls_of
from crossover.engine.render import Renderer
from crossover.evaluation.bench import StudyBench
from crossover.metrics.base import Judging
from crossover.models.base import Priced, is_control
from crossover.study.work import AWAY_IN, AWAY_MONEY, AWAY_OUT, CALLS, IN, MONEY, OUT, UNPRICED, Work, asked_for, summed
from crossover.types import Candidate, Decoding, Message, Prompt, Request

SAMPLE = 12  # rows whose tokens are counted
LONGEST = 4  # rows for which a prompt is tried whether it fits


class Counter:
    """The tokens that a candidate takes for a row, beside what all its prompts begin with; counted once."""

    def __init__(self, bench: StudyBench) -> None:
        self._bench = bench
        self._brief = False
        self._others: dict[str, Counter] = {}  # of other models
        examples = [*bench.train, *bench.dev]
        self._inputs = [e.input for e in examples[:: max(1, len(examples) // SAMPLE)]][:SAMPLE]
        self.longest = sorted((e.input for e in examples), key=len)[-LONGEST:]
        self._examples = examples[:: max(1, len(examples) // SAMPLE)][:SAMPLE]
        self._known: dict[tuple[Prompt, Decoding, tuple[str, ...]], list[Work]] = {}

    def briefest(self) -> Counter:
        """One by whom whatever may be of any length is answered with one token."""
        found = copy(self)
        found._brief, found._others = True, {}  # what it has counted is for both
        return found

    def at(self, bench: StudyBench) -> Counter:
        """Of another model of the study."""
        if bench.task.model not in self._others:
            other = Counter(bench)
            self._others[bench.task.model] = other.briefest() if self._brief else other
        return self._others[bench.task.model]

    def of(self, candidate: Candidate, inputs: Sequence[str] = ()) -> Work:
        """Of one row: `inputs`, or else rows of the task."""
        return summed(*self.parts(candidate, inputs))

    def parts(self, candidate: Candidate, inputs: Sequence[str] = ()) -> list[Work]:
        """`of`, by what is asked: the last prompt, and each step before it."""
        if candidate.model != self._bench.task.model:
            return self._elsewhere(candidate, inputs)
        key = candidate.prompt, replace(candidate.decoding, label_bias=()), tuple(inputs)
        if key not in self._known:
            renderer = self._bench.evaluator.renderer(candidate.prompt)
            asked = [step.decoding for step in candidate.prompt.steps]
            parts = [(renderer, candidate.decoding), *zip(renderer.steps, asked, strict=True)]
            self._known[key] = [self._part(own, decoding, inputs or self._inputs) for own, decoding in parts]
        return [_briefly(part) for part in self._known[key]] if self._brief else self._known[key]

    def graded(self, rows: float) -> Work:
        """What a judge is asked about the answers to so many rows; nothing where none is."""
        tokens, words = self._grade
        if not tokens:
            return {}
        asked = self._other(self._bench.evaluator.judge, rows * tokens, rows)
        return {CALLS: rows, "judge": rows * (tokens + words)} | asked

    @cached_property
    def _grade(self) -> tuple[float, float]:
        """Of one answer, which is thought to be as long as the gold one: the prompt's tokens, and the grades'."""
        judge, evaluator = self._bench.evaluator.metric, self._bench.evaluator
        if not isinstance(judge, Judging):
            return 0.0, 0.0
        examples = [*self._bench.train, *self._bench.dev]
        sample = examples[:: max(1, len(examples) // SAMPLE)][:SAMPLE]
        model = evaluator.model_of(evaluator.judge)
        asked = [judge.request(e.input, e.output, e.output) for e in sample]
        bare = model.count_tokens([Message("user", "")])
        words = sum(max(1, model.count_tokens([Message("user", grade)]) - bare) for grade in judge.grades)
        return sum(model.count_tokens(request.messages) for request in asked) / len(asked), words

    def lesson(self, candidate: Candidate, batch_size: int) -> float:
        """Of one training row with its answer, as a batch meets it: what all prompts begin with is met once in a batch."""
        renderer = self._bench.evaluator.renderer(candidate.prompt)
        before, prompt = self._prompt(renderer, self._inputs)
        answers = [e.output for e in self._bench.train][: len(self._inputs)]
        bare = self._tokens([Message("user", "")])
        answer = sum(self._tokens([Message("user", text)]) - bare for text in answers) / len(answers)
        if candidate.decoding.pattern:
            answer = candidate.decoding.max_tokens / 2  # its own reasoning
        return prompt + answer + before / batch_size

    def _part(self, renderer: Renderer, decoding: Decoding, inputs: Sequence[str]) -> Work:
        before, prompt = self._prompt(renderer, inputs)
        asked = decoding.samples
        found = {CALLS: float(asked), IN: asked * (before + prompt)}
        if isinstance(model := self._bench.model, Priced):
            requests = [Request(tuple(renderer.messages(text, leave_out=True)), decoding) for text in inputs]
            found[MONEY] = asked * sum(map(model.most, requests)) / len(requests)
        if decoding.labels and not decoding.pattern:
            lengths = [self._length(word) for word in decoding.verbalizer or decoding.labels]
            return found | {OUT: sum(lengths) / len(lengths), "prompt": prompt + sum(lengths)}
        # an answer ends before its limit more often than not
        half = decoding.max_tokens / 2
        usual = sum(self._length(e.output) for e in self._examples) / len(self._examples) + 1
        out = half if decoding.pattern else min(usual, decoding.max_tokens)
        return found | {OUT: asked * out, "prompt": asked * prompt, "answer": asked * half}

    def _elsewhere(self, candidate: Candidate, inputs: Sequence[str]) -> list[Work]:
        """Of a candidate of another model: it takes no time that is known here, and a control no tokens."""
        if is_control(self._bench.model_of(candidate.model)):
            return [{CALLS: float(calls_of(candidate))}]
        parts = self.at(self._bench.on(candidate.model)).parts(candidate, inputs)
        return [{CALLS: part[CALLS]} | self._other(candidate.model, part[IN], part[OUT]) for part in parts]

    def _other(self, spec: str, tokens_in: float, tokens_out: float) -> Work:
        """Tokens of a model by its specification; one elsewhere that is not the bench's asks prices of its own."""
        task = self._bench.task
        if spec == task.model or not self._bench.meter.paid(self._bench.model_of(spec)):
            return {IN: tokens_in, OUT: tokens_out}
        money = asked_for(tokens_in, tokens_out, prices_for(spec, task.models, task.prices))
        known = {UNPRICED: tokens_in} if money is None else {AWAY_MONEY: money}
        return {AWAY_IN: tokens_in, AWAY_OUT: tokens_out} | known

    def _length(self, answer: str) -> int:
        return max(1, self._tokens([Message("user", answer)]) - self._tokens([Message("user", "")]))

    def _prompt(self, renderer: Renderer, inputs: Sequence[str]) -> tuple[int, float]:
        """The tokens that all prompts begin with, and a prompt's own."""
        asked = [renderer.messages(text, leave_out=True) for text in inputs]
        shared = 0
        while shared < min(map(len, asked)) - 1 and len({messages[shared] for messages in asked}) == 1:
            shared += 1
        before = self._tokens([*asked[0][:shared], Message("user", "")])
        return before, sum(self._tokens(messages) for messages in asked) / len(asked) - before

    def _tokens(self, messages: Sequence[Message]) -> int:
        return self._bench.model.count_tokens(messages)


def _briefly(part: Work) -> Work:
    """`part`, where its answer may be of any length, with one token for it."""
    return part | {OUT: part[CALLS], "answer": part[CALLS]} if "answer" in part else part

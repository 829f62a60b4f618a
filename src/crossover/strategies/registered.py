"""A prompt of the registry, as it stands there, such as support@production."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.task import Task
from crossover.engine.decoding import without_prompt
from crossover.errors import OptionError, PromptError
from crossover.prompts.names import reference
from crossover.prompts.place import home
from crossover.prompts.store import Registry
from crossover.strategies._calibration import score_best
from crossover.strategies._choice import noted
from crossover.strategies._demonstrations import check_shown
from crossover.strategies.base import Bench, Outline, Outlining
from crossover.types import Candidate, Decoding, Family

NAME = "registered"


@dataclass(frozen=True)
class Registered(Outlining):
    """The prompt is taken to the letter; the start's weights are kept. How it reasons comes along where it was kept from a
    study, its calibration does not: that belongs to a model, and dev says anew whether it helps.

    - `prompt`: its name, with a version or a label behind an @: support, support@3, support@production.
    """

    family: ClassVar[Family] = "prompt"

    prompt: str = ""

    def __post_init__(self) -> None:
        try:
            reference(self.prompt)
        except PromptError as error:
            raise OptionError(f"strategy '{NAME}', option 'prompt': {error}") from error

    def outline(self, start: Outline, task: Task | None) -> Outline:
        if task is None:
            return Outline(worded=True, weights=start.weights)
        try:
            version = Registry(home(task.folder)).get(self.prompt)
        except PromptError as error:
            raise OptionError(str(error)) from error
        return start.told(version.prompt, version.decoding.pattern if version.decoding else "")

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        version = Registry(home(bench.task.folder)).get(self.prompt)
        check_shown(version.prompt, f"strategy '{NAME}': '{self.prompt}'", bench)
        outputs = [example.output for example in bench.train]
        own = without_prompt(start, bench.task, bench.model_of(start.model), outputs)
        decoding = _answering(own, version.decoding)
        candidate = replace(start, prompt=version.prompt, decoding=decoding)
        if not bench.fits(candidate):
            raise OptionError(
                f"strategy '{NAME}': '{self.prompt}' and an answer exceed the context window of"
                f" {bench.model.context_window} tokens"
            )
        candidate, _ = score_best(candidate, bench)
        return noted(candidate, f"{version.name} {version.identity} of the prompt registry")


def _answering(start: Decoding, own: Decoding | None) -> Decoding:
    """The start's way to answer, with the reasoning and the labels' words that the prompt was measured with."""
    if own is None:
        return replace(start, verbalizer=())
    spoken = own.verbalizer if own.labels == start.labels else ()
    if not own.pattern:
        return replace(start, verbalizer=spoken)
    reasoning = replace(start, schema="", pattern=own.pattern, samples=own.samples, temperature=own.temperature)
    return replace(reasoning, verbalizer=spoken, max_tokens=max(start.max_tokens, own.max_tokens))

"""A prompt of the registry, as it stands there, such as support@production."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from crossover.data.text import comparable
from crossover.errors import OptionError, PromptError
from crossover.prompts.names import reference
from crossover.prompts.place import home
from crossover.prompts.store import Registry
from crossover.strategies._calibration import score_best
from crossover.strategies._choice import noted
from crossover.strategies.base import Bench
from crossover.types import Candidate, Decoding, Family, Prompt

NAME = "registered"


@dataclass(frozen=True)
class Registered:
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

    def adapt(self, start: Candidate, bench: Bench) -> Candidate:
        version = Registry(home(bench.task.folder)).get(self.prompt)
        _check_shown(version.prompt, self.prompt, bench)
        decoding = _answering(start.decoding, version.decoding)
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


def _check_shown(prompt: Prompt, name: str, bench: Bench) -> None:
    """Raise `OptionError` where the prompt shows an answer that it is to be measured on."""
    shown = {d.input for one in (prompt, *(step.prompt for step in prompt.steps)) for d in one.demonstrations}
    taught = {comparable(example.input) for example in bench.train}
    strange = sorted(text for text in shown if comparable(text) not in taught)
    met = len(strange) - len(bench.unseen(strange))
    if met:
        raise OptionError(
            f"strategy '{NAME}': '{name}' shows {met} of the rows that it would be measured on, with their answers; valid"
            " is a prompt whose demonstrations are training rows here, or in no split"
        )

"""From the fields of the playground to a candidate: the same one, or an edited one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from crossover.errors import OptionError
from crossover.types import Candidate, Decoding, Prompt, Provenance

MOST_TOKENS = 4096
FIELDS = ("instruction", "template", "temperature", "max_tokens", "seed")


def edited(candidate: Candidate, form: Mapping[str, str], name: str, plain: bool = False) -> Candidate:
    """The candidate with what the fields say; itself where they say what it has. `form`: field -> text, absent ones are
    left as they are; `plain`: without its demonstrations. Raises `OptionError` for a value that is not valid.

    With another prompt the labels' calibration goes: it was measured with the one before.
    """
    prompt = _prompt(candidate.prompt, form, plain)
    decoding = _decoding(candidate.decoding, form)
    if prompt != candidate.prompt:
        decoding = replace(decoding, label_bias=())
    if (prompt, decoding) == (candidate.prompt, candidate.decoding):
        return candidate
    note = f"edited in the studio from {candidate.provenance.shown}"
    provenance = Provenance("playground", {}, candidate.provenance.seed, candidate.id, note, name)
    return replace(candidate, prompt=prompt, decoding=decoding, provenance=provenance)


def _prompt(prompt: Prompt, form: Mapping[str, str], plain: bool) -> Prompt:
    instruction = _text(form.get("instruction"), prompt.instruction)
    template = _text(form.get("template"), prompt.template)
    if template != prompt.template:
        known = ("input", *(step.name for step in prompt.steps))
        if not any(f"{{{name}}}" in template for name in known):
            raise OptionError(f"the template has no place for the input; valid is a text with {{{known[-1]}}} in it")
        other = next((w for w in re.findall(r"\{(\w+)\}", template) if w not in known), None)
        if other is not None:
            raise OptionError(f"the template names {{{other}}}, which nothing fills in; valid: {', '.join(known)}")
    made = replace(prompt, instruction=instruction, template=template)
    return replace(made, demonstrations=(), selection="fixed", shots=0) if plain else made


def _decoding(decoding: Decoding, form: Mapping[str, str]) -> Decoding:
    return replace(
        decoding,
        temperature=_number(form, "temperature", decoding.temperature, 0.0, 2.0),
        max_tokens=round(_number(form, "max_tokens", decoding.max_tokens, 1, MOST_TOKENS, whole=True)),
        seed=round(_number(form, "seed", decoding.seed, 0, 2**31 - 1, whole=True)),
    )


def _text(given: str | None, own: str) -> str:
    """What a text field says. Browsers send other line breaks, which is no edit."""
    if given is None:
        return own
    read = given.replace("\r\n", "\n")
    return own if read == own.replace("\r\n", "\n") else read


def _number(form: Mapping[str, str], name: str, own: float, low: float, high: float, whole: bool = False) -> float:
    if name not in form or not form[name].strip():
        return own
    valid = f"valid is {'a whole number' if whole else 'a number'} from {low:g} to {high:g}"
    try:
        value = float(form[name])
    except ValueError as error:
        raise OptionError(f"{name}: received '{form[name][:40]}'; {valid}") from error
    if not math.isfinite(value) or not low <= value <= high or (whole and value != int(value)):
        raise OptionError(f"{name}: received '{form[name][:40]}'; {valid}")
    return value

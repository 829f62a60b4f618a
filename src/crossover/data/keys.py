"""The keys of a task file, in words: what each is for, what is valid, and what stands where it is absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.data.chain import ChainStep
from crossover.data.curve import CurveSpec
from crossover.data.economics import LimitsSpec, PriceList
from crossover.data.modelspec import NamedModel
from crossover.data.part import Part
from crossover.data.task import KEYS, Files, Task
from crossover.data.tuning import TuningSpec
from crossover.errors import OptionError, nearest

# whose own keys stand inside a key's value: the mapping itself, or each item of a list or of a mapping of names
INSIDE: dict[str, type[Part]] = {
    "data": Files,
    "models": NamedModel,
    "chain": ChainStep,
    "curve": CurveSpec,
    "limits": LimitsSpec,
    "prices": PriceList,
    "tuning": TuningSpec,
}
FOR = {
    "name": "what the study is called; its folder is runs/NAME",
    "instruction": "what is to be done with an input, in one clear sentence: prompts are made of it",
    "data": "the labelled rows: CSV, TSV, JSONL, JSON or Parquet, packed (.gz) or not, chats, and other layouts; what is"
    " not given as a split is cut from train",
    "input": "what is asked: the text of a column, or of several in a template",
    "output": "the column with the right answer",
    "kind": "what an answer is: one of some labels, JSON, or text; inferred where it is absent, and said",
    "labels": "what may be answered, and what each means, which helps prompts; inferred where absent",
    "constrain": "whether extracted JSON is held to the fields of the training rows",
    "answer_pattern": "what is taken from a reasoned reply of chain_of_thought; else what follows “The answer is”",
    "group": "rows of one group never come into two splits, and are resampled together",
    "slices": "results are shown by the values of these columns too, as they are by label and by group",
    "folds": "for few rows, given as one file: the verdict rests on all of them, and what ships is made of all",
    "metric": "how an answer is scored; where absent: accuracy, field_f1, exact_match or rouge_l, as the answers are",
    "target": "the value of the metric that would be good enough",
    "margin": "differences below it do not matter to you",
    "tolerance": "what the choice may cost at most (95 %); with more at stake the verdict is undecided",
    "model": "the model that is prompted and tuned",
    "engine": "a server that answers for the model, whose weights it has too (vLLM, SGLang, llama.cpp's); the model here is"
    " tuned, and compared with it before anything is measured",
    "models": "several models in one study, each with its own prices, in the place of model: a rung is climbed on each"
    " that can, or where its option runs_on says",
    "strategies": "the rungs to climb; where absent, the ladder is fitted to limits.minutes, or else to 35 minutes, by"
    " measured speed",
    "chain": "the steps that the strategy chain asks one after the other; the last one answers",
    "forgetting": "whether it is measured what tuned weights lose of what the model could before, and on which tasks too",
    "curve": "whether each family's best is made with fewer labels too: from how many on tuning wins",
    "limits": "what the study may take, and what the answer must respect",
    "exhaustive": "where absent, who has surely lost stops early where calls cost money or much time",
    "prices": "what a provider asks, if that is where it will run: for a million tokens",
    "tuning": "how this machine tunes; no result depends on it",
    "seed": "of every draw: the same seed gives the same splits and tunes",
    "data.train": "the rows to learn from; also dev and test are cut from it where they are not given",
    "data.dev": "the rows to choose by",
    "data.test": "the rows that are scored once, for the finalists",
    "models.spec": "the model, with its options beside or behind it",
    "models.prices": "its own prices, with the keys of prices",
    "chain.name": "later steps name its answer by it",
    "chain.template": "the user's message of this step",
    "chain.instruction": "the system message of this step",
    "chain.task": "its instruction, labels and kind are that task's",
    "chain.labels": "else it answers in free text",
    "chain.answer_pattern": "what it last finds in the reply is the answer",
    "chain.max_tokens": "the most tokens that it answers with",
    "curve.sizes": "where absent, doubling up to all",
    "curve.seeds": "how often rows are drawn at each size",
    "limits.requests_per_month": "by which costs are weighed; where absent, a number is assumed and said",
    "limits.horizon_months": "over which costs are added up; where absent, assumed and said",
    "limits.retrain_months": "where the task changes: what making the candidate costs is then paid again",
    "limits.label_cost": "each candidate pays for the labels that it was made of; where absent, assumed and said",
    "limits.machine_cost_per_hour": "of the machine that tunes and answers; where absent, assumed and said",
    "limits.money": "of all calls together; what is under way counts at its most",
    "limits.minutes": "it stops climbing in time to decide",
    "limits.calls": "of all models together",
    "limits.tokens": "of all models together",
    "limits.latency_p95_ms": "slower candidates are removed",
    "limits.data_stays_here": "whether models that run elsewhere are removed, and rows stay on this machine",
    "prices.input": "of what is asked",
    "prices.cached_input": "of what all prompts begin with, from 1,024 tokens on: most services remember no less",
    "prices.output": "of what is answered, hidden thoughts included",
    "prices.hosting_per_hour": "where tuned weights answer on a deployment of your own alone",
    "prices.training": "where a service tunes",
    "tuning.processes": "how many tune one model together, each with a part of it: for a model that is too large, or slow,"
    " for one",
    "prices.currency": "of every price here; nothing is converted",
}


@dataclass(frozen=True)
class Key:
    """`name`: with a dot inside another key. `default`: as YAML has it, "" where nothing stands there, or "required".
    `valid`: what may be written. `about`: what it is for."""

    name: str
    default: str
    valid: str
    about: str


def keys_of(outer: str = "") -> list[Key]:
    """The keys of a task file in their order, or those inside the value of one, such as "limits". Raises `OptionError`."""
    if outer and outer not in INSIDE:
        raise OptionError(f"there are no keys inside '{outer}'; {nearest(outer, tuple(INSIDE))}")
    part: type[Part] = INSIDE[outer] if outer else Task
    names = tuple(part.model_fields) if outer else KEYS
    return [_key(part, name, f"{outer}.{name}" if outer else name) for name in names]


def _key(part: type[Part], name: str, path: str) -> Key:
    field = part.model_fields[name]
    default = "required" if field.is_required() else _written(field.default)
    return Key(path, default, str(field.description), FOR[path])


def _written(value: Any) -> str:
    if value is None or isinstance(value, Part) or value == "" or value == [] or value == {}:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

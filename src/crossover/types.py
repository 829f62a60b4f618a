"""The shared nouns, as frozen dataclasses: what every room passes to every other.

Reading order: an `Example` is rendered with a `Candidate` into a `Request`; a model answers with a `Reply`; a metric turns
the reply into a `Score`; example, reply and scores together are a `Record`; all records of one candidate on one split are a
`Run`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from crossover.canonical import LATER
from crossover.canonical import content_hash as content_hash  # what has an identity is hashed by whoever has it
from crossover.canonical import to_json as to_json
from crossover.scores import LabelScores

Kind = Literal["classify", "extract", "generate"]
Family = Literal["control", "prompt", "weights", "hybrid"]
Role = Literal["system", "user", "assistant"]
LOST = "lost"  # how a reply ended that may have been paid for, and did not arrive
SplitName = Literal["train", "dev", "test", "curve", "new"]  # rows that a curve's point never met, and that came later


@dataclass(frozen=True)
class Example:
    """One labelled example. `output` is the gold answer; for kind `extract` it is canonical JSON (sorted keys).

    `slices`: by column, the values that results are also shown by; no part of what is asked or measured.
    """

    id: str
    input: str
    output: str
    group: str | None = None
    source: str = ""  # "train.csv, line 12": what an error message or the report shows
    slices: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Demonstration:
    """An input with its answer, as shown inside a prompt. In a chain, `steps`: what each step before answered to it."""

    input: str
    output: str
    steps: tuple[tuple[str, str], ...] = ()  # name, answer


@dataclass(frozen=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True)
class Prompt:
    """What surrounds an input.

    `demonstrations` is shown whole when `selection` is "fixed"; when it is "nearest" it is a pool, of which the `shots`
    most similar to the input are shown, the most similar last: by "words" (TF-IDF) or the embedding model that `likeness`
    names. `steps` are asked before, in their order: the answer of a step fills `{its name}` in the templates behind it.
    """

    instruction: str = ""
    template: str = "{input}"
    demonstrations: tuple[Demonstration, ...] = ()
    selection: Literal["fixed", "nearest"] = "fixed"
    shots: int = 0
    likeness: str = "words"
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Decoding:
    """How an answer is drawn. Non-empty `labels`: exactly one of them is the answer, by log-probability.

    `label_bias` (same length as `labels`, or empty) is subtracted from the labels' log-probabilities: calibration.
    `verbalizer` (likewise): the word that the model says in place of each label (Schick and Schütze 2021).
    `schema`: the answer is JSON that fits it, where the backend can see to that; the schema itself as canonical JSON.
    `pattern`: the reply is free text, and the answer in it is the last match of this regular expression, its first group
    where it has one; labels are then looked for in that. `samples`: answers drawn, of which the most frequent counts.
    `top_p`: drawn from the likeliest tokens that have this share together (nucleus sampling, Holtzman et al. 2020).
    """

    labels: tuple[str, ...] = ()
    label_bias: tuple[float, ...] = ()
    verbalizer: tuple[str, ...] = ()
    schema: str = ""
    pattern: str = ""
    samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 64
    seed: int = 0
    top_p: float = field(default=1.0, metadata=LATER)

    def spoken(self, answer: str) -> str:
        """What the model says for an answer: a label's word where it has one."""
        return dict(zip(self.labels, self.verbalizer, strict=True)).get(answer, answer) if self.verbalizer else answer


@dataclass(frozen=True)
class Step:
    """A step of a chain, asked before the prompt that it belongs to."""

    name: str
    prompt: Prompt
    decoding: Decoding


@dataclass(frozen=True)
class Weights:
    """Trained weights: a folder with a PEFT adapter, a full model, or a classifier's head; or a service's own ("hosted").

    `path` is where they lie now, not what they are: of hosted ones, the notes of the job that made them. `ref`: the id by
    which the service answers with them, whose SHA-256, with the model's identity, is theirs.
    """

    kind: Literal["adapter", "full", "head", "hosted"]
    sha256: str
    path: str = field(default="", compare=False)
    ref: str = field(default="", compare=False)


@dataclass(frozen=True)
class Provenance:
    """How a candidate came to be: the strategy as the task file writes it (`"instruction+lora"` for a sequence), its
    options, seed and parent (None where it is the candidate that it started from). It stands beside what the candidate is.
    `name`: what its rung is called for a reader, where that is not the strategy.
    """

    strategy: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    parent: str | None = None
    note: str = ""  # one sentence for the reader: what was chosen, and on what evidence
    name: str = ""

    @property
    def shown(self) -> str:
        """What a reader knows the candidate by."""
        return self.name or self.strategy


@dataclass(frozen=True)
class Candidate:
    """Everything that would be deployed: model, prompt, decoding and weights are its identity, whose hash is its name.

    `model` is a model specification as in the task file ("pocket", a folder, a hub id, "constant:ANSWER").
    """

    model: str
    prompt: Prompt = field(default_factory=Prompt)
    decoding: Decoding = field(default_factory=Decoding)
    weights: Weights | None = None
    provenance: Provenance = field(default_factory=Provenance)

    @cached_property
    def id(self) -> str:
        """16 hex digits of the SHA-256 of what would be deployed; where it lies and how it came to be do not count."""
        weights = {"kind": self.weights.kind, "sha256": self.weights.sha256} if self.weights else None
        what = {"model": self.model, "prompt": self.prompt, "decoding": self.decoding, "weights": weights}
        return content_hash(what)


@dataclass(frozen=True)
class Usage:
    """What a call took: tokens of the whole prompt, tokens of the answer (thoughts too), seconds, money in the study's
    currency; `cached_in`: tokens of the prompt that a service had read before."""

    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    money: float = 0.0
    cached_in: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.seconds + other.seconds,
            self.money + other.money,
            self.cached_in + other.cached_in,
        )


@dataclass(frozen=True)
class Request:
    """One call to a model. Everything that changes the answer is in it, so its hash is the key of the reply cache."""

    messages: tuple[Message, ...]
    decoding: Decoding = field(default_factory=Decoding)
    weights: Weights | None = None
    repeat: int = 0  # a further draw of the same request: consistency over repeats, latency


@dataclass(frozen=True)
class Reply:
    """A model's answer. With `error` set the call failed: it is recorded as failed and never scored as wrong.

    `label_scores`: the log-probability of each of the request's labels, in their order; empty for free text. `model`: the
    version that a service says it answered with. `finish`: why the answer ended ("stop", "length", "filter" or `LOST`).
    `once`: what it took beside `usage` to find out how the service answers, which no further call takes.
    """

    text: str = ""
    label_scores: Sequence[float] = ()
    usage: Usage = field(default_factory=Usage)
    error: str | None = None
    model: str = ""
    finish: str = ""
    once: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        scores = self.label_scores
        try:
            object.__setattr__(self, "label_scores", LabelScores(scores) if len(scores) else ())
        except (TypeError, ValueError, OverflowError) as error:
            valid = "valid is a tuple of log-probabilities, which may be empty"
            raise TypeError(f"label_scores is {scores!r}; {valid}") from error


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives of one class or field, in one example."""

    tp: int = 0
    fp: int = 0
    fn: int = 0


@dataclass(frozen=True)
class Score:
    """One example's score: `value` in [0, 1]; `counts` by class or field where the metric's aggregate is an F1."""

    value: float
    counts: Mapping[str, Counts] = field(default_factory=dict)
    valid: bool = True  # False: the answer could not be parsed (invalid JSON, no label in it)


@dataclass(frozen=True)
class Record:
    """One example, answered and scored. `score` is None where the call failed; `steps`: a chain's answers by name."""

    example: Example
    reply: Reply
    prediction: str
    score: Score | None = None
    relevance: float | None = None
    steps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % confidence interval, over `n` items."""

    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Raced:
    """A run was looked at on its way, and might stop before all `of` rows were answered. `lost_to`: the id of who was
    surely better; None where nobody was."""

    of: int
    lost_to: str | None = None


@dataclass(frozen=True)
class Run:
    """All records of one candidate on one split, in the split's order.

    Of one that was `raced` and stopped, those of some rows drawn at random; its estimate then holds whenever one stops.
    `folds`: where not 0, the records are of what was made in so many folds, in the way in which the candidate was made.
    `design`: the variance of the estimate, of what the candidate would reach, over that of independent items (Kish 1965).
    `leaning`: by how much the best guess at that candidate differs from the estimate.
    """

    candidate: str  # its id
    split: SplitName
    metric: str
    records: tuple[Record, ...]
    estimate: Estimate
    relevance: Estimate | None = None
    usage: Usage = field(default_factory=Usage)
    raced: Raced | None = None
    folds: int = 0
    design: float = 1.0
    leaning: float = 0.0

    @property
    def failures(self) -> int:
        return sum(record.score is None for record in self.records)

    @property
    def taken(self) -> list[Usage]:
        """What each answered request took; a failed call's nothing would make requests look cheaper than they are."""
        answered = [record.reply.usage for record in self.records if record.reply.error is None]
        return answered or [record.reply.usage for record in self.records]

    @property
    def stopped(self) -> bool:
        return self.raced is not None and len(self.records) < self.raced.of


@dataclass(frozen=True)
class Training:
    """How weights are tuned, whatever is trained of them. `patience`: epochs without a better dev score before stopping; 0
    never stops early. `replay`: the share of each epoch's rows that are general ones, against forgetting.
    """

    learning_rate: float = 1e-3
    epochs: int = 10
    batch_size: int = 16
    patience: int = 3
    warmup_ratio: float = 0.05
    weight_decay: float = 0.0
    replay: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class LoraRecipe(Training):
    """A low-rank adapter. `targets`: "all-linear", "attention" or modules' names; `pissa`: True, or a number of iterations;
    `bits`: None or 4."""

    method: Literal["lora"] = field(default="lora", init=False)
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    targets: str | tuple[str, ...] = "all-linear"
    dora: bool = False
    rslora: bool = False
    pissa: bool | int = False
    bits: int | None = None


@dataclass(frozen=True)
class FullRecipe(Training):
    """Every weight of the model."""

    method: Literal["full"] = field(default="full", init=False)


@dataclass(frozen=True)
class SoftPromptRecipe(Training):
    """`tokens` vectors in front of every prompt."""

    method: Literal["soft_prompt"] = field(default="soft_prompt", init=False)
    tokens: int = 20


Recipe = LoraRecipe | FullRecipe | SoftPromptRecipe


@dataclass(frozen=True)
class Epoch:
    """One line of a tuning trace. Losses are mean negative log-likelihood per answer token, in nats; None where unknown."""

    epoch: int
    train_loss: float | None
    dev_loss: float | None
    dev_metric: float
    observation: str  # "learning", "converging", "overfitting" ...
    seconds: float = 0.0


def candidate_from_json(body: Mapping[str, Any]) -> Candidate:
    """The inverse of `to_json` for a `Candidate`; an export's has the `id` that was measured while its own is `id_here`."""
    made = Candidate(
        model=body["model"],
        prompt=_prompt(body["prompt"]),
        decoding=_decoding(body["decoding"]),
        weights=Weights(**body["weights"]) if body["weights"] else None,
        provenance=Provenance(**body["provenance"]),
    )
    made.__dict__["id"] = (body.get("id_here") == made.id and str(body.get("id") or "")) or made.id
    return made


def _prompt(body: Mapping[str, Any]) -> Prompt:
    prompt = dict(body)
    prompt["demonstrations"] = tuple(
        Demonstration(d["input"], d["output"], tuple((name, answer) for name, answer in d.get("steps", ())))
        for d in prompt["demonstrations"]
    )
    steps = prompt.get("steps", ())
    prompt["steps"] = tuple(Step(s["name"], _prompt(s["prompt"]), _decoding(s["decoding"])) for s in steps)
    return Prompt(**prompt)


def _decoding(body: Mapping[str, Any]) -> Decoding:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
    if "words" in fields:  # as it was called before
        fields["verbalizer"] = fields.pop("words")
    return Decoding(**fields)

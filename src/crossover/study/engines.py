"""An engine beside the model whose candidates it answers for: compared on some dev rows, before anything is measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crossover.engine.follow import each_call
from crossover.engine.journal import Journal
from crossover.engine.render import Renderer
from crossover.errors import ModelError
from crossover.evaluation.bench import StudyBench
from crossover.models.base import Model
from crossover.models.engine import FAR, Engine
from crossover.models.engine.proof import apart
from crossover.strategies.then import Then
from crossover.study.ladder import Rung
from crossover.study.models import parity_fact
from crossover.types import Candidate, Decoding, Example, Message, Reply, Request

ROWS = 8  # of dev, spread over it
WRITTEN = 32  # tokens of a free answer
OTHERWISE = 0.1  # nats a token, in the middle: adapters in 16 bits are hundredths apart
LOADS_NONE = (
    "adapters too, as the engine loads none while it runs (vLLM does with --enable-lora and"
    " VLLM_ALLOW_RUNTIME_LORA_UPDATING=True)"
)


@dataclass(frozen=True)
class Parity:
    """`engine`: what it is and where; `model`: the identity of the one here. Of `rows`: how many answers are `alike`.

    Of `texts` whose log-probabilities were compared: the `largest` difference, and the `middle` one, a token, in nats.
    `same_tokens`: of how many prompts the server's own chat template gives the tokens that it was sent, None where it does
    not tell. `adapters`: whether it answers for them. `reference`: the question by which it is known again.
    """

    engine: str
    model: str
    rows: int
    alike: int
    texts: int
    largest: float
    middle: float
    same_tokens: int | None
    adapters: bool
    reference: str

    def sentences(self, spec: str, tunes: bool) -> list[str]:
        """`tunes`: whether there will be tuned weights."""
        said = (
            f"what {spec} answers comes from {self.engine}: beside the model here, {self.alike} of {self.rows} answers to"
            f" dev rows are alike, and the log-probabilities of {self.texts} texts differ by at most {self.largest:.2g}"
            f" ({self.middle:.1g} a token, in the middle)"
        )
        if self.same_tokens is not None and self.same_tokens < self.rows:
            said += (
                f"; its own chat template gives other tokens for {self.rows - self.same_tokens} of {self.rows} prompts,"
                " which makes no difference here, where it is sent tokens, and does to who sends it messages"
            )
        if not tunes:
            return [said]
        more = "" if self.adapters else f"; {LOADS_NONE}"
        return [said, f"weights that are tuned wholly, soft prompts and DoRA are answered by the model here{more}"]


def compared(
    models: Mapping[str, Model],
    begin: Candidate,
    renderer: Renderer,
    dev: Sequence[Example],
    journal: Journal,
    rungs: Sequence[Rung],
    folder: Path,
    say: Callable[[str], None],
) -> list[str]:
    """Sentences on each engine among the models, by specification. What was compared before is read from the journal.

    Raises `ModelError` for an engine that has other weights than the model here, or that cannot load the adapters which the
    `rungs` are to leave in the study's `folder`: before they are tuned.
    """
    said: list[str] = []
    for spec, model in models.items():
        if not isinstance(model, Engine):
            continue
        own = [rung for rung in rungs if (rung.model or next(iter(models))) == spec]
        tunes = any(rung.strategy.family in ("weights", "hybrid") for rung in own)
        known, rank, tried = journal.fact(parity_fact(spec)), highest_rank(own), f"adapters tried at {spec}"
        if known is not None and rank > journal.fact(tried, rank):
            _try(model, folder, rank)  # a rung that came later has a higher one
            journal.set_fact(tried, rank)
        if known is None:
            say(f"comparing the engine of {spec} with the model here")
            found = _compared(model, begin, renderer, dev)
            model.refer(found.reference)
            _try(model, folder, rank)
            known = asdict(found)
            journal.set_fact(tried, rank)
            journal.set_fact(parity_fact(spec), known)
            for sentence in found.sentences(spec, tunes):
                say(sentence)
        said += Parity(**known).sentences(spec, tunes)
    return said


def _try(model: Engine, folder: Path, rank: int) -> None:
    """Raise `ModelError` where the engine would not load an adapter of this rank, if it loads any."""
    if rank and (why := model.tried(folder, rank)):
        raise ModelError(why)


def highest_rank(rungs: Sequence[Rung]) -> int:
    """Of the adapters that rungs may leave at an engine; 0 where none does."""
    steps = [step for r in rungs for step in (r.strategy.strategies() if isinstance(r.strategy, Then) else [r.strategy])]
    lora = [step for step in steps if hasattr(step, "rank") and hasattr(step, "alpha") and not getattr(step, "dora", False)]
    return max((int(step.rank) * (2 if getattr(step, "pissa", False) else 1) for step in lora), default=0)


def compared_weights(bench: StudyBench, name: str, candidate: Candidate | None) -> list[str]:
    """A warning where tuned weights answer otherwise at an engine than here, by as many dev rows as the model itself."""
    if candidate is None or candidate.weights is None or candidate.prompt.steps:
        return []
    weights, model = candidate.weights, bench.model_of(candidate.model)
    if not isinstance(model, Engine) or model.here(weights):
        return []
    fact = f"parity of {name}, {weights.sha256}"
    if (known := bench.journal.fact(fact)) is None:
        asked = _asked(bench.evaluator.renderer(candidate.prompt), bench.dev)
        scored = [replace(one, weights=weights) for one in _scored(asked, each_call(candidate.decoding))]
        both = zip(scored, model.base.complete(scored), model.complete(scored), strict=True)
        pairs = [(one, here, there) for one, here, there in both if here.error is None and there.error is None]
        apiece = [distance for pair in pairs for distance in _apart(model, *pair)]
        alike = sum(here.text == there.text for _, here, there in pairs)
        known = [alike, len(pairs), statistics.median(apiece) if apiece else 0.0]
        bench.journal.set_fact(fact, known)
    alike, rows, middle = known
    if middle <= OTHERWISE:
        return []
    return [
        f"the weights of {name} answer otherwise at the engine than here: {alike} of {rows} dev rows alike, and"
        f" log-probabilities {middle:.2g} nats a token apart, in the middle; what was measured is the engine's"
    ]


def engines_json(specs: Sequence[str], journal: Journal) -> dict[str, Any]:
    """How each engine compared with its model, by specification."""
    found = {spec: journal.fact(parity_fact(spec)) for spec in specs}
    return {spec: {k: v for k, v in body.items() if k != "reference"} for spec, body in found.items() if body}


def _compared(model: Engine, begin: Candidate, renderer: Renderer, dev: Sequence[Example]) -> Parity:
    asked = _asked(renderer, dev)
    decoding = each_call(begin.decoding)
    scored = _scored(asked, decoding)
    free = [] if decoding.labels else [_free(messages, begin) for messages, _ in asked]
    here = model.base.complete([*scored, *free])
    there = model.complete([*scored, *free])
    pairs = [(one, a, b) for one, a, b in zip([*scored, *free], here, there, strict=True) if a.error is None]
    failed = [b.error for _, _, b in pairs if b.error is not None]
    if failed or not pairs:
        raise ModelError(f"the engine cannot be compared with the model here: {failed[0] if failed else here[0].error}")
    apiece = [distance for pair in pairs if pair[0].decoding.labels for distance in _apart(model, *pair)]
    differences = [abs(x - y) for one, a, b in pairs for x, y in zip(a.label_scores, b.label_scores, strict=True)]
    middle = statistics.median(apiece)
    if middle > FAR:
        raise ModelError(
            f"the engine, {model.where}, has other weights than '{model.target}': the log-probabilities of the same tokens"
            f" differ by {middle:.1f} nats a token, in the middle of {len(apiece)} texts; valid is a server of that model"
        )
    answers = [(a.text, b.text) for one, a, b in pairs if bool(one.decoding.labels) != bool(free)]
    own = [model.tokens_there(messages) for messages, _ in asked]
    told = [tokens for tokens in own if tokens is not None]
    sent = model.base.prepared([Request(messages) for messages, _ in asked])
    first = next((one, b) for one, _, b in pairs if one.decoding.labels)
    return Parity(
        engine=model.where,
        model=str(model.base.identity),
        rows=len(answers),
        alike=sum(a == b for a, b in answers),
        texts=len(differences),
        largest=max(differences),
        middle=middle,
        same_tokens=sum(a == b for a, b in zip(own, sent, strict=True)) if len(told) == len(own) else None,
        adapters=model.found.adapters,
        reference=model.reference_of(*first),
    )


def _asked(renderer: Renderer, dev: Sequence[Example]) -> list[tuple[tuple[Message, ...], str]]:
    """Dev rows, spread over it: each one's messages and output."""
    rows = [dev[i * len(dev) // min(ROWS, len(dev))] for i in range(min(ROWS, len(dev)))]
    return [(tuple(renderer.messages(row.input)), row.output) for row in rows]


def _scored(asked: Sequence[tuple[tuple[Message, ...], str]], decoding: Decoding) -> list[Request]:
    """What is answered by log-probabilities: the labels, or where there are none the row's output and another text."""
    if decoding.labels:
        return [Request(messages, decoding) for messages, _ in asked]
    outputs = list(dict.fromkeys(output for _, output in asked))
    plain = replace(decoding, schema="", temperature=0.0)
    return [Request(messages, replace(plain, labels=_two(output, outputs))) for messages, output in asked]


def _two(output: str, outputs: Sequence[str]) -> tuple[str, str]:
    """A row's output and another text, which are scored in the place of labels."""
    return output, next((one for one in outputs if one != output), f"not {output}")


def _free(messages: tuple[Message, ...], begin: Candidate) -> Request:
    how = each_call(begin.decoding)
    return Request(messages, replace(how, temperature=0.0, max_tokens=min(how.max_tokens, WRITTEN)))


def _apart(model: Engine, request: Request, here: Reply, there: Reply) -> list[float]:
    lengths = list(map(len, model.base.tree(request.decoding.labels).sequences))
    return apart(here.label_scores, there.label_scores, lengths)

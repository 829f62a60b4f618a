"""Any causal language model that transformers loads: a folder, a GGUF file, a hub id, `pocket` or `smollm2`.

Labels are scored exactly (`labels.py`), free text is generated (`generation.py`), both with the model's own chat
template (`chat.py`, which writes down where a turn ends). Adapters lie side by side on one base (`pool.py`).
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from jinja2.exceptions import TemplateError
from transformers.utils import logging

from crossover.errors import ModelError
from crossover.models import light as light  # before what imports transformers' models
from crossover.models.base import Listener, Runtime
from crossover.models.hf import folder as folders
from crossover.models.hf import room, soft
from crossover.models.hf.chat import MARK, Chat, read_chat
from crossover.models.hf.files import SCRIPT, ModelFiles, needs_of, settings_of, vectors_in
from crossover.models.hf.generation import Job, generate_packed, generate_plain
from crossover.models.hf.grammar import Grammars
from crossover.models.hf.kernels import HfKernels
from crossover.models.hf.labels import LabelTree, Scores, label_tree, score_packed, score_plain
from crossover.models.hf.packing import Prefix, shared_prefix
from crossover.models.hf.place import carried, resolve
from crossover.models.hf.pool import Pool, load_model
from crossover.models.hf.precision import Name, choose
from crossover.models.hf.prefixes import Prefixes
from crossover.models.hf.quantized import four_bits
from crossover.models.hf.saving import check, save
from crossover.models.hf.scheduler import Scheduler
from crossover.models.hf.trial import packs
from crossover.models.hf.writing import ends, replied, writing_job
from crossover.models.kernels import ran_out
from crossover.scores import NO_NUMBERS, choose_none
from crossover.types import Candidate, Message, Reply, Request, Usage, Weights

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
UNBOUNDED = 1 << 20  # tokens: the window of an architecture that names none
IN_FLIGHT = {"cpu": 32}  # requests at a time: a killed process loses seconds
IN_FLIGHT_ELSEWHERE = 512  # a card takes about as long to launch, or to write, many as few

logging.set_verbosity_error()  # what matters is raised; the rest is noise in a progress display
logging.disable_progress_bar()
warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # PEFT's use of it, not ours


@dataclass
class Hf:
    """`hf:FOLDER`, `hf:FILE.gguf` or `hf:ORG/NAME`.

    Raises `ModelError` when the folder cannot be used; weights are loaded at the first request.

    - `target`: FOLDER, FILE.gguf or ORG/NAME.
    - `dtype`: auto is bfloat16 where this machine is quick at it and the model is not tiny, else float32.
    - `device`: auto is a GPU if there is one.
    """

    target: str
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    local = True
    target_is_path = True

    def __post_init__(self) -> None:
        if not self.target:
            raise ModelError("hf: a model is missing; valid: hf:FOLDER, hf:FILE.gguf or hf:ORG/NAME")
        self._device = ("cuda" if torch.cuda.is_available() else "cpu") if self.device == "auto" else self.device
        try:
            torch.device(self._device)
        except RuntimeError as error:
            raise ModelError(f"hf: there is no device '{self.device}'; valid: auto, cpu, cuda, cuda:N") from error
        self._folder = resolve(self.target)
        self._config = folders.check(self._folder)
        self._lock = threading.RLock()  # which adapter is active is state of the whole model
        self._checked: set[str] = set()
        self._trees: dict[tuple[str, ...], LabelTree] = {}
        self.prefixes = Prefixes()
        self._leads: dict[str, tuple[int, ...]] = {}
        self._finished = 0.0  # when the last scores were read

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that name the files: what tuned weights are bound to."""
        return folders.fingerprint(self._folder)

    @property
    def identity(self) -> str:
        return f"{self.fingerprint}-{self.precision[0]}"  # another precision gives other answers

    @cached_property
    def precision(self) -> tuple[Name, str]:
        return choose(self._device, self.width) if self.dtype == "auto" else (self.dtype, "as asked for")

    @cached_property
    def context_window(self) -> int:
        config = self._config.get_text_config()
        given = (getattr(config, name, None) for name in ("max_position_embeddings", "seq_length", "n_positions"))
        return next((size for size in given if isinstance(size, int)), UNBOUNDED)

    @property
    def folder(self) -> Path:
        """Where the base model's files lie."""
        return self._folder

    def files(self) -> ModelFiles:
        bundled, source = carried(self.target, self._folder)
        return ModelFiles(self.target, self._folder, bundled, self.chat, self.precision[0], self.context_window, source)

    def vectors(self, weights: Weights | None) -> int:
        return vectors_in(weights)

    def merge(self, adapter: Weights, folder: Path) -> None:
        merged: Any = self.module(adapter)
        self.save(merged.merge_and_unload(), folder)

    def runtime(self, candidate: Candidate) -> Runtime:
        needs = needs_of(candidate.weights, candidate.decoding.schema)
        about = {"settings.json": "where a turn begins and ends, and in which precision the model answers"}
        return Runtime(SCRIPT, needs, settings_of(self.files()), about=about)

    @property
    def width(self) -> int:
        return room.width(self._config.get_text_config())

    @cached_property
    def chat(self) -> Chat:
        """The model's tokenizer with the rules of its template."""
        return read_chat(folders.load_tokenizer(self._folder), self.target)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        with self._lock:
            return len(self.chat.prompt(messages))

    @property
    def in_flight(self) -> int:
        return IN_FLIGHT.get(torch.device(self._device).type, IN_FLIGHT_ELSEWHERE)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return self.submit(requests)()

    def tell(self, requests: Sequence[Request], listeners: Sequence[Listener | None]) -> list[Reply]:
        return self.submit(requests, listeners)()

    def engine(self) -> Scheduler:
        return Scheduler(self, self._device)

    def prepared(self, requests: Sequence[Request]) -> list[list[int] | Reply]:
        """The tokens of each prompt, or the reply that says why it cannot be answered."""
        with self._lock:  # what is kept of templates and tokens is shared too
            found = self.chat.prompts([request.messages for request in requests])
        return [self._prepared(request, prompt) for request, prompt in zip(requests, found, strict=True)]

    def submit(
        self, requests: Sequence[Request], listeners: Sequence[Listener | None] | None = None
    ) -> Callable[[], list[Reply]]:
        """Begin to answer: a card is given all labels to score, everything else is done when the replies are asked for."""
        heard = listeners or [None] * len(requests)
        replies: list[Reply | None] = [None] * len(requests)
        prompts: list[list[int]] = [[] for _ in requests]
        groups: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
        for i, (request, prompt) in enumerate(zip(requests, self.prepared(requests), strict=True)):
            if isinstance(prompt, Reply):
                replies[i] = prompt
            else:
                prompts[i] = prompt
                groups[request.weights.sha256 if request.weights else "", request.decoding.labels].append(i)
        if groups:
            with self._lock:
                _ = self._pool.base  # raises here when the model itself does not load: no request can be answered
        begun = [
            (m, self._begin([requests[i] for i in m], [prompts[i] for i in m], [heard[i] for i in m]))
            for m in groups.values()
        ]

        def wait() -> list[Reply]:
            for members, answers in begun:
                for i, reply in answers():
                    replies[members[i]] = reply
            return [reply if reply is not None else Reply(error="the model gave no answer") for reply in replies]

        return wait

    def encode(self, messages: Sequence[Message], answer: str) -> tuple[list[int], int]:
        with self._lock:  # a tuning job reads its rows beside the server's requests
            prompt = self.chat.prompt(messages)
            return prompt + self.chat.answer(answer), len(prompt)

    def words(self) -> dict[int, str]:
        return self.chat.words()

    def written(self, answer: str) -> str:
        return self.chat.text(self.chat.answer(answer))

    def module(self, weights: Weights | None = None, frozen: bool = False, bits: int | None = None) -> torch.nn.Module:
        from peft import PeftModel

        source = self._folder
        if weights is not None:
            self.check_weights(weights)
            if weights.kind == "full":
                source = Path(weights.path)
        # gradients that pass through float16 can vanish
        dtype = self._dtype if frozen and self._dtype is not torch.float16 else torch.float32
        module: torch.nn.Module = load_model(source, dtype, self._device, four_bits(dtype) if bits else None)
        if weights is not None and weights.kind == "adapter":
            module = PeftModel.from_pretrained(module, weights.path, is_trainable=True)
        return module

    def save(self, module: torch.nn.Module, folder: Path) -> Weights:
        return save(module, folder, self._folder, self.target, self.fingerprint)

    def opening(self) -> tuple[str, dict[str, Any], str]:
        options = {"target": self.target, "dtype": self.precision[0], "device": "cpu"}
        return "hf", options, torch.device(self._device).type

    def kernels(self) -> HfKernels:
        return HfKernels()

    def check_weights(self, weights: Weights) -> None:
        check(weights, self.target, self.fingerprint)

    @cached_property
    def _grammars(self) -> Grammars:
        return Grammars(self.chat.tokenizer, self._pool.base.get_output_embeddings().weight.shape[0])

    @property
    def _dtype(self) -> torch.dtype:
        return DTYPES[self.precision[0]]

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._folder, self._dtype, self._device)

    @cached_property
    def packed(self) -> bool:
        with self._pool.using(None) as model:
            return packs(model, self._folder)

    def _lead(self, weights: Weights | None) -> tuple[int, ...]:
        """The ids of a soft prompt's vectors, which stand before everything else."""
        if weights is None or weights.kind == "full":
            return ()
        if weights.sha256 not in self._leads:
            number = self.vectors(weights)  # of a folder that lacks something `_verify` tells
            rows = int(self._pool.base.get_input_embeddings().weight.shape[0]) if number else 0
            self._leads[weights.sha256] = soft.lead(rows, number)
        return self._leads[weights.sha256]

    def tree(self, labels: tuple[str, ...]) -> LabelTree:
        if labels not in self._trees:
            self._trees[labels] = label_tree([self.chat.answer(label) for label in labels])
        return self._trees[labels]

    def _shared(self, model: Any, asked: list[Request], prompts: list[list[int]]) -> Prefix:
        """What all prompts begin with; of a prompt that comes alone, what stands before its last message."""
        rows = prompts
        if len(rows) == 1:
            *before, last = asked[0].messages
            marked = self.chat.prompt([*before, replace(last, content=MARK)])
            rows = [*rows, [*self._lead(asked[0].weights), *marked]]
        weights = asked[0].weights
        return self.prefixes.get(model, weights.sha256 if weights else "", prompts[0][: shared_prefix(rows)])

    def _verify(self, weights: Weights | None) -> None:
        if weights is not None and weights.sha256 not in self._checked:
            self.check_weights(weights)
            self._checked.add(weights.sha256)

    def _prepared(self, request: Request, found: list[int] | TemplateError) -> list[int] | Reply:
        if isinstance(found, TemplateError):
            return Reply(error=f"the chat template refuses the conversation: {found}")
        prompt = [*self._lead(request.weights), *found]
        error_text = self._refusal(request, prompt)
        return Reply(error=error_text) if error_text else prompt

    def _refusal(self, request: Request, prompt: list[int]) -> str | None:
        labels = request.decoding.labels
        sequences = self.tree(labels).sequences if labels else ()
        if len(set(sequences)) < len(sequences):
            first, second = next((a, b) for b, s in enumerate(sequences) if (a := sequences.index(s)) != b)
            return f"the labels '{labels[first]}' and '{labels[second]}' are the same tokens for {self.target}: rename one"
        if len(prompt) + max(map(len, sequences), default=1) <= self.context_window:
            return None
        return f"the prompt has {len(prompt)} tokens, the window is {self.context_window}"

    @contextmanager
    def using(self, weights: Weights | None) -> Iterator[Any]:
        with self._lock, torch.inference_mode():
            self._verify(weights)
            try:
                with self._pool.using(weights) as model:
                    yield model
            except (
                RuntimeError,
                MemoryError,
            ) as error:  # of what is not done in batches: what prompts share, other weights
                if not ran_out(error):
                    raise
                raise ModelError(f"the device's memory does not suffice: {folders.first_line(error)}") from error

    def _begin(
        self, asked: list[Request], prompts: list[list[int]], heard: list[Listener | None]
    ) -> Callable[[], list[tuple[int, Reply]]]:
        """Begin to answer requests of the same weights and labels."""
        weights, labels, started = asked[0].weights, asked[0].decoding.labels, time.perf_counter()

        def failed(error: ModelError) -> list[tuple[int, Reply]]:  # these weights do not load; others may
            return [(i, Reply(error=str(error))) for i in range(len(asked))]

        def answer() -> list[tuple[int, Reply]]:
            try:
                with self.using(weights) as model:
                    if labels:
                        return list(self.labelled(asked, prompts, self._scored(model, asked, prompts), time.perf_counter()))
                    return list(self._write(model, asked, prompts, heard))
            except ModelError as error:
                return failed(error)

        if not labels or torch.device(self._device).type == "cpu":
            return answer
        try:
            if not self.packed:
                return answer
            with self.using(weights) as model:
                scored = list(self._scored(model, asked, prompts))  # the card is given all of it, and not waited for
        except ModelError as error:
            refused = error
            return lambda: failed(refused)
        return lambda: list(self.labelled(asked, prompts, scored, started))

    def _scored(self, model: Any, asked: list[Request], prompts: list[list[int]]) -> Iterator[Scores]:
        tree = self.tree(asked[0].decoding.labels)
        if self.packed:
            return score_packed(model, prompts, tree, self._shared(model, asked, prompts))
        return score_plain(model, prompts, tree)

    def labelled(
        self, asked: Sequence[Request], prompts: Sequence[Sequence[int]], scored: Iterable[Scores], started: float
    ) -> Iterator[tuple[int, Reply]]:
        """Scores -> replies. `started`: when they were begun, though perhaps behind others."""
        labels = asked[0].decoding.labels
        lengths = [len(sequence) for sequence in self.tree(labels).sequences]
        for batch, scores in scored:
            rows, started = scores.tolist(), max(started, self._finished)
            self._finished = time.perf_counter()
            seconds = (self._finished - started) / len(batch)
            for i, row in zip(batch, rows, strict=True):
                bias = asked[i].decoding.label_bias or (0.0,) * len(labels)
                calibrated = [round(s - b, 6) for s, b in zip(row, bias, strict=True)]
                if choose_none(row):
                    yield i, Reply(error=f"{self.target} gives labels {NO_NUMBERS}")
                    continue
                best = calibrated.index(max(calibrated))
                yield i, Reply(labels[best], tuple(row), Usage(len(prompts[i]), lengths[best], seconds))

    def job(self, request: Request, prompt: Sequence[int], listener: Listener | None) -> Job:
        return writing_job(request, prompt, self.context_window, lambda: self._grammars, self.chat, listener)

    def ended(self, model: Any) -> Callable[[Sequence[int]], bool]:
        return ends(model, self.chat)

    def _write(
        self, model: Any, asked: list[Request], prompts: list[list[int]], heard: list[Listener | None]
    ) -> Iterator[tuple[int, Reply]]:
        jobs = [self.job(*each) for each in zip(asked, prompts, heard, strict=True)]
        ended = self.ended(model)
        started = time.perf_counter()
        if self.packed:
            written = generate_packed(model, jobs, ended, self._shared(model, asked, prompts))
        else:
            written = generate_plain(model, jobs, ended)
        for batch, drafts in written:
            seconds = (time.perf_counter() - started) / len(batch)
            for i, draft in zip(batch, drafts, strict=True):
                yield i, replied(draft, self.chat, seconds)
            started = time.perf_counter()

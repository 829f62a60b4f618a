"""A stand-in for vLLM's server, after the source of 0.32 and what a real one of that version answered: a model of ours is
behind it, so that its numbers are a model's.

`kind`: "vllm"; "old", without `logprob_token_ids`; "processed", which reports log-probabilities after its choice; "sglang",
which has `echo`; "none", which tells none; "llamacpp".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from crossover.models.hf import Hf
from crossover.models.hf.folder import sha256
from crossover.types import Weights
from tests.loopback import Speaking, listening

Body = dict[str, Any]


class Status(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Vllm:
    """`loads`: whether it loads adapters; `most_rank`: of one; `die_after`: completions, after which the server is gone."""

    model: Hf
    kind: str = "vllm"
    names: tuple[str, ...] = ("served",)
    loads: bool = True
    most_rank: int = 16
    window: int = 0
    key: str = ""
    die_after: int = 0
    drops: int = 0  # completions whose connection breaks before the answer
    no_number: bool = False  # its log-probabilities are none
    says: str = ""  # in the place of what the model writes
    ignores: bool = False  # it answers with the model for every adapter
    any_name: bool = False  # it answers with the model to names that it does not know (VLLM_SKIP_MODEL_NAME_VALIDATION)
    loses_after: int = 0  # completions by adapters, after which it has none and loads none
    forgets_after: int = 0  # completions, after each so many of which it has no adapter any more
    not_yet: int = 0  # times that an adapter is refused by who stands before it
    url: str = ""
    adapters: dict[str, Weights] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)  # of completions
    answered: list[str] = field(default_factory=list)  # bodies whose answer was sent whole
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: Any) -> Any:
        if path == "/v1/models":
            owner = {"old": "vllm", "processed": "vllm", "none": "someone"}.get(self.kind, self.kind)
            each: Body = {"object": "model", "owned_by": owner, "max_model_len": self._window}
            base = [each | {"id": name, "parent": None} for name in self.names]
            return {"object": "list", "data": [*base, *(each | {"id": a, "parent": "served"} for a in self.adapters)]}
        if path == "/version" and self.kind == "vllm":
            return {"version": "0.32.0"}
        if path == "/tokenize" and self.kind == "vllm":
            ids = self.model.chat.tokenizer.apply_chat_template(body["messages"], add_generation_prompt=True)
            return {"count": len(ids), "max_model_len": self._window, "tokens": list(ids["input_ids"])}
        if path == "/tokenize" and self.kind == "llamacpp":
            return {"tokens": []}  # of the `content` that is not there
        if path == "/props" and self.kind == "llamacpp":
            return {"default_generation_settings": {"n_ctx": self._window}}
        if path == "/v1/load_lora_adapter" and self.not_yet:
            self.not_yet -= 1
            raise Status(503, "not yet")
        if path == "/v1/load_lora_adapter" and self.loads:
            return self._load(body)
        if path == "/v1/unload_lora_adapter" and self.loads:
            self.adapters.pop(body["lora_name"])
            self.unloaded.append(body["lora_name"])
            return "Success"
        if path == "/v1/completions" and self.kind != "llamacpp":
            self.bodies.append(body)
            return self._complete(body)
        if path == "/completion" and self.kind == "llamacpp":
            self.bodies.append(body)
            return self._llama(body)
        raise Status(404, "Not Found")

    @property
    def _window(self) -> int:
        return self.window or self.model.context_window

    def _load(self, body: Body) -> str:
        name, folder = body["lora_name"], Path(body["lora_path"])
        if name in self.adapters:
            raise Status(
                400, f"The lora adapter '{name}' has already been loaded. If you want to load the adapter in place"
            )
        if not (folder / "adapter_config.json").is_file():
            raise Status(404, f"Loading lora {name} failed: No adapter found for {folder}")
        rank = json.loads((folder / "adapter_config.json").read_text())["r"]
        if rank > self.most_rank:
            raise Status(500, f"LoRA rank {rank} is greater than max_lora_rank {self.most_rank}.")
        if not (folder / "adapter_model.safetensors").is_file():
            raise Status(500, f"{folder} doesn't contain tensors")
        self.adapters[name] = Weights("adapter", sha256(folder / "adapter_model.safetensors"), str(folder))
        self.loaded.append(name)
        return f"Success: LoRA adapter '{name}' added successfully."

    def _logs(self, prompt: list[int], weights: Weights | None) -> torch.Tensor:
        """(length, vocabulary): log-probabilities of what follows each token of a prompt."""
        with self._lock, self.model.using(weights) as module:
            ids = torch.tensor([prompt])
            return torch.as_tensor(module(input_ids=ids, use_cache=False).logits[0]).float().log_softmax(-1).cpu()

    def _complete(self, body: Body) -> Body:
        name = body["model"]
        if self.loses_after and sum(one["model"] not in self.names for one in self.bodies) == self.loses_after:
            self.loads = False
            self.adapters.clear()
        if self.forgets_after and len(self.bodies) % self.forgets_after == 0:
            self.adapters.clear()
        if name not in (*self.names, *self.adapters):
            if not self.any_name:
                raise Status(404, f"The model `{name}` does not exist.")
            name = self.names[0]
        prompts = body["prompt"] if isinstance(body["prompt"][0], list) else [body["prompt"]]
        weights = None if self.ignores else self.adapters.get(name)  # it keeps them for what is under way
        choices = [self._choice(i, prompt, weights, body) for i, prompt in enumerate(prompts)]
        written = sum(len(choice["token_ids"]) for choice in choices)
        usage = {"prompt_tokens": sum(map(len, prompts)), "completion_tokens": written}
        return {"id": "cmpl-1", "object": "text_completion", "model": name, "choices": choices[::-1], "usage": usage}

    def _choice(self, index: int, prompt: list[int], weights: Weights | None, body: Body) -> Body:
        if len(prompt) + body["max_tokens"] > self._window:
            raise Status(400, f"This model's maximum context length is {self._window} tokens.")
        tokenizer, ids, told = self.model.chat.tokenizer, list(prompt), list[Body]()
        stops, reason, finish = {*body.get("stop_token_ids", []), tokenizer.eos_token_id}, None, "length"
        for _ in range(body["max_tokens"]):
            logs = self._logs(ids, weights)
            allowed = body.get("allowed_token_ids") if self.kind != "sglang" else None
            token = allowed[0] if allowed else int(logs[-1].argmax())
            named = body.get("logprob_token_ids") if self.kind == "vllm" else None
            told.append({f"token_id:{i}": float(logs[-1, i]) for i in dict.fromkeys([token, *(named or [])])})
            if self.no_number:
                told[-1] = dict.fromkeys(told[-1], float("nan"))
            if self.kind == "processed":
                told[-1] = {f"token_id:{token}": 0.0}
            ids.append(token)
            text = tokenizer.decode(ids[len(prompt) :], skip_special_tokens=True)
            if token in stops:
                finish = "stop"
                break
            if found := next((stop for stop in body.get("stop", []) if stop in text), None):
                finish, reason, text = "stop", found, text.split(found)[0]
                break
        written = ids[len(prompt) :]
        logprobs: Body | None = None
        if body.get("logprobs") is not None and self.kind != "none":
            tokens = [f"token_id:{token}" for token in written]
            values = [top[token] for top, token in zip(told, tokens, strict=True)]
            if body.get("echo") and self.kind == "sglang":
                whole = self._logs(ids, weights)
                values = [None, *(float(whole[at, ids[at + 1]]) for at in range(len(ids) - 1))]
                tokens = list(map(str, ids))
            logprobs = {"tokens": tokens, "token_logprobs": values, "top_logprobs": told}
        if self.says:
            written, text, finish = tokenizer(self.says, add_special_tokens=False)["input_ids"], self.says, "stop"
        choice = {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish, "stop_reason": reason}
        return choice | {"token_ids": written}

    def _llama(self, body: Body) -> Body:
        ids, forced = list(body["prompt"]), [token for token, _ in body.get("logit_bias", [])]
        probabilities = []
        for _ in range(body["n_predict"]):
            logs = self._logs(ids, None)[-1]
            ids.append(forced[0] if forced else int(logs.argmax()))
            probabilities.append({"id": ids[-1], "logprob": float(logs[ids[-1]]), "top_logprobs": []})
        written = ids[len(body["prompt"]) :]
        said = {"content": self.model.chat.tokenizer.decode(written), "tokens": written, "tokens_predicted": len(written)}
        return said | {"completion_probabilities": probabilities, "stop_type": "limit"}


@contextmanager
def serving(server: Vllm, port: int = 0) -> Iterator[str]:
    """Its address with /v1, at any free port where none is named."""

    def gone() -> None:
        http.shutdown()
        http.server_close()  # else connections are taken, and never answered

    class Handler(Speaking):
        def do_POST(self) -> None:
            raw = self.body()
            if server.die_after and len(server.bodies) >= server.die_after:
                self.close_connection = True
                threading.Thread(target=gone).start()
                return
            if server.drops and self.path == "/v1/completions":
                server.drops -= 1
                self.close_connection = True
                return
            status, said = 200, cast(Any, None)
            try:
                if server.key and self.headers.get("Authorization") != f"Bearer {server.key}":
                    raise Status(401, "Unauthorized")
                said = server.answer(self.path, json.loads(raw or b"null"))
            except Status as error:
                status, said = error.status, {"error": {"message": error.message, "code": error.status}}
            content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.say(status, content)
            if self.path == "/v1/completions" and status == 200:
                server.answered.append(raw.decode())

        do_GET = do_POST

    with listening(Handler, port) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        yield server.url

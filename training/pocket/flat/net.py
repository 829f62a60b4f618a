"""The model in plain torch over a flat batch, and its losses: every shape is fixed, so that a step is compiled once.

The losses are those of `training.pocket.model.Trained` (answers, angle, contrast, finding), and one of the bare questions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaConfig

from training.pocket import teacher
from training.pocket.flat.attention import Attend
from training.pocket.flat.layout import LENGTH
from training.pocket.model import POINT, POINTER, READ, SHARPNESS

Batch = dict[str, Tensor]
PARTS = (
    "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip
TABLE, OUTPUT, NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"
HALF = torch.bfloat16
LOW = -1e9


class Losses(NamedTuple):
    """In nats where they are. `hits`: the share of the bare questions whose right name is the likeliest."""

    answers: Tensor
    angle: Tensor
    contrast: Tensor
    finding: Tensor
    bare: Tensor
    hits: Tensor


class Net(nn.Module):
    """A Llama without biases or grouped heads; `weights` has its tensors under transformers' names, in float32."""

    cosines: Tensor
    sines: Tensor

    def __init__(self, folder: str, attend: Attend) -> None:
        super().__init__()
        config = LlamaConfig.from_pretrained(folder)
        tensors = load_file(f"{folder}/model.safetensors")
        self.layers, self.width = config.num_hidden_layers, config.hidden_size
        self.epsilon, self.attend = config.rms_norm_eps, attend
        self.heads = config.num_attention_heads
        self.names = list(tensors)
        self.kept = nn.ParameterDict({_key(name): nn.Parameter(t.float().clone()) for name, t in tensors.items()})
        torch.manual_seed(0)
        self.head = nn.Linear(self.width, teacher.WIDTH)
        self.question = nn.Linear(self.width, POINTER, bias=False)
        self.answer = nn.Linear(self.width, POINTER, bias=False)
        half = self.width // self.heads // 2
        rates = config.rope_parameters["rope_theta"] ** (-torch.arange(half).float() / half)
        turns = torch.arange(LENGTH).float()[:, None] * rates[None]
        self.register_buffer("cosines", torch.cat([turns.cos()] * 2, 1), persistent=False)
        self.register_buffer("sines", torch.cat([turns.sin()] * 2, 1), persistent=False)
        self.block: Callable[..., Tensor] = self._block
        self.tail: Callable[..., Losses] = self._tail

    def compile_parts(self, backend: str = "inductor") -> None:
        """One graph for all layers and one for the losses: a fraction of the time that the whole would take to compile."""
        self.block = torch.compile(self._block, dynamic=False, fullgraph=True, backend=backend)
        self.tail = torch.compile(self._tail, dynamic=False, fullgraph=True, backend=backend)

    def weight(self, name: str) -> nn.Parameter:
        found: nn.Parameter = self.kept[_key(name)]
        return found

    def heads_only(self) -> list[nn.Parameter]:
        """What is dropped behind training."""
        return [*self.head.parameters(), *self.question.parameters(), *self.answer.parameters()]

    def matrices(self) -> list[nn.Parameter]:
        """The layers' matrices."""
        return [self.weight(name) for name in self.names if self.weight(name).ndim == 2 and name not in (TABLE, OUTPUT)]

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """(tokens, width) each: the states before the last norm, those that carry meanings, those that find their class."""
        x = functional.embedding(batch["ids"], self.weight(TABLE))
        turns = self.cosines[batch["places"]][:, None], self.sines[batch["places"]][:, None]
        kept = []
        for layer in range(self.layers):
            if layer in (READ, POINT):
                kept.append(x)
            weights = [self.weight(f"model.layers.{layer}.{part}.weight") for part in PARTS]
            x = self.block(x, *turns, batch["ends"], *weights)
        return x, kept[0], kept[1]

    def losses(self, batch: Batch, vectors: Tensor) -> Losses:
        """`vectors`: (groups, texts, 384), the teacher's of `batch["texts"]`."""
        return self.tail(*self(batch), batch, vectors)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * weight).to(HALF)

    def _block(
        self, x: Tensor, cosines: Tensor, sines: Tensor, ends: Tensor,
        n1: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, wo: Tensor, n2: Tensor, wg: Tensor, wu: Tensor, wd: Tensor,
    ) -> Tensor:  # fmt: skip
        h = self._norm(x, n1)
        q, k, v = (functional.linear(h, w.to(HALF)).view(-1, self.heads, self.width // self.heads) for w in (wq, wk, wv))
        y = self.attend(_turned(q, cosines, sines), _turned(k, cosines, sines), v, ends).reshape(-1, self.width)
        x = x + functional.linear(y, wo.to(HALF))
        h = self._norm(x, n2)
        up = functional.silu(functional.linear(h, wg.to(HALF))) * functional.linear(h, wu.to(HALF))
        return x + functional.linear(up, wd.to(HALF))

    def _tail(self, last: Tensor, middle: Tensor, finding: Tensor, batch: Batch, vectors: Tensor) -> Losses:
        choice, right, count = batch["choice"], batch["right"], len(batch["learnt"])
        places = torch.cat([batch["learnt"], choice.clamp(min=0).flatten()])
        logits = functional.linear(self._norm(last[places], self.weight(NORM)), self.weight(OUTPUT).to(HALF)).float()
        each = functional.cross_entropy(logits, batch["ids"][places + 1], reduction="none")
        answers = (each[:count] * batch["weights"]).sum() / batch["weights"].sum().clamp(min=1.0)
        scores = -(each[count:].view(choice.shape) * (choice >= 0)).sum(-1)
        asked = (right >= 0).float()
        bare = _mean(functional.cross_entropy(scores, right.clamp(min=0), reduction="none"), asked)
        angle, contrast = self._apart(middle, batch, vectors)
        pointer = self._found(finding, batch["asked"], batch["named"])
        return Losses(answers, angle, contrast, pointer, bare, _mean((scores.argmax(1) == right).float(), asked))

    def _apart(self, middle: Tensor, batch: Batch, vectors: Tensor) -> tuple[Tensor, Tensor]:
        which, there = batch["which"], (batch["which"] >= 0).float()
        states = middle[batch["read"].clamp(min=0)].to(HALF)
        guess = functional.linear(states, self.head.weight.to(HALF), self.head.bias.to(HALF))
        near = functional.normalize(guess.float(), dim=-1) @ vectors.transpose(1, 2)  # (groups, places, texts)
        near = near.masked_fill((batch["texts"] < 0)[:, None], -1e4)
        hit = near.gather(2, which.clamp(min=0)[..., None])[..., 0]
        return 1 - _mean(hit, there), _mean((near / SHARPNESS).logsumexp(2) - hit / SHARPNESS, there)

    def _found(self, states: Tensor, asked: Tensor, named: Tensor) -> Tensor:
        """asked, named: (groups, n, 3): place, episode, class."""
        q = functional.linear(states[asked[..., 0].clamp(min=0)].to(HALF), self.question.weight.to(HALF)).float()
        n = functional.linear(states[named[..., 0].clamp(min=0)].to(HALF), self.answer.weight.to(HALF)).float()
        before = (asked[:, :, None, 1] == named[:, None, :, 1]) & (named[:, None, :, 0] < asked[:, :, None, 0])
        before &= (named[:, None, :, 0] >= 0) & (asked[:, :, None, 0] >= 0)
        right = before & (asked[:, :, None, 2] == named[:, None, :, 2])
        told = (right.any(2) & (before & ~right).any(2)).float()
        scores = (q @ n.transpose(1, 2)) / POINTER**0.5
        among, hit = (scores.masked_fill(~which, LOW).logsumexp(2) for which in (before, right))
        return _mean(among - hit, told)


def _mean(values: Tensor, there: Tensor) -> Tensor:
    return (values * there).sum() / there.sum().clamp(min=1.0)


def _key(name: str) -> str:
    return name.replace(".", "/")


def _turned(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    y = x.float()
    return (y * cosines + torch.cat([-y[..., half:], y[..., :half]], -1) * sines).to(HALF)

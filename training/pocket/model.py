"""The model: a small Llama, its start from the teacher's word vectors, and the two losses that it is trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from training.pocket import teacher
from training.pocket.batches import Batch

SHAPE = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 8,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 1024,
}
READ = 4  # layers below the state that carries meanings; the layers above match and copy
POINT = 6  # layers below the state that finds its class among options and examples
POINTER = 64  # width of that comparison
QUERIES = 256  # a block of queries: what lies behind it is not computed
SHARPNESS = 0.05  # temperature of the contrast between meanings


def create(tokenizer: Any) -> LlamaForCausalLM:
    """A fresh model. Word embeddings start as MiniLM's, reduced: meaning is there to begin with."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        tie_word_embeddings=False,  # what a word means stays where it is, what is said is free to move
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **SHAPE,
    )
    model = LlamaForCausalLM(config)
    words = [tokenizer.decode([i]).strip() for i in range(len(tokenizer))]
    known = torch.from_numpy(teacher.word_vectors([word if word.isalpha() else "" for word in words]))
    _, _, axes = torch.linalg.svd(known[known.abs().sum(1) > 0], full_matrices=False)
    reduced = known @ axes[: config.hidden_size].T
    has = reduced.abs().sum(1) > 0
    reduced[has] = functional.normalize(reduced[has], dim=1) * 0.02 * config.hidden_size**0.5
    with torch.no_grad():
        table = model.get_input_embeddings().weight
        # the noise keeps apart what the teacher's lower-cased pieces hold together
        table[has] = reduced[has] + 0.3 * table[has]
        model.get_output_embeddings().weight.copy_(table)
    return model


def load(folder: Path) -> LlamaForCausalLM:
    """The weights of a folder, in float32, to be trained on."""
    model: LlamaForCausalLM = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    return model


def for_use(trained: LlamaForCausalLM) -> LlamaForCausalLM:
    """A copy for use: in bfloat16, with the usual attention."""
    copy = LlamaForCausalLM(trained.config).to(torch.bfloat16)
    copy.load_state_dict({name: value.to("cpu", torch.bfloat16) for name, value in trained.state_dict().items()})
    copy.set_attn_implementation("sdpa")
    return copy


def _blocked(
    module: nn.Module, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """Attention by plain products, block of queries by block: on a CPU twice as fast backwards as the fused kernel."""
    length = q.shape[2]
    found = []
    for start in range(0, length, QUERIES):
        end = min(start + QUERIES, length)
        scores = torch.matmul(q[:, :, start:end], k[:, :, :end].transpose(-1, -2)) * scaling + mask[:, :, start:end, :end]
        found.append(torch.matmul(torch.softmax(scores, -1), v[:, :, :end]))
    return torch.cat(found, 2).transpose(1, 2), None


ALL_ATTENTION_FUNCTIONS.register("blocked", _blocked)


class Trained(nn.Module):
    """The model with a head for meanings, which is used in training only."""

    def __init__(self, model: LlamaForCausalLM, compiled: bool) -> None:
        super().__init__()
        model.set_attn_implementation("blocked" if compiled or not torch.cuda.is_available() else "sdpa")
        self.model = model
        self.head = nn.Linear(model.config.hidden_size, teacher.WIDTH)
        self.question = nn.Linear(model.config.hidden_size, POINTER, bias=False)
        self.answer = nn.Linear(model.config.hidden_size, POINTER, bias=False)
        self._lower = torch.compile(self._read, dynamic=False) if compiled else self._read
        self._states = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def _read(self, ids: Tensor, places: Tensor, mask: Tensor) -> Tensor:
        """The states that carry meanings."""
        states = self.model.model.embed_tokens(ids)
        return self._through(slice(0, READ), states, places, mask)

    def _forward(self, ids: Tensor, places: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The last states, those that carry meanings, and those that find their class."""
        middle = self._read(ids, places, mask)
        finding = self._through(slice(READ, POINT), middle, places, mask)
        return self.model.model.norm(self._through(slice(POINT, None), finding, places, mask)), middle, finding

    def _through(self, which: slice, states: Tensor, places: Tensor, mask: Tensor) -> Tensor:
        body = self.model.model
        turns = body.rotary_emb(states, places)
        for layer in body.layers[which]:
            states = layer(states, attention_mask=mask, position_ids=places, position_embeddings=turns)
        return states

    def meanings(self, batch: Batch, device: str) -> tuple[Tensor, Tensor]:
        """(angle, contrast) alone: half of the layers, and no logits."""
        with torch.autocast(device, torch.bfloat16):
            middle = self._lower(*_inputs(batch, device))
            return self._apart(middle, batch, device)

    def losses(self, batch: Batch, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(answers, meanings by angle, meanings by contrast, finding): means over the batch, in nats where they are."""
        ids, places, mask = _inputs(batch, device)
        with torch.autocast(device, torch.bfloat16):
            states, middle, finding = self._states(ids, places, mask)
            weights = _on(batch.weights, device)[:, 1:]
            row, column = torch.nonzero(weights, as_tuple=True)
            logits = self.model.lm_head(states[row, column])
            angle, contrast = self._apart(middle, batch, device)
            pointer = self._found(finding, _on(batch.asked, device), _on(batch.named, device))
        each = functional.cross_entropy(logits.float(), ids[row, column + 1], reduction="none")
        weight = weights[row, column]
        return (each * weight).sum() / weight.sum(), angle, contrast, pointer

    def _found(self, states: Tensor, asked: Tensor, named: Tensor) -> Tensor:
        """How hard it is to point from each question to the names of its class among all names before it."""
        questions = self.question(states[asked[:, 0], asked[:, 1]]).float()
        names = self.answer(states[named[:, 0], named[:, 1]]).float()
        before = (asked[:, None, 0] == named[None, :, 0]) & (asked[:, None, 2] == named[None, :, 2])
        before &= named[None, :, 1] < asked[:, None, 1]
        right = before & (asked[:, None, 3] == named[None, :, 3])
        told = right.any(1) & (before & ~right).any(1)
        if not bool(told.any()):
            return states.new_zeros((), dtype=torch.float32)
        scores = (questions @ names.T)[told] / POINTER**0.5
        low = torch.finfo(scores.dtype).min
        among = scores.masked_fill(~before[told], low).logsumexp(1)
        missed: Tensor = among - scores.masked_fill(~right[told], low).logsumexp(1)
        return missed.mean()

    def _apart(self, middle: Tensor, batch: Batch, device: str) -> tuple[Tensor, Tensor]:
        guess = self.head(middle[_on(batch.read_row, device), _on(batch.read_column, device)])
        guess = functional.normalize(guess.float(), dim=1)
        vectors, meaning = _on(batch.vectors, device), _on(batch.meaning, device)
        with torch.autocast(device, enabled=False):
            angle = 1 - (guess * vectors[meaning]).sum(1).mean()
            return angle, functional.cross_entropy(guess @ vectors.T / SHARPNESS, meaning)


def _inputs(batch: Batch, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, positions, and the mask under which a token sees what stands before it in its own episode."""
    owners = _on(batch.owners, device)
    length = owners.shape[1]
    allowed = (owners[:, :, None] == owners[:, None, :]) & torch.ones(length, length, device=device).tril().bool()
    mask = torch.zeros(allowed.shape, dtype=torch.bfloat16, device=device).masked_fill_(~allowed, -1e4)[:, None]
    return _on(batch.ids, device), _on(batch.places, device), mask


def _on(array: Any, device: str) -> Tensor:
    return torch.from_numpy(numpy.ascontiguousarray(array)).to(device)

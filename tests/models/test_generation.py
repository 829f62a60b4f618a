from __future__ import annotations

from math import exp
from pathlib import Path
from typing import Any

import pytest
import torch

from crossover.models.base import Token
from crossover.models.hf import Hf
from crossover.models.hf.generation import Draft, Job, choose
from crossover.types import Decoding, Message, Request
from tests.device import DEVICE
from tests.models.asking import TEXTS, ask
from tests.models.tiny import build


def greedy(model: Hf, request: Request) -> str:
    """What transformers' own generate answers."""
    module: Any = model.module().eval()
    prompt = model.chat.prompt(request.messages)
    with torch.inference_mode():
        ids = module.generate(
            torch.tensor([prompt], device=DEVICE),
            max_new_tokens=request.decoding.max_tokens,
            do_sample=False,
            eos_token_id=[2, model.chat.end[-1]],
        )
    return model.chat.text(ids[0, len(prompt) :].tolist())


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "bloom", "mistral", "gemma2", "gemma3_text"])
def test_greedy_is_what_transformers_generates(kind: str, tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, kind)), device=DEVICE)
    requests = [ask(text, max_tokens=12) for text in TEXTS]
    assert [r.text for r in model.complete(requests)] == [greedy(model, r) for r in requests]


def test_greedy_on_the_bundled_model(pocket: Hf) -> None:
    requests = [ask(text, max_tokens=n) for text, n in zip(TEXTS, (3, 20, 9, 20), strict=True)]
    replies = pocket.complete(requests)
    assert [r.text for r in replies] == [greedy(pocket, r) for r in requests]
    assert all(0 < r.usage.tokens_out <= q.decoding.max_tokens for r, q in zip(replies, requests, strict=True))
    assert all(r.label_scores == () for r in replies)


def test_a_sampled_answer_belongs_to_the_request_and_not_to_its_place(chatty: Path) -> None:
    model = Hf(str(chatty), device=DEVICE)
    requests = [ask(text, temperature=1.0, max_tokens=10, seed=3) for text in TEXTS]
    together = [r.text for r in model.complete(requests)]
    assert together == [r.text for r in model.complete(requests[::-1])][::-1]
    assert together == [model.complete([r])[0].text for r in requests]


def test_draws_have_the_chances_that_the_model_gives() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0])
    rows = [Draft(Job((0,), 1, 0.7, seed, top_p=1.0)) for seed in range(4000)]
    counts = choose(logits.expand(len(rows), -1), rows).bincount(minlength=4) / len(rows)
    chances = (logits / 0.7).softmax(-1)
    assert all(abs(counts - chances) < 4 * (chances * (1 - chances) / len(rows)).sqrt())


def test_a_draw_does_not_depend_on_the_rounding_of_logits() -> None:
    generator = torch.Generator().manual_seed(5)
    logits = 2 * torch.randn(300, 20_000, generator=generator)
    rounded = logits + 3e-5 * torch.randn(logits.shape, generator=generator)
    once, again = (choose(some, [Draft(Job((0,), 1, 1.0, seed)) for seed in range(300)]) for some in (logits, rounded))
    assert torch.equal(once, again)


def test_seed_and_repeat_give_other_draws(chatty: Path) -> None:
    model = Hf(str(chatty), device=DEVICE)
    first = ask(TEXTS[0], temperature=1.5, max_tokens=10)
    other = ask(TEXTS[0], temperature=1.5, max_tokens=10, seed=1)
    repeat = Request(first.messages, first.decoding, repeat=1)
    assert len({r.text for r in model.complete([first, other, repeat])}) == 3


def test_a_plain_text_answer_stops_at_an_empty_line(pocket: Hf) -> None:
    shown = [
        Message("user", "hot"), Message("assistant", "cold"), Message("user", "big"), Message("assistant", "small"),
    ]  # fmt: skip
    requests = [Request((*shown, Message("user", word)), Decoding(max_tokens=40)) for word in ("old", "wet", "dark")]
    for reply in pocket.complete(requests):
        assert "\n\n" not in reply.text
        assert reply.text == reply.text.strip()


def test_an_answer_ends_where_the_window_does(tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, "gpt2", n_positions=40)), device=DEVICE)
    request = ask("one two three", max_tokens=64)
    tokens = model.count_tokens(request.messages)
    (reply,) = model.complete([request])
    assert reply.error is None
    assert tokens + reply.usage.tokens_out <= 40
    (refused,) = model.complete([ask("one two three " * 20, max_tokens=4)])
    assert "the window is 40" in str(refused.error)


def test_the_last_row_of_a_batch_writes_as_it_would_alone(pocket: Hf) -> None:
    longer = "down to the old mill by the river where nobody has been since the war"
    short = Request((Message("user", "the garden path"),), Decoding(max_tokens=12))
    long = Request((Message("user", longer),), Decoding(max_tokens=1))
    alone = pocket.complete([short])[0].text
    assert alone
    assert pocket.complete([short, long])[0].text == alone, "padding was read once the longer row had ended"


class Ranked:
    """Listens for the share that the tokens likelier than each drawn one have together."""

    top = 2000

    def __init__(self) -> None:
        self.before: list[float] = []

    every = True

    def hear(self, text: str, token: Token | None, place: int, complete: bool) -> bool:
        if token is not None and token.logprob is not None:
            self.before.append(sum(exp(other) for _, other in token.top if other > token.logprob))
        return False


@pytest.mark.parametrize("packed", [True, False])
def test_draws_are_from_the_likeliest_tokens_that_have_the_share_together(
    packed: bool, chatty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Hf(str(chatty), device=DEVICE)
    monkeypatch.setattr(Hf, "packed", packed)
    shares = (0.0, 0.3, 0.7, 1.0)
    requests = [ask(TEXTS[0], temperature=1.0, max_tokens=8, seed=s, top_p=p) for p in shares for s in range(4)]
    heard = [Ranked() for _ in requests]
    replies = model.tell(requests, heard)
    most = [max(max(one.before) for one in heard[4 * i : 4 * i + 4]) for i in range(4)]
    assert most[0] == 0, "a share of nothing takes the likeliest"
    assert most[1] < 0.3
    assert 0.3 < most[2] < 0.7
    assert most[3] > 0.7
    whole = [ask(TEXTS[0], temperature=1.0, max_tokens=8, seed=s) for s in range(4)]
    assert [r.text for r in model.complete(whole)] == [r.text for r in replies[12:]], "all there is changes nothing"

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.models.hf import Hf
from crossover.models.hf.labels import label_tree
from crossover.types import Decoding, Message, Request
from tests.device import DEVICE
from tests.models.asking import LABELS, TEXTS, ask, choices, plain_scores
from tests.models.tiny import build


def test_scores_are_those_of_a_plain_forward_pass_for_each_label(pocket: Hf) -> None:
    requests = choices()
    for request, reply in zip(requests, pocket.complete(requests), strict=True):
        assert reply.error is None
        assert reply.label_scores == pytest.approx(plain_scores(pocket, request), abs=1e-3)
        assert reply.text == LABELS[reply.label_scores.index(max(reply.label_scores))]


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "bloom", "mistral", "gemma2", "gemma3_text"])
def test_scores_are_right_whether_an_architecture_can_pack_or_not(kind: str, tmp_path: Path) -> None:
    model = Hf(str(build(tmp_path, kind)), device=DEVICE)
    requests = choices()
    for request, reply in zip(requests, model.complete(requests), strict=True):
        assert reply.label_scores == pytest.approx(plain_scores(model, request), abs=1e-3)


def test_scores_do_not_depend_on_the_company(pocket: Hf) -> None:
    together = pocket.complete(choices())
    for request, reply in zip(choices(), together, strict=True):
        (alone,) = pocket.complete([request])
        assert alone.label_scores == pytest.approx(reply.label_scores, abs=1e-4)
        assert alone.text == reply.text
    stranger = Request((Message("user", "nothing in common"),), Decoding(labels=LABELS))
    mixed = pocket.complete([stranger, *choices()[::-1]])
    for reply, other in zip(together, mixed[:0:-1], strict=True):
        assert other.label_scores == pytest.approx(reply.label_scores, abs=1e-4)


def test_the_same_call_gives_the_same_scores_to_the_bit(pocket: Hf) -> None:
    assert [r.label_scores for r in pocket.complete(choices())] == [r.label_scores for r in pocket.complete(choices())]


def test_more_prompts_than_fit_one_batch_keep_their_order(pocket: Hf) -> None:
    requests = [ask(f"{text} {'again ' * i}", labels=LABELS) for i in range(12) for text in TEXTS]
    replies = pocket.complete(requests)
    for i in (0, 17, 47):
        assert replies[i].label_scores == pytest.approx(pocket.complete([requests[i]])[0].label_scores, abs=1e-4)


def test_a_bias_moves_the_answer_and_not_the_scores(pocket: Hf) -> None:
    (raw,) = pocket.complete([ask(TEXTS[0], labels=LABELS)])
    last = LABELS.index(raw.text)
    bias = tuple(100.0 if i == last else 0.0 for i in range(len(LABELS)))
    (moved,) = pocket.complete([ask(TEXTS[0], labels=LABELS, label_bias=bias)])
    assert moved.label_scores == pytest.approx(raw.label_scores, abs=1e-5)
    assert moved.text != raw.text


def test_usage_counts_the_prompt_and_the_chosen_label(pocket: Hf) -> None:
    request = ask(TEXTS[2], labels=LABELS)
    (reply,) = pocket.complete([request])
    ids, start = pocket.encode(request.messages, reply.text)
    assert reply.usage.tokens_in == start == pocket.count_tokens(request.messages)
    assert reply.usage.tokens_out == len(ids) - start
    assert reply.usage.seconds > 0


def test_a_prompt_that_is_too_long_is_an_error_and_the_others_are_answered(pocket: Hf) -> None:
    request = ask("long " * 3000, labels=LABELS)
    replies = pocket.complete([ask(TEXTS[0], labels=LABELS), request])
    tokens = pocket.count_tokens(request.messages)
    assert replies[0].error is None
    assert replies[1].error == f"the prompt has {tokens} tokens, the window is 1024"
    assert replies[1].label_scores == ()


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5), min_size=1, max_size=8))
def test_a_label_tree_holds_each_sequence_once(sequences: list[list[int]]) -> None:
    found = label_tree(sequences)
    for sequence, edges in zip(sequences, found.edges_of, strict=True):
        assert [found.edges[e][1] for e in edges] == sequence
        for before, after in itertools.pairwise(edges):
            node, token = found.edges[after][0], found.edges[before][1]
            assert found.tree.tokens[node] == token
            assert found.tree.parents[node] == found.edges[before][0]
    assert len(set(found.edges)) == len(found.edges) == len({tuple(s[: i + 1]) for s in sequences for i in range(len(s))})


def test_labels_of_the_same_tokens_are_refused_and_named(tmp_path: Path) -> None:
    folder = build(tmp_path)
    path = folder / "tokenizer.json"
    body = json.loads(path.read_text())
    body["normalizer"] = {"type": "NFKC"}
    path.write_text(json.dumps(body))
    request = Request((Message("user", "x"),), Decoding(labels=("m\u00b2", "x", "m2")))
    (reply,) = Hf(str(folder), device=DEVICE).complete([request])
    assert "the labels 'm\u00b2' and 'm2' are the same tokens" in (reply.error or "")

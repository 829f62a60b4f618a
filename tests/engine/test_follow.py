"""From inputs to answers: which calls are made, and what becomes of their replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover.engine.follow import Answered, follow
from crossover.engine.render import Renderer
from crossover.types import Candidate, Decoding, Prompt, Reply, Request, Step, Usage, candidate_from_json, to_json


class Scripted:
    """Answers with the last message in capitals; fails where it says bad. Keeps what it was asked, round by round."""

    def __init__(self) -> None:
        self.rounds: list[list[Request]] = []

    def __call__(self, requests: Sequence[Request]) -> list[Reply]:
        self.rounds.append(list(requests))
        texts = [request.messages[-1].content for request in requests]
        return [
            Reply(error="no", usage=Usage(1)) if "bad" in t else Reply(t.upper(), usage=Usage(len(t), 1, 0.5))
            for t in texts
        ]


def answers(candidate: Candidate, *inputs: str, repeat: int = 0) -> tuple[list[Answered], Scripted]:
    ask = Scripted()
    return follow(candidate, Renderer(candidate.prompt), inputs, ask, repeat), ask


def test_every_sample_is_a_draw_of_its_own_and_repeats_draw_others() -> None:
    candidate = Candidate("pocket", decoding=Decoding(samples=3, temperature=0.5))
    asked = [request for repeat in (0, 1) for request in answers(candidate, "a text", repeat=repeat)[1].rounds[0]]
    assert [request.repeat for request in asked] == [0, 1, 2, 3, 4, 5]
    assert {request.decoding for request in asked} == {Decoding(temperature=0.5)}


def test_what_is_read_out_of_a_reply_is_no_part_of_the_call() -> None:
    """So another pattern costs no call, and a reply that reasons is not held to the labels."""
    candidate = Candidate("pocket", decoding=Decoding(labels=("a", "b"), label_bias=(0.1, 0.2), pattern="x"))
    spoken = replace(candidate, decoding=replace(candidate.decoding, verbalizer=("good", "evil")))
    for one in (candidate, spoken):
        _, ask = answers(one, "a text")
        assert [request.decoding for request in ask.rounds[0]] == [Decoding()]


def test_labels_may_be_spoken_as_other_words() -> None:
    decoding = Decoding(labels=("yes", "no"), verbalizer=("GOOD", "EVIL"))
    found, ask = answers(Candidate("pocket", decoding=decoding), "evil", "so good", "neither")
    assert ask.rounds[0][0].decoding == Decoding(labels=("GOOD", "EVIL"))
    assert [one.answer for one in found] == ["no", "yes", "NEITHER"]


def chained() -> Candidate:
    steps = (
        Step("first", Prompt(template="1 {input}"), Decoding(max_tokens=5)),
        Step("second", Prompt("Go on.", "2 {first}"), Decoding(pattern="[A-Z]+")),
    )
    return Candidate("pocket", Prompt(template="3 {second} of {input}", steps=steps))


def test_a_chain_asks_all_inputs_step_by_step_and_each_step_sees_the_answers_before() -> None:
    found, ask = answers(chained(), "ab", "cd")
    asked = [[request.messages[-1].content for request in rounds] for rounds in ask.rounds]
    assert asked == [["1 ab", "1 cd"], ["2 1 AB", "2 1 CD"], ["3 AB of ab", "3 CD of cd"]]
    assert ask.rounds[1][0].messages[0].content == "Go on."
    assert [one.answer for one in found] == ["3 AB OF AB", "3 CD OF CD"]
    assert found[0].steps == {"first": "1 AB", "second": "AB"}
    assert found[0].reply.usage == Usage(len("1 ab") + len("2 1 AB") + len("3 AB of ab"), 3, 1.5)


def test_where_a_step_fails_nothing_more_is_asked_and_the_others_go_on() -> None:
    found, ask = answers(chained(), "bad", "cd")
    assert [len(rounds) for rounds in ask.rounds] == [2, 1, 1]
    assert found[0].reply.error == "step 'first': no"
    assert found[0].answer == ""
    assert found[0].reply.usage == Usage(1)
    assert found[1].reply.error is None


def test_a_candidate_that_was_written_before_its_words_were_a_verbalizer_is_read() -> None:
    body = to_json(Candidate("fake", decoding=Decoding(labels=("yes", "no"), verbalizer=("GOOD", "EVIL"))))
    body["decoding"]["words"] = body["decoding"].pop("verbalizer")
    assert candidate_from_json(body).decoding.spoken("no") == "EVIL"

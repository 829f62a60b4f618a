"""The generated episodes: their answers follow from what they show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.pocket import arithmetic, extraction, rules
from training.pocket.pieces import Episode
from training.pocket.sums import KINDS, TWO_STEPS, two_steps
from training.pocket.values import clock, date
from training.pocket.words import FIRST, LAST, WORDS

SEEDS = st.integers(0, 2**32)
STEP = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)")
GENERATORS = [extraction.episode, rules.episode, arithmetic.episode]


def holds(left: str, sign: str, right: str, result: str) -> bool:
    a, b, c = int(left), int(right), int(result)
    return {"+": a + b == c, "-": a - b == c, "*": a * b == c, "/": b * c == a}[sign]


def turns(episode: Episode) -> list[tuple[str, str]]:
    """(what precedes the answer since the last answer, answer) for every item; every other piece is a prompt."""
    found, before = [], ""
    for piece in episode:
        if piece.text.startswith(" ") and piece.text.endswith("\n"):
            found.append((before, piece.text.strip()))
            before = ""
        else:
            before += piece.text
    return found


@pytest.mark.parametrize("generate", GENERATORS)
@given(seed=SEEDS)
def test_episodes_repeat_and_every_answer_ends_its_line(generate: Callable[[Random], Episode], seed: int) -> None:
    episode = generate(Random(seed))
    assert episode == generate(Random(seed))
    assert episode[-1].weight > 0
    ends = {piece.text[len(piece.text.rstrip("\n")) :] for piece in episode if piece.weight}
    assert ends in ({"\n"}, {"\n\n"})
    for piece in episode:
        assert 0 <= piece.weight <= 1
        if piece.weight:
            assert piece.text[0] == " "
            assert piece.text.strip()


@given(seed=SEEDS)
def test_values_are_copied_from_the_message_that_states_them(seed: int) -> None:
    rng = Random(seed)
    plan = extraction.schema(rng)
    assert 2 <= len(set(plan.keys.values())) == len(plan.keys) <= 6
    for _ in range(20):
        text, found = extraction.sentence(rng, plan)
        assert text.strip()
        assert "{" not in text
        assert "[" not in text
        assert list(found) == [key for key in plan.keys.values() if key in found]
        for value in found.values():
            assert value
            assert value in text


@given(seed=SEEDS)
def test_json_answers_are_written_as_json_writes_them(seed: int) -> None:
    answers = [(before, answer) for before, answer in turns(extraction.episode(Random(seed))) if answer.startswith("{")]
    for before, answer in answers:
        found = json.loads(answer)
        assert answer == json.dumps(found, ensure_ascii=False)
        assert all(value in before for value in found.values())


@given(seed=SEEDS)
def test_without_a_list_of_fields_answers_with_unseen_keys_weigh_little(seed: int) -> None:
    plan = extraction.schema(Random(seed))
    rng = Random(seed)
    rows = [extraction.sentence(rng, plan) for _ in range(8)]
    _, weights = extraction.answers(rows, plan, listed=False)
    assert weights[0] == 0.2
    known: set[str] = set()
    for (_, found), weight in zip(rows[1:], weights[1:], strict=True):
        known |= set(rows[0][1])
        assert weight == (1.0 if set(found) <= known else 0.2)
        known |= set(found)
    assert set(extraction.answers(rows, plan, listed=True)[1]) == {1.0}


@given(seed=SEEDS)
def test_a_rule_gives_one_answer_that_is_not_empty(seed: int) -> None:
    rng = Random(seed)
    task = rules.rule(rng)
    for _ in range(10):
        text = task.text(rng)
        assert task.apply(text)
        assert task.apply(text) == task.apply(text)


@given(seed=SEEDS)
def test_the_same_prompt_has_the_same_answer_within_an_episode(seed: int) -> None:
    seen: dict[str, str] = {}
    for before, answer in turns(rules.episode(Random(seed)))[1:]:
        assert seen.setdefault(before, answer) == answer


@pytest.mark.parametrize(
    ("tell", "text", "answer"),
    [
        ("Repeat the text.", "red Fox", "red Fox"),
        ("Write the words in reverse order.", "red fox den", "den fox red"),
        ("Sort the words by the alphabet.", "fox den red", "den fox red"),
        ("Count the words.", "fox den red", "3"),
        ("What is in quotes?", 'fox "den red" oak', "den red"),
        ("Find the number.", "fox 41 den", "41"),
        ("Find the e-mail address.", "fox a@b.org den", "a@b.org"),
        ("Which word has a capital letter?", "fox Mia den", "Mia"),
        ("Make a bullet list.", "fox, den", "- fox\n- den"),
        ("Write the items on one line, separated by commas.", "- fox\n- den", "fox, den"),
        ("Swap both sides of each equals sign.", "fox = 4, den = 7", "4 = fox, 7 = den"),
        ("Answer from the table.", "red = 7, blue = 3. blue?", "3"),
        ("Write the pairs as a JSON object.", "fox = 4, den = 7", '{"fox": 4, "den": 7}'),
        ("Swap the first and the last word.", "fox den red", "red den fox"),
        ("Remove the number.", "fox 41 den", "fox den"),
        ("Spell the word with hyphens.", "fox", "f-o-x"),
    ],
)
def test_rules_do_what_they_say(tell: str, text: str, answer: str) -> None:
    [task] = [task for task in rules.FIXED if tell in task.tell]
    assert task.apply(text) == answer


@given(seed=SEEDS)
def test_a_problem_has_two_true_steps_that_end_in_its_answer(seed: int) -> None:
    question, steps, answer = arithmetic.problem(Random(seed))
    found = STEP.findall(steps)
    assert len(found) == 2
    assert all(holds(*step) for step in found)
    assert found[0][3] in (found[1][0], found[1][2])
    assert found[1][3] == answer
    assert steps == f"{'. '.join('{} {} {} = {}'.format(*step) for step in found)}. The answer is {answer}."
    told = re.findall(r"\d+", question)
    assert len(told) == 3
    assert {found[0][0], found[0][2]} <= set(told)
    assert question.endswith("?")
    assert answer not in ("0", "")


@given(seed=SEEDS)
def test_every_kind_of_problem_is_worked_out_as_its_name_says(seed: int) -> None:
    for kind in KINDS:
        numbers, steps, answer = two_steps(Random(seed), kind)
        assert eval(kind, {}, numbers) == answer
        assert len(steps) == 2
        assert answer >= 1
    assert {kind for kind, _ in TWO_STEPS} == set(KINDS)


@given(seed=SEEDS)
def test_worked_answers_hold_true_steps_and_sums_are_right(seed: int) -> None:
    for before, answer in turns(arithmetic.episode(Random(seed))):
        steps = STEP.findall(answer)
        if steps:
            assert all(holds(*step) for step in steps)
            assert answer.endswith(f"= {steps[-1][3]}. The answer is {steps[-1][3]}.")
        else:
            assert answer.isdigit()
        plain = re.fullmatch(r"(\d+) ([-+*/]) (\d+) =", before)
        if plain:
            left, sign, right = plain.groups()
            assert holds(left, sign, right, answer)


def test_there_is_much_to_draw_from() -> None:
    rng = Random(0)
    assert len(set(WORDS)) >= 400
    assert len(set(WORDS)) == len(WORDS)
    assert min(len(set(FIRST)), len(set(LAST))) >= 150
    assert len({template for _, template in TWO_STEPS}) >= 30
    assert len({re.sub(r"\d", "0", clock(rng)) for _ in range(3000)}) >= 60
    assert len({re.sub(r"\d", "0", date(rng)) for _ in range(3000)}) >= 200

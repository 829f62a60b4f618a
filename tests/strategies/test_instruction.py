"""instruction: the goal, the labels or fields, the output format; the phrasing is chosen on dev."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossover.engine.answer import prediction
from crossover.errors import OptionError
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Candidate, Decoding, Demonstration, Example, Prompt, Provenance
from tests.strategies.toys import Watched, bench, examples, start

LABELS = {"warm": "hot to the touch", "cold": "frozen or chilly"}


def meetings() -> list[Example]:
    return examples([(f"Meet {who} in {where}.", json.dumps({"person": who, "place": where})) for who, where in PAIRS])


PAIRS = [("Ana", "Oslo"), ("Igor", "Turin"), ("Chen", "Porto"), ("Dora", "Quito")]


def prompts(at: Watched) -> list[Prompt]:
    return list(dict.fromkeys(candidate.prompt for candidate in at.scored))


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("instruction"))
    assert "Say whether it is warm or cold." in made.prompt.instruction
    assert made.prompt.template.count("{input}") == 1


def test_the_phrasings_name_every_label_and_one_its_description(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples(), toy_examples(), labels=LABELS) as at:
        open_strategy("instruction").adapt(start(), at)
    texts = list(dict.fromkeys(prompt.instruction for prompt in prompts(at)))
    assert len(texts) >= 3
    assert all("Say whether it is warm or cold." in text for text in texts)
    assert sum("warm, cold" in text for text in texts) >= 2
    [described] = [text for text in texts if "hot to the touch" in text]
    assert "- warm: hot to the touch\n- cold: frozen or chilly" in described
    assert "exactly one of these labels" in described


def test_a_task_without_an_instruction_gets_a_plain_one(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples(), toy_examples(), instruction="") as at:
        open_strategy("instruction").adapt(start(), at)
    assert all("Classify the text." in prompt.instruction for prompt in prompts(at))


def test_an_extraction_names_its_fields_the_most_frequent_first(tmp_path: Path) -> None:
    rows = [*meetings(), *examples([("Somebody waits.", "{}"), ("Meet Jana.", '{"person": "Jana"}')])]
    free = Candidate("pocket", decoding=Decoding(max_tokens=12))
    with bench(tmp_path, rows, rows[:2], kind="extract", labels={}, metric="field_f1") as at:
        made = open_strategy("instruction").adapt(free, at)
    assert all("person, place" in prompt.instruction for prompt in prompts(at))
    assert all(prompt.template.lower().rstrip(" :=-").endswith("json") for prompt in prompts(at))
    assert any("one JSON object and nothing else" in prompt.instruction for prompt in prompts(at))
    assert made.decoding == free.decoding


def test_written_answers_are_asked_for_without_labels(tmp_path: Path) -> None:
    rows = examples([("What is the opposite of up?", "down"), ("What is the opposite of in?", "out")])
    free = Candidate("pocket", decoding=Decoding(max_tokens=4))
    with bench(tmp_path, rows, rows, kind="generate", labels={}, metric="token_f1", instruction="Give the word.") as at:
        made = open_strategy("instruction").adapt(free, at)
    assert all(prompt.instruction.startswith("Give the word.") for prompt in prompts(at))
    assert made.provenance.note.startswith("best of 2 phrasings and 4 formats on dev")


def test_the_best_of_all_that_were_scored_is_kept_and_the_note_says_so(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        made = open_strategy("instruction").adapt(start(), at)
        values = {candidate.id: at.score(candidate).estimate.value for candidate in list(at.scored)}
        best = at.score(made)
        right = sum(prediction(r.reply, made.decoding) == r.example.output for r in best.records)
    assert best.estimate.value == max(values.values()) == right / 10
    assert made.provenance.note.startswith("best of 4 phrasings and 4 formats on dev (")
    assert len(prompts(at)) == 8
    assert f"{100 * best.estimate.value:.1f}" in made.provenance.note


def test_demonstrations_of_the_start_stay(tmp_path: Path) -> None:
    shown = (Demonstration("ice", "cold"), Demonstration("fire", "warm"))
    begin = replace(start(), prompt=Prompt("", "{input}", shown, "fixed", 2))
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        made = open_strategy("instruction").adapt(begin, at)
    assert made.prompt.demonstrations == shown
    assert made.prompt.instruction


def test_formats_of_the_best_phrasing_are_tried_too(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        open_strategy("instruction", {"formats": 6}).adapt(start(), at)
        tried = prompts(at)
    plain, others = tried[:4], tried[4:]
    assert len({prompt.template for prompt in others}) == 6
    [instruction] = {prompt.instruction for prompt in others}
    assert instruction in {prompt.instruction for prompt in plain}
    assert all(prompt.template.count("{input}") == 1 for prompt in others)
    assert not {prompt.template for prompt in others} & {prompt.template for prompt in plain}


def test_an_instruction_that_was_found_before_is_one_of_those_tried(tmp_path: Path) -> None:
    begin = replace(start(), prompt=Prompt("The zebra rule.", "Thing: {input}\nKind:"))
    with bench(tmp_path, toy_examples(), toy_examples(), labels=LABELS) as at:
        open_strategy("instruction", {"formats": 0}).adapt(begin, at)
    assert begin.prompt in prompts(at)


def test_without_formats_only_phrasings_are_tried(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        open_strategy("instruction", {"formats": 0}).adapt(start(), at)
    assert len(prompts(at)) == 4


def test_a_negative_number_of_formats_is_one_sentence() -> None:
    with pytest.raises(OptionError, match="'formats': received -1, valid is 0 or more"):
        open_strategy("instruction", {"formats": -1})


def test_everything_tried_is_in_the_journal_with_its_score(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        begin = replace(start(), provenance=Provenance("instruction"))
        made = open_strategy("instruction").adapt(begin, at)
        tried = at.journal.tries("instruction")
        values = [at.score(candidate).estimate.value for candidate in at.scored[: len(tried)]]
        open_strategy("instruction").adapt(begin, at)
        assert at.journal.tries("instruction") == tried  # a resumed study walks the same way
    assert [row["dev"]["value"] for row in tried] == values
    assert made.id in {row["id"] for row in tried}
    assert {row["template"] for row in tried} == {prompt.template for prompt in prompts(at)}

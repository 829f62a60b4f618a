"""A predictor answers as the study measured, for every kind of candidate, and refuses weights that are not its own."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crossover.data.rows import Row
from crossover.errors import DataError, ModelError, StudyError
from crossover.models.fake import Fake
from crossover.serve.predict import Predictor
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from crossover.types import Reply, Request
from tests.models.tiny import build
from tests.serve.studies import NOTES, recorded

CANDIDATES = [
    "majority",
    "zero_shot",
    "instruction",
    "few_shot",
    "lora",
    "full",
    "instruction+lora",
    "lora+few_shot",
]


@pytest.mark.parametrize("name", CANDIDATES)
def test_it_answers_as_the_study_recorded(notes: StudyFolder, name: str) -> None:
    wanted = recorded(notes, name)
    predictor = Predictor.open(notes, name)
    assert {a.input: a.text for a in predictor.answer(list(wanted))} == wanted
    for text, answer in list(wanted.items())[:3]:
        assert predictor.answer([text])[0].text == answer


@pytest.mark.parametrize("name", ["zero_shot", "lora"])
def test_free_text_is_answered_as_recorded(meetings: StudyFolder, name: str) -> None:
    wanted = recorded(meetings, name)
    answers = Predictor.open(meetings, name).answer(list(wanted))
    assert {a.input: a.text for a in answers} == wanted
    assert all(a.scores == {} and a.error is None for a in answers)


def test_labels_come_with_their_scores(notes: StudyFolder) -> None:
    [answer] = Predictor.open(notes, "lora").answer(["The lettuce has gone to seed."])
    assert set(answer.scores) == set(NOTES)
    assert max(answer.scores, key=lambda label: answer.scores[label]) == answer.text
    assert max(answer.scores.values()) <= 0 < answer.milliseconds


@pytest.mark.parametrize("name", ["instruction", "few_shot", "full"])
def test_a_too_long_input_is_an_error_and_the_others_are_answered(notes: StudyFolder, name: str) -> None:
    inputs = ["Water the tomatoes.", "endless " * 3000, "Bake a cake."]
    predictor = Predictor.open(notes, name)
    first, second, third = predictor.answer(inputs)
    assert second.text == ""
    assert second.error is not None
    assert f"the window is {predictor.model.context_window}" in second.error
    assert {first.text, third.text} <= set(NOTES)
    assert first.error is third.error is None


def test_without_a_name_the_verdicts_choice_answers_and_says_when_it_is_provisional(notes: StudyFolder) -> None:
    verdict = json.loads(notes.decision.read_text())["verdict"]
    predictor = Predictor.open(notes)
    assert predictor.candidate.id == (verdict["choice"] or verdict["provisional"])
    assert predictor.provisional == (verdict["choice"] is None)
    by_id = Predictor.open(notes, predictor.candidate.id)
    assert (by_id.name, by_id.provisional) == (predictor.name, False)


def test_an_unknown_candidate_is_named_with_the_valid_ones(notes: StudyFolder) -> None:
    with pytest.raises(StudyError, match="no candidate 'lorra'; did you mean 'lora'"):
        Predictor.open(notes, "lorra")


def test_a_row_is_rendered_by_the_tasks_input(notes: StudyFolder) -> None:
    predictor = Predictor.open(notes, "majority")
    assert predictor.render_row(Row(1, {"text": "The tap drips.", "more": 1}, "new.csv, row 1")) == "The tap drips."
    with pytest.raises(DataError, match=r"new\.csv, row 2 has no column 'text'; did you mean 'test'"):
        predictor.render_row(Row(2, {"test": "The tap drips."}, "new.csv, row 2"))


def moved(study: StudyFolder, folder: Path) -> tuple[StudyFolder, Path]:
    """A copy of the study, and where its adapter lies in it."""
    copy = StudyFolder(Path(shutil.copytree(study.path, folder / "moved")))
    candidate, _ = read_candidate(copy, "lora")
    assert candidate.weights is not None
    assert folder in Path(candidate.weights.path).parents
    return copy, Path(candidate.weights.path)


def test_a_study_can_be_moved_with_its_weights(notes: StudyFolder, tmp_path: Path) -> None:
    copy, _ = moved(notes, tmp_path)
    wanted = recorded(notes, "lora")
    assert {a.input: a.text for a in Predictor.open(copy, "lora").answer(list(wanted))} == wanted


def test_changed_weights_are_refused(notes: StudyFolder, tmp_path: Path) -> None:
    copy, place = moved(notes, tmp_path)
    path = place / "adapter_model.safetensors"
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    with pytest.raises(ModelError, match="was changed"):
        Predictor.open(copy, "lora")


def test_weights_of_another_model_are_refused(notes: StudyFolder, tmp_path: Path) -> None:
    copy, _ = moved(notes, tmp_path)
    path = copy.candidate(read_candidate(copy, "lora")[0].id)
    other = build(tmp_path / "other")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": str(other)}))
    with pytest.raises(ModelError, match="were made for another model"):
        Predictor.open(copy, "lora")


def test_lost_weights_are_named(notes: StudyFolder, tmp_path: Path) -> None:
    copy, place = moved(notes, tmp_path)
    shutil.rmtree(place)
    with pytest.raises(ModelError, match=r"lack adapter_model\.safetensors"):
        Predictor.open(copy, "lora")


class Unsure(Fake):
    """Scores that are no numbers, as of damaged weights; or nothing at all."""

    replies = True

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [Reply(label_scores=[math.nan] * len(one.decoding.labels)) for one in requests] if self.replies else []


def test_a_model_is_held_to_its_word_as_in_a_study(notes: StudyFolder) -> None:
    predictor = replace(Predictor.open(notes, "zero_shot"), model=Unsure())
    [answer] = predictor.answer(["The lettuce has gone to seed."])
    assert (answer.text, answer.error) == ("", "its label scores are no numbers")
    predictor.model.replies = False
    with pytest.raises(ModelError, match="gave 0 replies to 1 requests"):
        predictor.answer(["The lettuce has gone to seed."])

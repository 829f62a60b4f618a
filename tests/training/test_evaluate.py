"""The evaluation's draws: seeded, balanced, and without a text that is both learnt and asked."""

import csv
import json
from collections import Counter

import pytest

from benchmarks.board import Board
from training.pocket.measures.draws import banking, clinc, clinc_elsewhere, slots, spelled

THINGS = ["lamp", "chair", "kettle", "ladder", "blanket", "bucket", "mirror", "drawer"]
DOMAINS = {"banking": 9, "credit_cards": 9, "garden": 4, "kitchen": 4, "garage": 4, "attic": 4, "cellar": 4}


def _write(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


@pytest.fixture
def data(tmp_path):
    for split, count in (("train", 60), ("test", 25)):
        rows = [
            # the first five texts of an intent stand in both splits
            (f"my {thing} number {i} {'' if i < 5 else split} is lost", f"lost_{thing}")
            for thing in THINGS
            for i in range(count - THINGS.index(thing))
        ]
        _write(tmp_path / "banking77" / f"{split}.csv", ["text", "category"], rows)
        rows = [
            (f"{split} {domain} wish {k} said in way {i}", f"{domain}_wish_{k}", domain)
            for domain, intents in DOMAINS.items()
            for k in range(intents)
            for i in range(30)
        ]
        _write(tmp_path / "clinc150" / f"{split}.csv", ["text", "intent", "domain"], rows)
        lines = [
            {"text": f"a table on day {i} {split if i % 3 else ''}", "slots": {"date": f"day {i}"}} for i in range(150)
        ]
        lines += [{"text": "seven", "slots": {"people": "seven"}}, {"text": "good evening to all", "slots": {}}]
        path = tmp_path / "restaurant8k" / f"{split}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path


def _texts(examples):
    return {" ".join(e.input.split()) for e in examples}


MAKERS = [lambda d, s: banking(d, s, 40, 5), lambda d, s: clinc(d, s, 45), lambda d, s: slots(d, s, 40, 30)]


@pytest.mark.parametrize("make", MAKERS)
def test_the_seed_fixes_the_draw(data, make):
    assert make(data, 3) == make(data, 3)
    assert make(data, 3) != make(data, 4)


def test_test_rows_are_balanced_over_the_drawn_labels(data):
    drawn = banking(data, 1, 18, labels=4)
    counts = Counter(e.output for e in drawn.test)
    assert set(counts) == set(drawn.labels)
    assert sorted(counts.values()) == [4, 4, 5, 5]


def test_every_beginning_of_the_training_rows_is_balanced(data):
    drawn = clinc(data, 2, 45)
    for size in (15, 30, 75):
        assert set(Counter(e.output for e in drawn.train[:size]).values()) == {size // 15}
    assert set(Counter(e.output for e in clinc(data, 2, 45).dev).values()) == {6, 7}


@pytest.mark.parametrize("seed", range(5))
def test_training_dev_and_test_share_no_text(data, seed):
    for drawn in (banking(data, seed, 60, 4), clinc(data, seed, 45), slots(data, seed, 60, 60)):
        train, dev, test = (_texts(part) for part in (drawn.train, drawn.dev, drawn.test))
        assert train
        assert dev
        assert test
        assert not train & dev
        assert not (train | dev) & test


def test_other_domains_never_hold_the_shown_ones(data):
    drawn = clinc_elsewhere(data, 0, 40)
    assert len(drawn.labels) == 10
    assert len({label.split("_")[0] for label in drawn.labels}) == 5
    assert not any(label.startswith(("banking", "credit")) for label in drawn.labels)
    assert all(label.startswith(("banking", "credit")) for label in clinc(data, 0, 40).labels)


def test_slots_leave_out_single_words_and_empty_answers(data):
    drawn = slots(data, 0, 60, 60)
    assert all(json.loads(e.output) and len(e.input.split()) > 1 for e in (*drawn.train, *drawn.dev, *drawn.test))


def test_spelled_changes_labels_alone(data):
    drawn = banking(data, 0, 20, 4)
    plain = spelled(drawn)
    assert [e.output.replace(" ", "_") for e in plain.train] == [e.output for e in drawn.train]
    assert [e.input for e in plain.test] == [e.input for e in drawn.test]
    assert not any("_" in label for label in plain.labels)


def test_the_board_keeps_what_was_measured(tmp_path):
    board = Board(tmp_path / "out" / "figures.json")
    board.add("share", [40.0, 60.0], 45)
    board.add("drift", [-3.0, 1.0], 2, "points", lower=True, value=3.5)
    board.save()
    figures = json.loads(board.path.read_text(encoding="utf-8"))
    assert figures["share"] == {"value": 50.0, "goal": 45, "unit": "%", "lower_is_better": False}
    assert figures["drift"]["value"] == 3.5
    assert [figure.passed for figure in board.figures] == [True, False]
    assert "1 of 2 bars" in board.table()

"""few_shot: how many demonstrations, and which, is chosen on dev."""

from __future__ import annotations

import importlib.util
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.render import Renderer
from crossover.errors import MissingExtra, OptionError
from crossover.models import embedding
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Demonstration, Prompt
from tests.strategies.test_chain_of_thought import SUMS, bare, sums
from tests.strategies.toys import KINDS, bench, examples, kinds, start

# what a word's colour is cannot be known: it is written down in the training rows only
COLOURS = ("red", "blue")
BOOK = ["kelmo", "trapun", "vosti", "girra", "plenda", "oskul", "murtig", "bansel", "dorvik", "jastu", "fimmel", "quorza"]
ROWS = [(f"the colour of {word}", COLOURS[(i * 7 // 3) % 2]) for i, word in enumerate(BOOK)]


def test_demonstrations_answer_in_the_words_that_labels_are_spoken_as(tmp_path: Path) -> None:
    train, dev = kinds()
    words = ("Pear", "Saw", "Goose")
    with bench(tmp_path, train, dev[:4], labels=dict.fromkeys(KINDS, "")) as at:
        options = {"shots": [3], "selection": ["random"]}
        made = open_strategy("few_shot", options).adapt(start(KINDS, verbalizer=words), at)
    assert {shown.output for shown in made.prompt.demonstrations} == set(words)
    assert made.decoding.verbalizer == words


def test_it_keeps_the_contract() -> None:
    made = check_strategy(open_strategy("few_shot"))
    assert made.prompt.demonstrations
    assert made.prompt.shots in (4, 5)  # of ten only five are there to show
    assert "best of 8 prompts on dev" in made.provenance.note


def test_random_demonstrations_are_balanced_over_the_labels_and_the_same_each_time(tmp_path: Path) -> None:
    pairs = [*[(f"warm thing {i}", "warm") for i in range(9)], ("cold thing 1", "cold"), ("cold thing 2", "cold")]
    strategy = open_strategy("few_shot", {"shots": [4, 6], "selection": ["random"]})
    with bench(tmp_path, examples(pairs), toy_examples()[:2]) as at:
        strategy.adapt(start(), at)
        first = [candidate.prompt for candidate in at.scored]
        at.scored.clear()
        strategy.adapt(start(), at)
        assert [candidate.prompt for candidate in at.scored] == first
    by_shots = {p.shots: Counter(d.output for d in p.demonstrations) for p in first}
    assert by_shots[4] == {"warm": 2, "cold": 2}
    assert by_shots[6] == {"warm": 4, "cold": 2}  # as equal as the pool allows
    assert all(p.selection == "fixed" and len(set(p.demonstrations)) == p.shots for p in first)


def test_another_seed_draws_others(tmp_path: Path) -> None:
    drawn = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        with bench(tmp_path / str(seed), examples(ROWS), toy_examples()[:2], seed=seed) as at:
            open_strategy("few_shot", {"shots": [4], "selection": ["random"]}).adapt(start(COLOURS), at)
        drawn.append(at.scored[0].prompt.demonstrations)
    assert set(drawn[0]) != set(drawn[1])


def test_the_nearest_demonstration_of_a_repeated_input_is_itself_and_helps(tmp_path: Path) -> None:
    rows = examples(ROWS)
    scores, made = {}, {}
    with bench(tmp_path, rows, rows, labels=dict.fromkeys(COLOURS, ""), instruction="Name the colour.") as at:
        for selection in ("random", "nearest"):
            strategy = open_strategy("few_shot", {"shots": [2], "selection": [selection]})
            made[selection] = strategy.adapt(start(COLOURS), at)
            scores[selection] = at.score(made[selection]).estimate.value
    renderer = Renderer(made["nearest"].prompt)
    for text, colour in ROWS:
        *_, question, answer, last = renderer.messages(text)
        assert question.content == last.content
        assert text in question.content
        assert answer.content == colour
    assert scores["nearest"] >= scores["random"]
    assert scores["nearest"] > 0.5
    assert made["nearest"].provenance.note.startswith("2 demonstrations, nearest")
    assert made["random"].provenance.note.startswith("2 demonstrations, random")


def test_dev_chooses_among_all_numbers_and_selections(tmp_path: Path) -> None:
    with bench(tmp_path, examples(ROWS), examples(ROWS), labels=dict.fromkeys(COLOURS, "")) as at:
        made = open_strategy("few_shot", {"shots": [1, 3]}).adapt(start(COLOURS), at)
        values = [at.score(candidate).estimate.value for candidate in list(at.scored)]
        assert at.score(made).estimate.value == max(values)
    tried = {(c.prompt.shots, c.prompt.selection) for c in at.scored}
    assert tried == {(1, "fixed"), (3, "fixed"), (1, "nearest"), (3, "nearest")}


def test_an_instruction_of_the_start_is_kept_and_a_bare_start_is_tried_with_one(tmp_path: Path) -> None:
    strategy = open_strategy("few_shot", {"shots": [2], "selection": ["random"]})
    with bench(tmp_path, toy_examples(), toy_examples()[:4]) as at:
        strategy.adapt(start(), at)
        assert {bool(c.prompt.instruction) for c in at.scored} == {True, False}
        at.scored.clear()
        strategy.adapt(replace(start(), prompt=Prompt("Warm?", "So: {input}")), at)
        assert {(c.prompt.instruction, c.prompt.template) for c in at.scored} == {("Warm?", "So: {input}")}


def test_more_shots_than_rows_show_them_all(tmp_path: Path) -> None:
    with bench(tmp_path, toy_examples()[:3], toy_examples()[:2]) as at:
        made = open_strategy("few_shot", {"shots": [50, 60], "selection": ["random"]}).adapt(start(), at)
    assert {Demonstration(e.input, e.output) for e in toy_examples()[:3]} == set(made.prompt.demonstrations)
    assert {c.prompt.shots for c in at.scored} == {3}


def test_prompts_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    long = examples([(f"{i} " + "long " * 200, ("warm", "cold")[i % 2]) for i in range(10)])
    with bench(tmp_path, long, toy_examples()[:2]) as at:
        made = open_strategy("few_shot", {"shots": [2, 8]}).adapt(start(), at)
        assert made.prompt.shots == 2
        assert {c.prompt.shots for c in at.scored} == {2}
        with pytest.raises(OptionError, match=f"not even 8 .* window of {at.model.context_window} tokens"):
            open_strategy("few_shot", {"shots": [8]}).adapt(start(), at)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"shots": [0]}, "'shots': received .0., valid is 1 or more"),
        ({"shots": [4, -1]}, "'shots': received .4, -1., valid is 1 or more"),
        ({"shots": []}, "'shots': received .., valid is 1 or more"),
        ({"shots": "four"}, "'shots': received 'four', valid is a list of whole numbers"),
        ({"shots": [2.5]}, "'shots': received 2.5, valid is a whole number"),
        ({"selection": ["best"]}, "'selection': received 'best', valid is 'random' or 'nearest'"),
        ({"selection": []}, "'selection': received .., valid is some of random, nearest"),
        ({"orders": -1}, "'orders': received -1, valid is 0 or more"),
        ({"attempts": 0}, "'attempts': received 0, valid is 1 or more"),
        ({"shot": [4]}, "has no option 'shot'; did you mean 'shots'"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=f"strategy 'few_shot'.* {sentence}"):
        open_strategy("few_shot", options)


def test_diverse_demonstrations_cover_what_there_is(tmp_path: Path) -> None:
    """Many rows say nearly the same, a few say something else: a random draw misses those."""
    crowd = [(f"the parcel number {i} is late", "warm") for i in range(30)]
    few = [("my card was declined twice", "warm"), ("how do I return a lamp", "warm"), ("the screen stays dark", "warm")]
    with bench(tmp_path, examples([*crowd, *few, *ROWS[:2]]), toy_examples()[:2]) as at:
        open_strategy("few_shot", {"shots": [6], "selection": ["diverse"]}).adapt(start(), at)
    shown = [demonstration.input for demonstration in at.scored[0].prompt.demonstrations]
    assert len(set(shown)) == 6
    assert {text for text, _ in few} <= set(shown)
    assert {text for text, _ in ROWS[:2]} <= set(shown)  # every answer has its turn


def test_the_first_of_diverse_demonstrations_is_the_most_typical(tmp_path: Path) -> None:
    rows = [("the parcel is late", "warm"), ("odd words here", "warm"), ("the parcel is lost", "warm"), ("so what", "warm")]
    with bench(tmp_path, examples(rows), toy_examples()[:2]) as at:
        open_strategy("few_shot", {"shots": [1], "selection": ["diverse"]}).adapt(start(), at)
    assert at.scored[0].prompt.demonstrations[0].input.startswith("the parcel")


def test_bootstrapped_demonstrations_are_those_that_the_model_answers_right_itself(tmp_path: Path) -> None:
    rows = examples([*ROWS, ("a red apple, red as can be", "red"), ("the blue sea, blue all over", "blue")])
    with bench(tmp_path, rows, rows[:4], labels=dict.fromkeys(COLOURS, ""), instruction="Name the colour.") as at:
        strategy = open_strategy("few_shot", {"shots": [20], "selection": ["bootstrapped"]})
        strategy.adapt(start(COLOURS), at)
        checked = 0
        for candidate in list(at.scored):
            if not candidate.prompt.demonstrations or candidate.decoding.label_bias:
                continue
            bare = replace(candidate, prompt=replace(candidate.prompt, demonstrations=(), shots=0))
            run = at.rehearse(bare, rows)
            right = {r.example.input for r in run.records if r.score is not None and r.score.value == 1.0}
            assert {demonstration.input for demonstration in candidate.prompt.demonstrations} == right
            checked += 1
    assert checked == 2


def test_many_shows_as_many_as_fit_the_window(chatty: Path, tmp_path: Path) -> None:
    rows = examples([(f"a long text with number {i} in it, and some more words behind it", "warm") for i in range(90)])
    with bench(tmp_path, rows, rows[:2], model=str(chatty)) as at:
        begin = replace(start(), model=str(chatty))
        open_strategy("few_shot", {"shots": [2], "selection": ["random"], "many": True}).adapt(begin, at)
        shots = sorted({candidate.prompt.shots for candidate in at.scored})
        widest = next(c for c in at.scored if c.prompt.shots == shots[-1])
        more = replace(widest.prompt, demonstrations=(*widest.prompt.demonstrations, *widest.prompt.demonstrations[:1]))
        assert at.fits(widest)
        assert not at.fits(replace(widest, prompt=more))
    assert shots[0] == 2
    assert 20 < shots[1] < 90


def test_further_orders_of_the_best_are_tried(tmp_path: Path) -> None:
    with bench(tmp_path, examples(ROWS), examples(ROWS), labels=dict.fromkeys(COLOURS, "")) as at:
        options = {"shots": [4], "selection": ["random"], "orders": 3}
        made = open_strategy("few_shot", options).adapt(start(COLOURS), at)
        values = [at.score(candidate).estimate.value for candidate in list(at.scored)]
        assert at.score(made).estimate.value == max(values)
    orders = {c.prompt.demonstrations for c in at.scored if c.prompt.instruction == made.prompt.instruction}
    assert len(orders) >= 3
    assert len({frozenset(order) for order in orders}) == 1
    assert "best of 5 prompts on dev" in made.provenance.note


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is None, reason="needs the extra embeddings")
def test_nearest_by_meaning_finds_what_shares_no_word(tmp_path: Path) -> None:
    told = ["Give me my money back", "I have forgotten my password", "The parcel has not arrived"]
    rows = examples([(text, ("warm", "cold")[i % 2]) for i, text in enumerate(told)])
    with bench(tmp_path, rows, toy_examples()[:2]) as at:
        strategy = open_strategy("few_shot", {"shots": [1], "selection": ["nearest_meaning"]})
        made = strategy.adapt(start(), at)
    assert (made.prompt.selection, made.prompt.likeness) == ("nearest", "all-MiniLM-L6-v2")
    assert made.provenance.note.startswith("1 demonstrations, nearest by meaning")
    renderer = Renderer(made.prompt)
    for asked, expected in zip(("I would like a refund", "cannot log in", "where is our delivery"), told, strict=True):
        *_, shown, _, _ = renderer.messages(asked)
        assert expected in shown.content
    with pytest.raises(OptionError, match="picked by the embedding model 'another', and here is 'all-MiniLM-L6-v2'"):
        Renderer(replace(made.prompt, likeness="another")).messages("a text")


def test_nearest_by_meaning_without_its_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_installed", lambda: False)
    told = pytest.raises(MissingExtra, match=r"crossover\[embeddings\]")
    with bench(tmp_path, toy_examples(), toy_examples()[:2]) as at, told:
        open_strategy("few_shot", {"selection": ["nearest_meaning"]}).adapt(start(), at)


def test_of_a_start_that_reasons_its_own_solutions_are_shown(tmp_path: Path) -> None:
    """Bare answers behind "think step by step" would teach to leave the steps out."""
    rows = sums(24)
    options = {
        "chain_of_thought": {"shots": [0], "max_tokens": 40},
        "few_shot": {"shots": [2], "selection": ["random", "nearest", "bootstrapped"]},
    }
    with bench(tmp_path, rows[:16], rows[16:], **SUMS) as at:
        made = open_strategy("chain_of_thought+few_shot", options).adapt(bare(), at)
        tried = [one for one in at.scored if one.prompt.demonstrations]
        plain = open_strategy("chain_of_thought+zero_shot", {"chain_of_thought": options["chain_of_thought"]}).adapt(
            bare(), at
        )
    assert made.decoding.pattern
    assert tried
    answers = {example.input: example.output for example in rows}
    for candidate in tried:
        for shown in candidate.prompt.demonstrations:
            assert shown.output != answers[shown.input], "it has no steps"
            assert answers[shown.input] in shown.output
    assert plain.id == bare().id, "the bare input is asked for its answer at once"


def test_a_start_that_reasons_and_solves_nothing_has_nothing_to_show(tmp_path: Path) -> None:
    rows = toy_examples()
    begin = replace(start(pattern="nothing (.*)"), model="fake:answer=none")
    with bench(tmp_path, rows[::2], rows[1::2], model="fake:answer=none") as at:
        made = open_strategy("few_shot").adapt(begin, at)
    assert made.id == begin.id
    assert made.provenance.note == "no demonstrations, as no training row was solved"


@pytest.mark.parametrize("behind", ["instruction", "search"])
def test_where_the_start_reasons_so_does_what_is_tried(tmp_path: Path, behind: str) -> None:
    rows = toy_examples() * 4
    rows = [replace(row, id=f"{row.id}-{i}", input=f"{row.input} {i}") for i, row in enumerate(rows)]
    begin = replace(start(pattern="(warm|cold)"), prompt=Prompt("Warm or cold?\nThink step by step."))
    options = {"instruction": {"formats": 1}, "search": {"calls": 400, "finalists": 1}}[behind]
    with bench(tmp_path, rows[:30], rows[30:], model="fake") as at:
        asked = []
        answer = at.evaluator.run
        at.evaluator.run = lambda c, *rest: asked.append(c) or answer(c, *rest)  # type: ignore[method-assign,func-returns-value]
        open_strategy(behind, options).adapt(replace(begin, model="fake"), at)
    assert len({one.id for one in asked}) > 2
    assert all("step by step" in one.prompt.instruction for one in asked)

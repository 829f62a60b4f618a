"""given: a prompt that there is already, word for word."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossover.engine.conversation import conversation
from crossover.errors import DataError, OptionError
from crossover.strategies.open import open_strategy
from crossover.testing.strategies import check_strategy, toy_examples
from crossover.types import Demonstration, Prompt, to_json
from tests.strategies.toys import bench, start

KEPT = Prompt("Be brief {here}.", "Text: {input}\nLabel: {", (Demonstration("an {input} ice cube", "cold"),))


def written(folder: Path, body: Any) -> str:
    path = folder / "prompt.json"
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return str(path)


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    made = check_strategy(open_strategy("given", {"prompt": written(tmp_path, to_json(conversation(KEPT)))}))
    assert made.prompt == KEPT


def test_the_file_is_beside_the_task_file(tmp_path: Path) -> None:
    path = Path(written(tmp_path, to_json(conversation(KEPT))))
    dressed = replace(start(label_bias=(-1.0, -2.0)), prompt=Prompt("Other."))
    with bench(tmp_path, toy_examples(), toy_examples()) as at:
        beside = replace(at, task=at.task.model_copy(update={"folder": path.parent}))
        made = open_strategy("given", {"prompt": path.name}).adapt(dressed, beside)
    assert made.prompt == KEPT
    assert made.decoding.label_bias == ()
    assert made.decoding.labels == ("warm", "cold")
    assert at.scored == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "not valid JSON"),
        ({"role": "user"}, "holds an object; valid is a list of messages"),
        ([{"role": "tool", "content": "{input}"}], "message 1: received an object without them; valid is"),
        ([{"role": "user", "content": ["{input}"]}], "message 1"),
        (["{input}"], "message 1: received a string"),
        ([{"role": "user", "content": "Text:"}], "is not the user's with"),
    ],
)
def test_a_file_that_is_no_prompt_is_named(body: Any, told: str, tmp_path: Path) -> None:
    path = written(tmp_path, body)
    with bench(tmp_path, toy_examples(), toy_examples()) as at, pytest.raises(DataError, match=told) as refused:
        open_strategy("given", {"prompt": path}).adapt(start(), at)
    assert str(refused.value).startswith(path)


def test_a_prompt_must_be_named() -> None:
    with pytest.raises(OptionError, match="strategy 'given', option 'prompt': received ''"):
        open_strategy("given")


ONE = "Decide whether the thing is warm.\n\nThing: {input}\nWarm or cold:"


@pytest.mark.parametrize(
    ("behind", "options"),
    [
        ("few_shot", {"shots": [2], "selection": ["random"]}),
        ("chain_of_thought", {"shots": [0], "max_tokens": 8}),
        ("instruction", {"formats": 0}),
        ("lora", {"epochs": 1}),
        ("reflect", {"calls": 1000}),
    ],
)
def test_a_prompt_of_one_message_stays_for_what_comes_behind(
    tmp_path: Path, behind: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words stand around the input: it has an instruction as much as one with a system message."""
    path = written(tmp_path, [{"role": "user", "content": ONE}])
    monkeypatch.setattr("crossover.strategies.reflect.solved_already", lambda runs: "enough")
    with bench(tmp_path, toy_examples()[::2], toy_examples()[1::2]) as at:
        made = open_strategy(f"given+{behind}", {"given": {"prompt": path}, behind: options}).adapt(start(), at)
    assert any(one.prompt.template.startswith(ONE) for one in [made, *at.scored])
    if behind != "instruction":  # which tries others beside it
        assert made.prompt.template.startswith(ONE)
        assert all(one.prompt.template.startswith(ONE) for one in at.scored)


@pytest.mark.parametrize("text", ["FROZEN  peas", "snow on the roof\u200b"])
def test_one_that_shows_rows_that_it_is_measured_on_is_refused(tmp_path: Path, text: str) -> None:
    rows = toy_examples()
    prompt = Prompt("Be brief.", "{input}", (Demonstration(text, "cold"), Demonstration("a glass of milk", "cold")))
    path = written(tmp_path, to_json(conversation(prompt)))
    measured = [row for row in rows if row.input in ("snow on the roof", "frozen peas")]
    with (
        bench(tmp_path, [row for row in rows if row not in measured], measured) as at,
        pytest.raises(OptionError, match="shows 1 of the rows that it would be measured on, with their answers"),
    ):
        open_strategy("given", {"prompt": path}).adapt(start(), at)


def test_with_folds_one_that_shows_any_row_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    """Each row is tested in one of them."""
    rows = toy_examples()
    shown = rows[0]
    path = written(tmp_path, to_json(conversation(Prompt("Be brief.", "{input}", (Demonstration(shown.input, "cold"),)))))
    with bench(tmp_path, rows[:-4], rows[-4:]) as at:
        open_strategy("given", {"prompt": path}).adapt(start(), at)
    at.task = at.task.model_copy(update={"folds": 3})
    with pytest.raises(OptionError, match=r"shows 1 of the rows .* no rows of the data, of which each is tested in one of"):
        open_strategy("given", {"prompt": path}).adapt(start(), at)

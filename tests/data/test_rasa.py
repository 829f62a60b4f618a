"""Training data of Rasa: intents with their examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.data.load import load_rows
from crossover.data.sketch import sketch
from crossover.errors import DataError
from tests.data.builders import sentence, write

HEAD = 'version: "3.1"\nnlu:\n'


def test_each_example_is_a_row_without_the_marks_of_its_entities(tmp_path: Path) -> None:
    text = (
        HEAD
        + """- intent: yes
  examples: |
    - yes please
    - send it to [Lisbon](city) by [post]{"entity": "way", "value": "mail"}
- synonym: mail
  examples: |
    - post
- intent: no
  examples:
  - text: |
      no, [thanks](polite)
  - text: "  not now "
"""
    )
    rows = load_rows(write(tmp_path, "nlu.yml", text))
    assert [tuple(row.fields.values()) for row in rows] == [
        ("yes please", "yes"),
        ("send it to Lisbon by post", "yes"),
        ("no, thanks", "no"),
        ("not now", "no"),
    ]
    assert rows[2].source == "nlu.yml, example 3"


def test_init_takes_the_intent_as_the_output(tmp_path: Path) -> None:
    blocks = [
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {sentence(n + at)}\n" for n in range(0, 24, 2))
        for at, intent in enumerate(("greet", "bye"))
    ]
    made = sketch(write(tmp_path, "nlu.yml", HEAD + "".join(blocks)))
    assert (made.prepared.task.input, made.prepared.task.output, len(made.prepared.splits.all)) == ("text", "intent", 24)
    assert any("training data of Rasa" in said for said in made.assumed)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x\ndata: a.csv\n", "is YAML and holds no rows; valid is a data file"),
        ("nlu: [1, 2]\n", "is YAML and holds no rows"),
        (HEAD + "- lookup: x\n  examples: |\n    - a\n", "has no example of an intent"),
        (HEAD + "- intent: a\n  examples: 3\n", "has no example of an intent"),
        ("nlu: [", "not valid YAML; valid is a data file"),
    ],
)
def test_any_other_yaml_is_one_sentence(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        load_rows(write(tmp_path, "nlu.yml", text))

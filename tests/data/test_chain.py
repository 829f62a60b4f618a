"""Chains in the task file: what a step may be, and one clear sentence for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.data.task import load_task
from crossover.errors import TaskError
from tests.data.builders import write

LEAST = "name: parcels\ndata: rows.csv\ninput: text\noutput: label\n"
OTHER = "name: topics\ndata: topics.csv\ninput: text\noutput: topic\n"


def complaint(folder: Path, steps: str) -> str:
    with pytest.raises(TaskError) as caught:
        load_task(write(folder, "task.yaml", f"{LEAST}chain:\n{steps}"))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{folder / 'task.yaml'}, ")


def test_steps_are_read_with_their_defaults(tmp_path: Path) -> None:
    write(tmp_path, "other.yaml", OTHER)
    steps = """
  - name: topic
    task: other.yaml
  - name: mood
    instruction: Say the mood.
    template: "{input} is about {topic}"
    labels: [good, bad]
    max_tokens: 8
  - name: answer
    template: "{topic}, {mood}, {'json': {}}: {input}"
"""
    first, second, last = load_task(write(tmp_path, "task.yaml", f"{LEAST}chain:{steps}")).chain
    assert (first.name, first.task, first.template, first.labels, first.max_tokens) == (
        "topic",
        "other.yaml",
        "{input}",
        [],
        None,
    )
    assert (second.instruction, second.labels, second.max_tokens) == ("Say the mood.", ["good", "bad"], 8)
    assert (last.name, last.answer_pattern) == ("answer", None)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            "  - {name: a}\n  - {name: b, template: '{aa}'}\n",
            "line 7, key 'chain', item 2: step 'b' uses {aa}, which no step gives; did you mean 'a'? valid: a, input",
        ),
        (
            "  - {name: a, template: '{b}'}\n  - {name: b, template: '{a}'}\n",
            "line 6, key 'chain', item 1: step 'a' uses 'b', which comes later: a loop; valid here: input",
        ),
        (
            "  - {name: a, template: '{a}'}\n",
            "line 6, key 'chain', item 1: step 'a' uses itself: a loop; valid here: input",
        ),
        ("  - {name: a}\n  - {name: a, template: '{a}'}\n", "line 7, key 'chain', item 2: the name 'a' stands twice"),
        ("  - {name: a}\n  - {name: b}\n", "line 6, key 'chain', item 1: no later step uses the answer of step 'a'"),
        (
            "  - {name: input}\n",
            "line 6, key 'chain', item 1: received the name 'input'; valid is a word other than input, such as product",
        ),
        (
            "  - {name: a, labels: [x]}\n",
            "line 6, key 'chain', item 1: the last step answers this task, so it has no labels",
        ),
        (
            "  - {name: a, task: none.yaml}\n  - {name: b, template: '{a}'}\n",
            "line 6, key 'chain', item 1: there is no file FOLDER/none.yaml; valid is another task file",
        ),
        (
            "  - {name: a, max_tokens: 0}\n",
            "line 6, key 'chain.max_tokens', item 1: received 0; valid is a whole number from 1 up",
        ),
        (
            "  - {template: x}\n",
            "line 6, key 'chain.name', item 1: it is missing; valid is letters, digits and _",
        ),
        ("  - {name: a, prompt: x}\n", "line 6, key 'chain.prompt', item 1: unknown key; "),
        ("  - {name: a, answer_pattern: '('}\n", "line 6, key 'chain', item 1: answer_pattern is no regular expression: "),
        (
            "  - topic\n",
            "line 6, key 'chain', item 1: received 'topic'; valid is a list of steps, each with a name and a template",
        ),
    ],
)
def test_a_wrong_chain_is_one_clear_sentence(steps: str, expected: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, steps).startswith(expected.replace("FOLDER", str(tmp_path)))


def test_a_step_is_no_task_with_a_chain_or_with_a_mistake(tmp_path: Path) -> None:
    steps = "  - {name: a, task: other.yaml}\n  - {name: b, template: '{a}'}\n"
    write(tmp_path, "other.yaml", f"{OTHER}chain:\n  - {{name: x}}\n")
    assert complaint(tmp_path, steps).endswith(f"{tmp_path / 'other.yaml'} has a chain itself; valid is a task without one")
    write(tmp_path, "other.yaml", f"{OTHER}target: 7\n")
    with pytest.raises(TaskError, match=r"other\.yaml, line 5, key 'target': received 7"):
        load_task(write(tmp_path, "task.yaml", f"{LEAST}chain:\n{steps}"))


def test_labels_of_a_step_are_the_words_as_they_are_written(tmp_path: Path) -> None:
    steps = """
  - {name: sure, labels: [yes, no]}
  - name: answer
    template: "{input} ({sure})"
"""
    first, _ = load_task(write(tmp_path, "task.yaml", f"{LEAST}chain:{steps}")).chain
    assert first.labels == ["yes", "no"]

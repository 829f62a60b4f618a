"""Two small tasks, written here: which kind of thing a note speaks of, and who is to meet where."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crossover.engine.journal import Journal
from crossover.models.hf.folder import POCKET
from crossover.study.folder import StudyFolder
from crossover.study.read import read_candidate
from tests.models.tiny import build

NOTES = {
    "garden": (
        "The tomatoes need water every evening.|Roses by the gate have green lice again.|Who left the rake on the lawn?"
        "|Plant the beans after the last frost.|The hedge is taller than the fence now.|Weeds grow between the stones."
        "|Two new apple trees come on Monday.|The compost smells, please turn it.|Snails ate all of the young lettuce."
        "|Cut the lavender before it rains.|A mole has dug up the lawn again.|Tulip bulbs are in the paper bag."
        "|The strawberries are ripe at last.|Tie the peas to the sticks.|Moss covers the north side of the bed."
        "|The pumpkin has outgrown its corner.|Bees love the thyme by the path.|Sow the carrots in a straight row."
        "|Dry leaves lie all over the flower beds.|The hose leaks near the tap."
    ),
    "kitchen": (
        "The oven takes ten minutes to get hot.|Somebody drank the last of the milk.|Sharpen the bread knife, please."
        "|The soup wants more salt and pepper.|Flour and sugar are on the top shelf.|The fridge hums all through the night."
        "|Wash the pans before they dry.|We are out of coffee filters.|The dough must rest for an hour."
        "|Put a lid on the boiling pot.|The toaster burns one side only.|Chop the onions very finely."
        "|There are crumbs under the table again.|The kettle whistles too loudly.|Fry the eggs in butter, not in oil."
        "|The sink is blocked with tea leaves.|Bake the pie until it is golden.|Grandmother's recipe asks for cinnamon."
        "|The freezer door does not close.|Stir the sauce or it will stick."
    ),
    "garage": (
        "The front tyre has lost its air.|Change the oil before the long drive.|The car door squeaks in cold weather."
        "|A bolt is missing from the bicycle.|The battery was flat this morning.|Hang the ladder back on the wall."
        "|The brakes make a grinding noise.|Winter tyres are in the far corner.|The engine starts at the third attempt."
        "|Somebody scratched the rear bumper.|The drill has no charge left.|Pump up the bicycle before Sunday."
        "|The headlight on the left is dark.|Petrol is dearer than last week.|The toolbox lock is rusty."
        "|The spanner does not fit this nut.|The exhaust hangs by a wire.|Oil drips from under the engine."
        "|The gearbox jumps out of third.|The roller door is stuck halfway."
    ),
}
PEOPLE = ["Ana", "Boris", "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana", "Igor", "Jana"]
PLACES = ["Oslo", "Turin", "Porto", "Lagos", "Quito", "Hanoi"]
SENTENCES = (
    "{person} waits for us in {place}.",
    "Please meet {person} at the station of {place}.",
    "In {place} you will be met by {person}.",
)
TUNED: dict[str, Any] = {"epochs": 2, "learning_rate": 0.002}
REASONED: dict[str, Any] = {"shots": [0, 2], "max_tokens": 12}
NEAREST: dict[str, Any] = {"shots": [3], "selection": ["nearest"]}
RUNGS = [
    "majority",
    "zero_shot",
    "instruction",
    {"few_shot": NEAREST},
    {"chain_of_thought": REASONED},
    "chain",
    {"soft_prompt": {"epochs": 1, "tokens": 6}},
    {"lora": TUNED},
    {"full": {"epochs": 1}},
    {"instruction+lora": {"lora": TUNED}},
    {"lora+few_shot": {"lora": TUNED, "few_shot": {"shots": [3], "selection": ["random"]}}},
]


def write_model(folder: Path) -> None:
    """A random model of a few thousand weights that reads as the bundled one: what is exported is as what was measured,
    whatever that is."""
    template = (POCKET / "chat_template.jinja").read_text(encoding="utf-8")
    build(folder, template=template, max_position_embeddings=1024)


def write_notes(folder: Path) -> Path:
    """The classification task's file, with its data beside it: 60 rows, 3 labels."""
    with (folder / "notes.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "place"])
        rows.writerows((text, label) for label, texts in NOTES.items() for text in texts.split("|"))
    write_model(folder / "model")
    task = {
        "name": "notes",
        "model": "model",
        "instruction": "Say which part of the house a note is about.",
        "data": "notes.csv",
        "input": "text",
        "output": "place",
        "kind": "classify",
        "metric": "accuracy",
        "strategies": RUNGS,
        "chain": [
            {"name": "topic", "template": "Note: {input}\nIt is about", "max_tokens": 6},
            {
                "name": "place",
                "instruction": "Which part of the house?",
                "template": "{input} It is about {topic}.\nPlace:",
            },
        ],
    }
    return write_task(folder / "notes.yaml", task)


def write_meetings(folder: Path) -> Path:
    """The extraction task's file, with its data beside it: 30 rows, JSON outputs."""
    rows = []
    for i in range(30):
        found = {"person": PEOPLE[i % 10], "place": PLACES[(i + i // 10) % 6]}
        rows.append({"text": SENTENCES[i % 3].format(**found), "details": found})
    (folder / "meetings.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    write_model(folder / "model")
    task = {
        "name": "meetings",
        "model": "model",
        "instruction": "Who is met, and where?",
        "data": "meetings.jsonl",
        "input": "text",
        "output": "details",
        "kind": "extract",
        "metric": "field_f1",
        "strategies": ["zero_shot", {"lora": {"epochs": 4, "learning_rate": 0.004}}],
    }
    return write_task(folder / "meetings.yaml", task)


def write_task(path: Path, body: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"forgetting": False, **body}), encoding="utf-8")  # JSON is YAML
    return path


def exports(
    studies: Mapping[str, StudyFolder],
    keys: Sequence[tuple[str, str]],
    write: Callable[[StudyFolder, Path, str], object],
    place: Path,
) -> dict[tuple[str, str], Path]:
    """The folders that `write` makes of candidates, each named by its study and its name."""
    for study, name in keys:
        write(studies[study], place / f"{study}-{name}", name)
    return {key: place / "-".join(key) for key in keys}


def recorded(study: StudyFolder, name: str) -> dict[str, str]:
    """Input -> prediction of a candidate, as the study journaled it: on test, or on dev where it was no finalist."""
    candidate, _ = read_candidate(study, name)
    journal = Journal(study.journal)
    try:
        run = journal.run(candidate.id, "test") or journal.run(candidate.id, "dev")
    finally:
        journal.close()
    return {record["input"]: record["prediction"] for record in run["records"]}

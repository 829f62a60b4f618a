"""A small task with real wording, written for the tests: is a note about a garden, a kitchen or a journey?"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

NOTES = {
    "garden": """
        the roses need water tonight
        slugs ate the lettuce again
        we planted bulbs along the fence
        the lawn is brown after June
        rake the leaves before rain
        tomatoes are ripe on the south wall
        the compost heap smells sweet
        frost killed the dahlias
        prune the apple tree in winter
        a mole has ruined the flower bed
        sow the carrots in straight rows
        the hedge is too tall
        weeds come up between the stones
        the greenhouse glass is cracked
        beans climb up the poles
        mulch keeps the soil damp
        the pond is green with algae
        bees like the lavender
        tie up the raspberry canes
        seedlings dried out in their pots
    """,
    "kitchen": """
        the soup wants more salt
        knead the dough for ten minutes
        the oven is at two hundred
        we are out of butter and eggs
        the knife is blunt again
        boil the pasta until soft
        a pinch of pepper in the sauce
        the cake sank in the middle
        grate the cheese over it
        leave the rice to stand covered
        the pan is too hot for onions
        whip the cream until stiff
        there is a lid missing for the pot
        the bread came out burnt
        stir the jam without stopping
        peel and slice the potatoes
        the fridge hums all night
        melt chocolate over steam
        season the steak first
        the recipe asks for two lemons
    """,
    "journey": """
        the train leaves at nine
        our seats are by the window
        the airport bus was full
        I lost my ticket at the border
        two nights in a small hotel
        the ferry rolls in this wind
        the map shows a shorter road
        we changed trains in the rain
        my passport has expired
        the flight was delayed three hours
        pack a warm coat for the mountains
        the taxi took the long way
        luggage goes on the upper rack
        the road to the coast is closed
        we crossed the pass at noon
        the platform was changed
        the harbour came into sight
        a puncture stopped us near the bridge
        the compartment was cold
        check in two hours before
    """,
}


def write_task(folder: Path, strategies: list[Any], **more: Any) -> Path:
    """Write data and task file into a folder; `more` replaces or adds keys. Forgetting is not measured."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "notes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["note", "topic"])
        for topic, notes in NOTES.items():
            writer.writerows([note.strip(), topic] for note in notes.strip().splitlines())
    task = {
        "name": "notes",
        "instruction": "Say what the note is about.",
        "data": "notes.csv",
        "input": "note",
        "output": "topic",
        "kind": "classify",
        "strategies": strategies,
        "limits": {"machine_cost_per_hour": 0},
        "forgetting": False,
    }
    path = folder / "task.yaml"
    path.write_text(json.dumps(task | more), encoding="utf-8")  # JSON is YAML
    return path

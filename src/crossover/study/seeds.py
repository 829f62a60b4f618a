"""What further seeds of a tune gave on dev, read off what a rung tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Try = Mapping[str, Any]


def spread(tries: Sequence[Try], kept: str) -> dict[str, Any] | None:
    """For decision.json: the dev estimate of each seed of the kept recipe; None where there was one seed.

    `tries`: the journal's rows of a rung, in their order; `kept`: the id of the rung's candidate.
    """
    recipe = next((row["recipe"] for row in tries if row["id"] == kept and row.get("recipe")), None)
    if recipe is None:
        return None
    found: dict[int, float] = {}
    for row in tries:  # a later row of the same seed is the same weights under another prompt
        if row.get("recipe") and _without_seed(row["recipe"]) == _without_seed(recipe):
            found.setdefault(row["recipe"]["seed"], row["dev"]["value"])
    if len(found) < 2:
        return None
    values = found.values()
    return {
        "n": len(found),
        "low": round(min(values), 6),
        "high": round(max(values), 6),
        "dev": {str(seed): round(value, 6) for seed, value in sorted(found.items())},
        "kept": recipe["seed"],
    }


def _without_seed(recipe: Try) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name != "seed"}

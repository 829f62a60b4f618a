"""What was measured, part by part and draw by draw: a file each, so that they can be measured apart, resumed and joined."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crossover.errors import CrossoverError

Values = dict[str, float]  # name -> figure of one draw
Settings = Mapping[str, str | int | bool]


@dataclass(frozen=True)
class Observed:
    """A folder of figures. `settings`: what they must have been measured with to stand beside each other."""

    folder: Path
    settings: Settings

    def has(self, part: str, draw: int) -> bool:
        """Whether it was measured."""
        return self._path(part, draw).exists()

    def keep(self, part: str, draw: int, values: Values) -> None:
        """Write what was measured, the file as a whole."""
        path = self._path(part, draw)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(json.dumps({"settings": dict(self.settings), "values": values}, indent=1) + "\n", encoding="utf-8")
        os.replace(fresh, path)

    def read(self, part: str) -> dict[int, Values]:
        """Draw -> figures, for every draw that was measured, in their order.

        Raises:
            CrossoverError: a file was measured with other settings, or is damaged.
        """
        found = {}
        for path in self.folder.glob(f"{part}.*.json"):
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                settings, values = kept["settings"], kept["values"]
            except (ValueError, KeyError, TypeError) as error:
                raise CrossoverError(f"{path} is damaged: it should hold the figures of one part and draw") from error
            if settings != dict(self.settings):
                raise CrossoverError(
                    f"{path} was measured with {settings}; now it is {dict(self.settings)}: take another --parts"
                )
            found[int(path.name.split(".")[1])] = values
        return dict(sorted(found.items()))

    def values(self, part: str, name: str) -> dict[int, float]:
        """Draw -> one figure."""
        return {draw: values[name] for draw, values in self.read(part).items() if name in values}

    def _path(self, part: str, draw: int) -> Path:
        return self.folder / f"{part}.{draw}.json"


def minus(left: Mapping[int, float], right: Mapping[int, float]) -> list[float]:
    """Differences over the draws that both have."""
    return [left[draw] - right[draw] for draw in left if draw in right]

"""Answers inputs with an exported candidate whose model is at a service: python predict.py "a text", or standard input.

Without Crossover. Needs openai[aiohttp], and the service's key in the environment variable that settings.json names; each
answer is paid for as any other call. Failed inputs are told on standard error, with status 1. With --json each line of
standard input is a JSON string (so a text may have several lines), and each answer an object with `answer` or `error`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from crossover.errors import CrossoverError
from crossover.models.openai import Openai
from crossover.serve.answering import Answering, answer_lines
from crossover.types import Reply, Request

PLACE = Path(__file__).parent


class Exported(Answering):
    """The model at its service, asked as it was measured."""

    def __init__(self, folder: Path = PLACE) -> None:
        super().__init__(folder)
        self.model = Openai(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        try:
            return self.model.complete(requests)
        except CrossoverError as error:  # such as a key that is not there
            return [Reply(error=str(error))] * len(requests)


def main() -> int:
    """Answer the arguments, or else the lines of standard input; the exit status."""
    return answer_lines(Exported())


if __name__ == "__main__":
    sys.exit(main())

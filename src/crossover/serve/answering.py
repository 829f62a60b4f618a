"""What every stand-alone script does: read the candidate, follow its prompt, and answer texts or lines of JSON."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from crossover.data.text import is_blank
from crossover.engine.follow import Answered, follow
from crossover.engine.render import Renderer
from crossover.engine.similarity import WORDS, Index, MeaningIndex, WordIndex
from crossover.models.embedding import Embedder
from crossover.serve.lines import one_line, read_lines
from crossover.types import Reply, Request, candidate_from_json

EMBEDDING = "embedding"  # the folder of the embedding model, where one is needed


class Answering:
    """The candidate in `folder`; how its model answers is `complete`, for others to say."""

    def __init__(self, folder: Path) -> None:
        body = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
        self.folder, self.candidate = folder, candidate_from_json(body)
        self._renderer = Renderer(self.candidate.prompt, self._index)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer each request, in order; a call that fails is a reply with an error."""
        raise NotImplementedError

    def answer(self, text: str) -> str:
        """The answer to a text. Raises `ValueError` where there is none, such as for a text that is too long, or blank."""
        if is_blank(text):
            raise ValueError("the input is empty")
        found = self.follow(text)
        if found.reply.error is not None:
            raise ValueError(found.reply.error)
        return found.answer

    def follow(self, text: str) -> Answered:
        """The answer with the reply that it was read from."""
        return follow(self.candidate, self._renderer, [text], self.complete)[0]

    def _index(self, likeness: str, texts: tuple[str, ...]) -> Index:
        if likeness == WORDS:
            return WordIndex(texts)
        return MeaningIndex(texts, Embedder(str(self.folder / EMBEDDING), likeness))


def answer_lines(exported: Answering) -> int:
    """Answer the arguments, or without any (or for -) the lines of standard input; the exit status.

    A line has one line of output, in order: an empty one where it is blank or failed. With --json blank lines are left out.
    """
    structured, failed = sys.argv[1:] == ["--json"], False
    given = [] if structured or sys.argv[1:] == ["-"] else sys.argv[1:]
    for line in given or read_lines(sys.stdin):
        try:
            if is_blank(line):
                sys.stdout.write("" if structured else "\n")
                continue
            text = json.loads(line) if structured else line
            if not isinstance(text, str):
                raise ValueError(f"received {line.strip()[:60]}, valid is a JSON string a line")
            answer = exported.answer(text)
            sys.stdout.write(
                (json.dumps({"answer": answer}) if structured else answer if given else one_line(answer)) + "\n"
            )
        except ValueError as error:
            failed = True
            sys.stdout.write((json.dumps({"error": str(error)}) if structured else "") + "\n")
            sys.stderr.write(f"failed: {error}\n")
    gc.freeze()  # else all that was imported is walked over once more at the end, which takes a second
    return int(failed)

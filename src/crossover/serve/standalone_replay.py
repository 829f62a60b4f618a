"""Asks a llama.cpp server what was measured, row by row: python check.py [URL], default http://127.0.0.1:8080.

measured.jsonl has the rows: input, answer as it was measured, gold answer, and the prompt's tokens. Compared are the tokens
that the server makes of the prompt, its answer to one request (request.json), and, for labels, its answer by the
log-probability of each label, as it was measured (predict.py). Every row that differs is shown, and the exit status is 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from crossover.engine.follow import follow
from crossover.engine.render import Renderer
from crossover.serve.standalone_llamacpp import Exported

REQUEST, LABELS, TOKENS = "request.json", "predict.py", "prompt"


def replay(exported: Exported, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with what the server says: `ways`, the answer by each way, and `same_tokens` where its tokens were noted."""
    candidate = exported.candidate
    renderer = Renderer(candidate.prompt, exported._index)
    chosen = bool(candidate.decoding.labels) and not candidate.decoding.pattern
    asks = {REQUEST: exported.complete_at_once, **({LABELS: exported.complete} if chosen else {})}
    found = []
    for row in rows:
        said = {way: follow(candidate, renderer, [row["input"]], ask)[0] for way, ask in asks.items()}
        ways = {way: one.answer if one.reply.error is None else f"failed: {one.reply.error}" for way, one in said.items()}
        same = None
        if "tokens" in row:
            try:
                same = exported.tokens(renderer.messages(row["input"])) == row["tokens"]
            except (ValueError, LookupError, TypeError):
                same = False
        found.append({**row, "ways": ways, "same_tokens": same})
    return found


def told(found: Sequence[dict[str, Any]]) -> tuple[list[str], bool]:
    """What came of it, a line each, and whether everything is as measured."""
    total, good = len(found), True
    noted = [row["same_tokens"] for row in found if row["same_tokens"] is not None]
    lines = []
    if noted:
        good = all(noted)
        lines.append(f"{TOKENS}: {sum(noted)} of {len(noted)} have the tokens that were measured")
    measured = sum(row["answer"] == row["gold"] for row in found)
    for way in found[0]["ways"] if found else ():
        same = sum(row["ways"][way] == row["answer"] for row in found)
        right = sum(row["ways"][way] == row["gold"] for row in found)
        good = good and same == total
        lines.append(
            f"{way}: {same} of {total} answers are as measured; {right} are the gold answer, {measured} as measured"
        )
    if found and LABELS in found[0]["ways"] and any(row["ways"][REQUEST] != row["ways"][LABELS] for row in found):
        lines.append(f"ask as {LABELS} does: by {REQUEST} the model writes a label token by token, which is another answer")
    for number, row in enumerate(found, start=1):
        others = [f"{way} {answer!r}" for way, answer in row["ways"].items() if answer != row["answer"]]
        others += [f"{TOKENS}: other tokens"] if row["same_tokens"] is False else []
        if others:
            lines.append(f"row {number}: measured {row['answer']!r}; {'; '.join(others)}; input {row['input'][:60]!r}")
    return lines, good


def main() -> int:
    """Replay all rows; the exit status."""
    given = [one for one in sys.argv[1:] if one != "--json"]
    exported = Exported(url=given[0] if given else "")
    lines = (exported.folder / "measured.jsonl").read_text(encoding="utf-8").splitlines()
    said, good = told(replay(exported, [json.loads(line) for line in lines]))
    how = "all as measured" if good else "NOT as measured"
    head = f"{len(lines)} measured rows through llama.cpp at {exported.url}: {how}"
    sys.stdout.write(json.dumps({"said": said, "good": good}) if "--json" in sys.argv else "\n".join([head, *said, ""]))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())

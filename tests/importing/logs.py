"""Logs that the tools themselves wrote, of twelve messages of ours; a small system has 6 right, a large one 11.

OpenAI's hosted ones are laid out by hand, and checked with the types of its client. In these and in promptfoo's, a call of
the large system failed.
"""

from __future__ import annotations

from pathlib import Path

FILES = Path(__file__).parent / "files"
SMALL, LARGE = 6 / 12, 11 / 12
LOGS = {  # tool -> the files of a small and a large system
    "inspect": ["inspect/small.eval", "inspect/large.eval"],
    "lm-eval": [
        "lm-eval/small/samples_tickets_2026-11-27T00-15-41.814076.jsonl",
        "lm-eval/large/samples_tickets_2026-11-27T00-15-42.758557.jsonl",
    ],
    "promptfoo": ["promptfoo/results.json"],
    "openai-evals": ["openai/eval.json", "openai/runs.json", "openai/items_first.jsonl", "openai/items_second.jsonl"],
    "oaieval": ["oaieval/small.jsonl", "oaieval/large.jsonl"],
    "dspy": ["dspy/dspy_small.json", "dspy/dspy_large.csv"],
}


def files(name: str) -> list[Path]:
    return [FILES / file for file in LOGS[name]]

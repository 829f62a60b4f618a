"""Public texts that the model learns from, read from a folder of data sets; what is held out is left out.

Held out, whole: banking77; clinc150's domains banking and credit_cards; trec, sst2, gsm8k and restaurant8k (the model is
shown on them); every test split.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

HELD_OUT_DOMAINS = ("banking", "credit_cards")
# T0's templates over trec, over sst2 and over rotten_tomatoes, which holds the same sentences as sst2
HELD_OUT_TEMPLATES = re.compile(r"^(trec|rotten_tomatoes|glue_sst)")
LONGEST_PROMPT = 2200  # characters: about 550 tokens


@dataclass(frozen=True)
class Group:
    """Texts that belong to classes of one kind, so that an episode can be drawn from them."""

    name: str
    goal: str  # what the classes tell, for instructions: "what the user wants"
    classes: dict[str, list[str]]


def intents(data: Path) -> list[Group]:
    """clinc150's train split by domain, without the held-out domains, and hwu64."""
    domains: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(data / "clinc150" / "train.csv"):
        if row["domain"] not in HELD_OUT_DOMAINS:
            domains[row["domain"]][row["intent"]].append(row["text"])
    everything = {label: texts for classes in domains.values() for label, texts in classes.items()}
    home: dict[str, list[str]] = defaultdict(list)
    for row in rows(data / "hwu64" / "all.csv"):
        home[row["intent"]].append(row["text"])
    groups = [Group(f"clinc-{name}", "what the user wants", dict(classes)) for name, classes in sorted(domains.items())]
    groups.append(Group("clinc", "what the user asks for", everything))
    groups.append(Group("hwu", "what the speaker wants the assistant to do", dict(home)))
    return groups


@dataclass(frozen=True)
class Prompted:
    """A prompt of T0's training mixture with its completion."""

    prompt: str
    completion: str


def prompted(data: Path) -> list[Prompted]:
    """T0's prompted tasks that fit into a document, without those over held-out data."""
    found = []
    with gzip.open(data / "t0_prompts" / "t0_prompts.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if HELD_OUT_TEMPLATES.match(row["template"]) or not row["completion"].strip():
                continue
            if len(row["prompt"]) + len(row["completion"]) <= LONGEST_PROMPT:
                found.append(Prompted(row["prompt"].strip(), row["completion"].strip()))
    return found


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by its header."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))

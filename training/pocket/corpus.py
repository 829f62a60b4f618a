"""All that episodes are drawn from, assembled once: groups of classes, senses, sentences, and their teacher vectors."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from numpy.typing import NDArray

from training.pocket import reading, sources, support, teacher, wordnet
from training.pocket.classify import Class, Classes, Classifier, Neighbourhoods

SEED = 20261121
MESSAGES = 18  # of each support intent
SENTENCES = 14_000  # out of T0's prompts
SENSES = 18_000
READ = 60_000  # further ones of T0's sentences, for their meanings alone
NEAREST = 10


@dataclass(frozen=True)
class Corpus:
    """What the trainer needs. `vectors`: (texts, 384) float16, the teacher's; `rows`: text -> its row."""

    classifier: Classifier
    prompted: list[sources.Prompted]
    sentences: list[str]  # texts with a vector, for streams
    words: list[str]
    rows: dict[str, int]
    vectors: teacher.Vectors


def assemble(data: Path, wordnet_folder: Path, cache: Path, device: str = "cpu") -> Corpus:
    """Read, generate and embed. The embeddings take minutes the first time and are then read from `cache`.

    `device`: where they are computed and compared.
    """
    rng = random.Random(SEED)
    synsets = wordnet.read(wordnet_folder)
    common = wordnet.common(synsets)
    kinds = [_cut(group, 12, rng) for group in wordnet.kinds(synsets)]
    intents = sources.intents(data)
    requests, described = _support(rng)
    prompted = sources.prompted(data)
    chosen = rng.sample([s for s in common if len(s.words[0]) > 2], SENSES)
    senses = [Class(s.words[0], [s.gloss, *s.examples[:1]], s.gloss) for s in chosen]
    sense_texts = [text for c in senses for text in c.texts]
    found = _sentences(prompted)
    read = rng.sample(found, min(SENTENCES, len(found)))
    messages = _unique(t for g in [*intents, *requests] for texts in g.classes.values() for t in texts)
    unnamed = _unique([*messages, *rng.sample(sense_texts, 16_000), *rng.sample(read, 8_000)])
    groups = [*intents, *requests, *kinds]
    sentences = _unique(
        [
            *messages,
            *sense_texts,
            *(t for g in kinds for texts in g.classes.values() for t in texts),
            *read,
            *rng.sample(found, min(READ, len(found))),
            *reading.texts(synsets.values(), [*messages, *read], rng),
        ]
    )
    names = [name.replace("_", " ") for g in groups for name in g.classes] + [c.name for c in senses]
    texts = _unique([*sentences, *names, *described.values()])
    vectors = teacher.embed(texts, cache / "teacher.safetensors", device)
    rows = {text: row for row, text in enumerate(texts)}
    words = _unique(c.name.lower() for c in senses if c.name.isalpha() and len(c.name) < 11)

    def vector(text: str) -> NDArray[numpy.float32]:
        found: NDArray[numpy.float32] = vectors[rows[text]].astype(numpy.float32)
        return found

    named = _named(groups, described, vector)
    near = _nearest(
        vectors[[rows[t] for t in unnamed]].astype(numpy.float32),
        cache / f"near-{teacher.hash_text(chr(10).join(unnamed)):x}.npy",
        device,
    )
    classifier = Classifier(named, Neighbourhoods(unnamed, near), senses, words, wordnet.synonyms(synsets))
    return Corpus(classifier, prompted, sentences, words, rows, vectors)


def _support(rng: random.Random) -> tuple[list[sources.Group], dict[str, str]]:
    """The generated customer messages: one group a domain and one with all, and a description for each intent."""
    everything = {intent.name: [support.message(intent, rng) for _ in range(MESSAGES)] for intent in support.intents()}
    domains: dict[str, dict[str, list[str]]] = {}
    for intent in support.intents():
        domains.setdefault(intent.domain, {})[intent.name] = everything[intent.name]
    groups = [
        sources.Group(f"support-{name}", "what the customer's message is about", classes)
        for name, classes in domains.items()
        if len(classes) >= 4
    ]
    groups.append(sources.Group("support", "which topic a customer's message is about", everything))
    return groups, {intent.name: intent.description for intent in support.intents()}


def _named(
    groups: list[sources.Group], described: dict[str, str], vector: Callable[[str], NDArray[numpy.float32]]
) -> list[tuple[Classes, float]]:
    """Each group with its share of episodes: a quarter for kinds of things, the rest for messages."""
    share = {"clinc": 1.5, "hwu": 1.5, "support": 4.0, "kinds-n": 2.5, "kinds-v": 1.0}
    single = sum(1 for group in groups if group.name not in share)
    found = []
    for group in groups:
        classes = Classes(group, {name: described[name] for name in group.classes if name in described})
        classes.rank(vector)
        found.append((classes, share.get(group.name, 5.0 / single)))
    return found


def _sentences(prompted: list[sources.Prompted]) -> list[str]:
    return _unique(
        part.strip()
        for row in prompted
        for part in re.split(r"(?<=[.?!])\s+|\n+", row.prompt)
        if 24 <= len(part) <= 170 and len(part.split()) > 4
    )


def _cut(group: sources.Group, most: int, rng: random.Random) -> sources.Group:
    classes = {name: rng.sample(texts, min(most, len(texts))) for name, texts in group.classes.items()}
    return sources.Group(group.name, group.goal, classes)


def _nearest(vectors: NDArray[numpy.float32], cache: Path, device: str) -> NDArray[numpy.int32]:
    """(texts, NEAREST) rows of the most similar texts, itself first."""
    if cache.exists():
        kept: NDArray[numpy.int32] = numpy.load(cache)
        return kept
    every = torch.from_numpy(vectors).to(device)
    parts = (every[start : start + 1024] for start in range(0, len(every), 1024))
    near = [(part @ every.T).topk(NEAREST, dim=1).indices.to("cpu", torch.int32) for part in parts]
    found: NDArray[numpy.int32] = torch.cat(near).numpy()
    numpy.save(cache, found)
    return found


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text.strip()))

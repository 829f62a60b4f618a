"""Tables that are made of columns with known roles under composed names, so that it is known what is asked and answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.data.builders import sentence

GOLD = ("gold", "human", "true", "expected", "reference", "final", "correct")
SECOND = ("model", "predicted", "pred", "generated", "baseline", "old", "previous", "system", "bot", "gpt4", "raw")
ODD = (
    "student",
    "v2",
    "second",
    "mistral",
    "annotator1",
    "ours",
    "noisy",
    "clean",
    "deberta",
    "a",
)  # who knows whose answer that is
LABELLED = ("label", "category", "class", "sentiment", "intent", "topic", "queue", "target", "answer", "response", "output")
UNKNOWN = ("mood", "department", "diagnosis", "toxic", "is_spam", "lean", "model", "system")  # or whatever it is called
RATED = ("rating", "stars", "score", "grade", "quality")
REPLIED = ("answer", "response", "output", "reply", "completion", "summary", "target", "solution", "translation")
TEXTS = ("text", "message", "sentence", "review", "comment", "tweet", "body", "document", "input", "utterance", "post")
POSED = ("question", "prompt", "query", "instruction", "problem")
PAIRS = (("premise", "hypothesis"), ("sentence1", "sentence2"), ("question", "context"), ("claim", "evidence"),
         ("subject", "body"), ("title", "description"), ("text_a", "text_b"), ("question", "response"), ("query", "doc"),
         ("prompt", "completion"), ("question", "hint"), ("s_1", "s_2"), ("headline", "text"),
         ("document", "claim"))  # fmt: skip
OF_TEXT = ("customer", "user", "review", "email", "full", "source", "the")
FOREIGN = (("texto", "etiqueta"), ("texte", "catégorie"), ("文本", "标签"), ("текст", "метка"), ("metin", "etiket"),
           ("testo", "etichetta"), ("質問", "ラベル"), ("문장", "레이블"))  # fmt: skip
BESIDE: dict[str, Callable[[int, Random], Any]] = {
    "id": lambda n, _: f"r{n * 7}",
    "message_id": lambda n, _: 1000 + n,
    "user_id": lambda n, _: f"u{n // 3}",
    "split": lambda n, _: ("train", "train", "test")[n % 3],
    "created_at": lambda n, _: f"2024-05-{1 + n % 28:02} 10:{n % 60:02}",
    "timestamp": lambda n, _: 1700000000 + 977 * n,
    "url": lambda n, _: f"https://example.org/{n}",
    "source": lambda n, _: ("web", "mail")[n % 2],
    "annotator": lambda n, _: ("ann", "bo", "cy")[n % 3],
    "confidence": lambda n, chance: round(chance.random(), 3),
    "filename": lambda n, _: f"data/part/{n}.txt",
    "num_tokens": lambda n, _: 20 + n % 13,
}
ATTRIBUTES = ("region", "product", "channel", "topic", "category", "language", "type", "status", "genre", "domain",
              "difficulty", "sentiment", "priority")  # fmt: skip
STYLES: tuple[Callable[[list[str]], str], ...] = (
    "_".join,
    "_".join,
    "".join,
    " ".join,
    "-".join,
    lambda parts: " ".join(map(str.capitalize, parts)),
    lambda parts: parts[0] + "".join(map(str.capitalize, parts[1:])),
    lambda parts: "".join(map(str.capitalize, parts)),
    lambda parts: "_".join(parts).upper(),
)
ROWS = 24
LABELS = (("billing", "delivery", "other"), ("positive", "negative"), ("0", "1"), ("yes", "no"), "ABCD", "12345")


@dataclass(frozen=True)
class Table:
    """`asked`: the columns of the input, each with those that hold the same text; `gold`: those of the output."""

    rows: list[dict[str, Any]]
    asked: tuple[tuple[str, ...], ...]
    gold: tuple[str, ...]

    def is_right(self, asked: list[str], output: str) -> bool:
        whole = all(sum(name in asked for name in alike) == 1 for alike in self.asked)
        return output in self.gold and whole and len(asked) == len(self.asked)


def tables() -> st.SearchStrategy[Table]:
    return st.integers(0, 2**32).map(made)


def made(number: int) -> Table:
    """The table of that number: one task, and whatever may stand beside it."""
    chance = Random(number)
    pick, style = chance.choice, chance.choice(STYLES)
    columns: dict[str, list[Any]] = {}

    def add(parts: list[str], values: list[Any]) -> str | None:
        name = style(parts) if all(part.isascii() for part in parts) else parts[-1]
        if name.lower() in map(str.lower, columns):
            return None
        columns[name] = values
        return name

    labels = pick(LABELS)
    is_text = chance.random() < 0.4
    texts = [sentence(n) + " and more of it" for n in range(ROWS)]
    golds: list[Any] = [f"so {sentence(n + 50)} it is" for n in range(ROWS)] if is_text else [pick(labels) for _ in texts]

    def nearly(agreed: float) -> list[Any]:
        other = [f"but {sentence(n + 90)} was it" for n in range(ROWS)] if is_text else [pick(labels) for _ in texts]
        return [own if chance.random() < agreed else else_ for own, else_ in zip(golds, other, strict=True)]

    # what is asked
    form = chance.random()
    head = pick(REPLIED if is_text else LABELLED)
    vague = is_text and chance.random() < 0.15  # beside labels nobody would know it
    if vague:
        head = pick(("gt", "german", "punchline", "y", "ending", "diagnosis"))
    if not is_text and chance.random() < 0.25:
        head = pick(RATED if labels in ("12345", ("0", "1")) else UNKNOWN)
    asked: list[tuple[str, ...]] = []
    if (form < 0.2 and not is_text) or form < 0.05:
        one, two = pick(PAIRS[:2] if is_text else PAIRS)
        seconds = [f"and {sentence(n + 70)} beside it" for n in range(ROWS)]
        asked = [(name,) for name in (add(one.split("_"), texts), add(two.split("_"), seconds)) if name]
        if two in ("response", "completion"):
            head = "label"
        elif two in ("sentence2", "s_2") and chance.random() < 0.3:
            third = [f"or {sentence(n + 110)} as well" for n in range(ROWS)]
            asked += [(name,) for name in [add(two.replace("2", "3").split("_"), third)] if name]
    elif form < 0.3 and not is_text:
        word, head = pick(FOREIGN)
        asked = [(name,) for name in [add([word], texts)] if name]
    else:
        word = pick(POSED if is_text and chance.random() < 0.6 else TEXTS)
        if not is_text and chance.random() < 0.1:
            word = pick(("response", "answer", "summary", "excerpt", "lyrics"))
            head = pick(("label", "category", "rating", "mood")) if head == word else head
        parts = [pick(OF_TEXT), word] if chance.random() < 0.25 else [word]
        name = add(parts, texts) or ""
        alike = [name]
        if chance.random() < 0.15:
            copied = add([pick(("clean", "raw", "original", "lower")), word], [text.lower() for text in texts])
            alike += [copied] if copied else []
        asked = [tuple(alike)]
    # the answer, and what others answered
    marked = chance.random()
    parts = [pick(GOLD), head] if marked < 0.4 else [head, pick(("corrected", *GOLD))] if marked < 0.46 else [head]
    gold = add(parts, golds) or add(["gold", head], golds) or ""
    same = [gold]
    if len(labels) > 2 and not is_text and chance.random() < 0.08:
        numbers = add([head, pick(("id", "idx"))], [labels.index(value) for value in golds])
        same += [numbers] if numbers else []
    for _ in range(pick((0, 0, 1, 1, 2))):
        whose = chance.random()
        own = head if head in ("model", "system") else pick((head, head, pick(REPLIED if is_text else LABELLED)))
        if whose < 0.5:
            add([pick(SECOND), own], nearly(0.85))
        elif whose < 0.6:
            add([pick(("prediction", "predicted", "pred", "baseline", "model"))], nearly(0.85))
        elif whose < 0.7:
            add([head, pick(("2", "old", "pred", "model"))], nearly(0.85))
        elif whose < 0.8 or vague:
            add([pick(ODD), own], nearly(0.8))
        elif whose < 0.87:
            add([pick(("m1", "run2", "deberta", "ours", "zeroshot", "rater", "v3"))], nearly(0.85))
        elif parts[0] in GOLD or own != head:  # beside gold, or under another name
            add([own], nearly(0.85))
    # what else there is
    for _ in range(pick((0, 0, 1, 1, 2))):
        kind = pick(list(BESIDE))
        add(kind.split("_"), [BESIDE[kind](n, chance) for n in range(ROWS)])
    if chance.random() < 0.3 and not vague:
        held = pick((("north", "south"), ("a", "b", "c"), ("easy", "hard", "odd"), ("true", "false")))
        add([pick(ATTRIBUTES)], [pick(held) for _ in range(ROWS)])
    if chance.random() < 0.12 and not vague:
        add([pick(("score", "votes", "length", "price", "rating"))], [chance.randrange(-3, 40) for _ in range(ROWS)])
    if chance.random() < 0.12:
        add([pick(("notes", "explanation", "rationale", "comment", "description"))],
            [f"because {sentence(n + 30)} and {golds[n]} then" for n in range(ROWS)])  # fmt: skip
    same += [name for name, held in columns.items() if held == golds and name != gold]  # of which nobody can tell
    order = list(columns)
    chance.shuffle(order)
    rows = [{name: columns[name][n] for name in order} for n in range(ROWS)]
    return Table(rows, tuple(asked), tuple(same))

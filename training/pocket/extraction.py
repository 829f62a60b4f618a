"""Episodes of extraction: a message, and a JSON object with the values that it states, copied letter for letter."""

from __future__ import annotations

import json
from random import Random
from typing import NamedTuple

from training.pocket.domains import CHATTER, DOMAINS, GREETINGS, NOTHING, QUESTIONS, Domain
from training.pocket.layout import Layout, document, layout
from training.pocket.pieces import Episode
from training.pocket.slots import FIELDS
from training.pocket.values import BARE, PLAIN
from training.pocket.words import made_up, pick

ENCODE = json.JSONEncoder(ensure_ascii=False).encode
BOTH = (
    "under {} {}",
    "my name is {} {}",
    "I'm {} {}",
    "for {} {}",
    "the name is {} {}",
    "in the name of {} {}",
    "{} {} here",
    "this is {} {}",
    "name: {} {}",
    "signed {} {}",
)
Rows = list[tuple[str, dict[str, str]]]  # messages, and what they state
CLAUSES = (
    "my ",
    "I'",
    "I ",
    "this is",
    "the ",
    "it",
    "we ",
    "there are",
    "call",
    "reach",
    "you",
    "write",
    "send",
    "mail",
    "let",
    "please",
    "quote",
    "apparently",
    "email",
)
ASKS = ("Text", "Text", "Text", "Message", "Input", "User", "Sentence", "Request", "Email", "Note")
CUES = ("JSON", "JSON", "JSON", "Output", "Answer", "Slots", "Result", "Details", "Fields", "Data")
GOALS = (
    "Extract the details of the {} that the text states, as JSON.",
    "Extract the {} details as JSON.",
    "Turn the message into JSON.",
    "Which details does the text state? Answer with a JSON object.",
    "Write the facts of this {} as one JSON object.",
    "Read the message about the {} and copy its details into JSON.",
    "Find the details of the {}. Use JSON.",
    "Text to JSON ({}).",
    "Extract the information from the text.",
    "You fill in forms. Read the message and answer in JSON.",
    "Slot filling for the {}: answer in JSON.",
)
LISTS = (
    "Fields: {}. Leave out what is not stated.",
    "Fields: {}. Leave out what is not stated.",
    "Fields: {}.",
    "Keys: {}. Skip missing ones.",
    "Its keys may be: {}. Copy each value from the text; leave out a key that the text does not state;"
    " with none, answer {{}}.",
    "Use only the keys {}; omit a key if the text does not give it.",
    "Possible fields: {}. Copy the words of the text.",
    "Answer with one JSON object and nothing else. Its keys may be: {}. Leave out what the text does not state.",
)
ARBITRARY = ("slot_{}", "field_{}", "f{}", "x{}", "key_{}", "arg{}", "col_{}", "item_{}")


class Schema(NamedTuple):
    """What one episode asks for."""

    domain: Domain
    keys: dict[str, str]  # field -> its name in the answer, in the order of the answer
    spoken: tuple[str, ...]  # all fields that messages may state: those asked for and others, which distract
    wide: bool  # '4 adults' instead of '4'
    obscure: bool  # names that say nothing: the instruction has to describe them


def names(rng: Random, fields: list[str]) -> tuple[dict[str, str], bool]:
    roll = rng.random()
    if roll < 0.70:
        style = rng.random()
        keys: dict[str, str] = {}
        for field in fields:
            free = [key for key in FIELDS[field].keys if key not in keys.values()]
            key = pick(rng, free) if style < 0.6 else free[0]
            keys[field] = key.upper() if style > 0.93 else key.replace("_", " ") if style > 0.88 else key
        return keys, False
    if roll < 0.85:
        pattern, signs = pick(rng, ARBITRARY), pick(rng, ("abcdefgh", "12345678", "ABCDEFGH"))
        return {field: pattern.format(signs[index]) for index, field in enumerate(fields)}, True
    made: dict[str, None] = {}
    while len(made) < len(fields):
        made[made_up(rng)] = None
    return dict(zip(fields, made, strict=True)), True


def schema(rng: Random) -> Schema:
    domain = DOMAINS[int(rng.random() * len(DOMAINS))]
    split = rng.random() < 0.6
    fields = [f for f in domain.fields if f != "who"]
    rng.shuffle(fields)
    size = rng.randint(2, 6)
    if "who" in domain.fields and rng.random() < 0.7:
        fields = (["first_name", "last_name"] if split else ["name"]) + fields
    if "time" in fields and rng.random() < 0.5:
        fields.remove("time")
        fields.insert(0, "time")
    asked = fields[:size]
    rng.shuffle(asked)
    keys, obscure = names(rng, asked)
    rest = [f for f in fields[size:] if f not in ("first_name", "last_name", "name")]
    extra = rest[: rng.randint(1, 2)] if rng.random() < 0.5 else []
    return Schema(domain, keys, (*asked, *extra), rng.random() < 0.3, obscure)


def state(rng: Random, field: str, phrase: str, wide: bool, stated: dict[str, str]) -> str:
    """The phrase with a new value in it; the value goes to ``stated``."""
    value = FIELDS[field].make(rng)
    if field == "date" and value.startswith(BARE):
        phrase = "{}" if value.startswith("in ") and "for" in phrase else phrase.replace("on {}", "{}")
    elif field == "time" and value in PLAIN:
        phrase = "at {}"  # 'for two' would be people
    elif "a {}" in phrase and value[0] in "aeiouAEIOU":
        phrase = phrase.replace("a {}", "an {}")
    if "[" in phrase:
        before, _, rest = phrase.partition("[")
        inside, _, after = rest.partition("]")
        inside = inside.replace("{}", value)
        stated[field] = inside if wide else value
        return before + inside + after
    stated[field] = value
    return phrase.replace("{}", value)


def parts(rng: Random, chosen: list[str], wide: bool, bare: bool, stated: dict[str, str]) -> list[str]:
    out = []
    if "first_name" in chosen and "last_name" in chosen and rng.random() < 0.85:
        stated["first_name"], stated["last_name"] = FIELDS["first_name"].make(rng), FIELDS["last_name"].make(rng)
        chosen = [f for f in chosen if f not in stated]
        out.append(("{} {}" if bare else pick(rng, BOTH)).format(stated["first_name"], stated["last_name"]))
    for field in chosen:
        out.append(state(rng, field, pick(rng, FIELDS[field].bare if bare else FIELDS[field].phrases), wide, stated))
    rng.shuffle(out)
    return out


def sentence(rng: Random, plan: Schema) -> tuple[str, dict[str, str]]:
    """A message, and what it states of the fields asked for, in the order of the answer."""
    stated: dict[str, str] = {}
    roll = rng.random()
    if roll < 0.10:
        text = pick(rng, plan.domain.nothing if rng.random() < 0.6 else NOTHING)
    else:
        low = 1 if roll < 0.9 else 0
        chosen = rng.sample(plan.spoken, min(len(plan.spoken), rng.randint(low, 4)))
        if roll < 0.30 and all(FIELDS[field].bare for field in chosen):
            text = fragment(rng, parts(rng, chosen, plan.wide, True, stated))
            if len(chosen) == 1 and chosen[0] in QUESTIONS and rng.random() < 0.5:
                text = pick(rng, ("{} {}", "{} - {}", '"{}" {}', "A: {} B: {}")).format(
                    pick(rng, QUESTIONS[chosen[0]]), text
                )
        else:
            text = prose(rng, plan.domain, parts(rng, chosen, plan.wide, False, stated), tuple(stated.values()))
    if rng.random() < 0.18:
        text, stated = text.lower(), {field: value.lower() for field, value in stated.items()}
    return text, {plan.keys[field]: stated[field] for field in plan.keys if field in stated}


def fragment(rng: Random, said: list[str]) -> str:
    text = pick(rng, (", ", ", ", " ", "; ", " / ")).join(said)
    text = pick(rng, ("", "", "", "", "Yes, ", "Ok, ", "Sure: ", "Maybe ", "Make that ")) + text
    if rng.random() < 0.5:
        text += pick(rng, (" please", ".", ", thanks", ", please.", "!"))
    return text


def prose(rng: Random, domain: Domain, said: list[str], values: tuple[str, ...]) -> str:
    """An opener, the statements in some order, small talk."""
    sentences: list[str] = []
    style = rng.random()
    opener = pick(rng, domain.openers)
    if style < 0.45:  # the circumstances in one sentence, each statement in its own
        clauses = [part for part in said if part.startswith(CLAUSES) and not part.startswith(values)]
        rest = [part for part in said if part not in clauses]
        text = opener + pick(rng, (" ", " ", ", ")) + pick(rng, (" ", " ", ", ")).join(rest) if rest else opener
        sentences = [text, *(part[0].upper() + part[1:] for part in clauses)]
    elif style < 0.7:  # one sentence
        join = ", " if any(part.startswith(CLAUSES) for part in said) else pick(rng, (" ", ", "))
        text = opener + pick(rng, (" ", ", ", " ")) + join.join(said) if said else opener
        if len(said) > 1 and rng.random() < 0.4:
            text = f"{opener} {join.join(said[:-1])}{pick(rng, (' and ', ', and ', '; ', '. Oh, and '))}{said[-1]}"
        sentences = [text]
    elif style < 0.85:  # the statements first
        sentences = [", ".join(said), opener] if said else [opener]
    else:  # each by itself
        sentences = [opener, *said]
    if rng.random() < 0.25:
        sentences.insert(rng.randint(0, len(sentences)), pick(rng, CHATTER).rstrip("."))
    if rng.random() < 0.2:
        sentences.append(pick(rng, CHATTER).rstrip("."))
    text = " ".join(part if part[-1] in "?!." else part + pick(rng, (".", ".", ".", "!")) for part in sentences)
    if rng.random() < 0.2:
        text = f"{pick(rng, GREETINGS)} {text}"
    return text.rstrip(".") if rng.random() < 0.2 and not text.endswith(".m.") else text


def described(rng: Random, plan: Schema) -> str:
    """The fields as a list for the instruction, with their meaning where the names do not tell it."""
    tell = plan.obscure or rng.random() < 0.15
    form = pick(rng, ("{} ({})", "{} = {}", "{}: {}"))
    return pick(rng, (", ", ", ", "; ")).join(
        form.format(key, FIELDS[field].about) if tell else key for field, key in plan.keys.items()
    )


def instruction(rng: Random, plan: Schema, listed: bool) -> str:
    goal = pick(rng, GOALS).format(plan.domain.about)
    if not listed:
        return goal
    fields = pick(rng, LISTS).format(described(rng, plan))
    return f"{fields}\n{goal}" if rng.random() < 0.12 else f"{goal}{pick(rng, (chr(10), ' '))}{fields}"


def answers(rows: Rows, plan: Schema, listed: bool) -> tuple[list[tuple[str, str]], list[float]]:
    """The rows in JSON; an answer with a key that the context has not shown yet weighs little."""
    known = set(plan.keys.values()) if listed else set()
    items, weights = [], []
    for index, (text, found) in enumerate(rows):
        items.append((text, ENCODE(found)))
        weights.append(1.0 if listed or (index and known.issuperset(found)) else 0.2)
        known.update(found)
    return items, weights


def episode(rng: Random) -> Episode:
    plan = schema(rng)
    roll = rng.random()  # which of an instruction, its list of fields and demonstrations there are
    listed, told = roll < 0.5, roll < 0.65
    shots = rng.randint(1, 12) if rng.random() < 0.15 else rng.randint(2, 8)
    if listed and rng.random() < 0.35:
        shots = 0
    plan = plan if shots else plan._replace(wide=False)  # only demonstrations can tell
    rows = [sentence(rng, plan) for _ in range(shots + 1)]
    if rng.random() < 0.10:
        return other(rng, plan, rows, told)
    look = layout(rng, ASKS, CUES)
    items, weights = answers(rows, plan, listed)
    return document(rng, look, instruction(rng, plan, listed) if told else "", items, weights)


def other(rng: Random, plan: Schema, rows: Rows, told: bool) -> Episode:
    """Other forms of the answer: 'key: value; key: value', or one field's value alone."""
    look: Layout = layout(rng, ASKS, ("Answer", "Output", "Result", "Value"))
    if rng.random() < 0.5:
        form, join, none = pick(rng, (": ", "=", ": ")), pick(rng, ("; ", ", ", " | ")), pick(rng, ("none", "-", "nothing"))
        items = [(text, join.join(key + form + value for key, value in found.items()) or none) for text, found in rows]
        ask = f"Write the details as key{form}value, separated by '{join.strip()}'; {none} if there are none."
        ask += f"\nFields: {described(rng, plan)}."
        weights = [1.0 if told else 0.2 if index == 0 else 0.6 for index in range(len(items))]
        return document(rng, look, ask if told else "", items, weights)
    field = pick(rng, [field for _, found in rows for field, key in plan.keys.items() if key in found] or list(plan.keys))
    key, none = plan.keys[field], pick(rng, ("none", "none", "not stated", "unknown"))
    about = FIELDS[field].about
    ask = pick(
        rng,
        (
            "What is the {} in the text? If it is not stated, answer {}.",
            "Copy the {} from the text, or write {}.",
            "Find the {}. Answer {} if it is absent.",
        ),
    ).format(about, none)
    items = [(text, found.get(key, none)) for text, found in rows]
    weights = [1.0 if told else 0.2 if index < 2 else 1.0 for index in range(len(items))]
    return document(rng, look, ask if told else "", items, weights)

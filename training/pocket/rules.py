"""Episodes of copying and rewriting by a rule that an instruction states, that demonstrations show, or both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from training.pocket.layout import document, guessable, layout
from training.pocket.pieces import Episode
from training.pocket.rule_texts import (
    bullets,
    comma_list,
    holding,
    look_up,
    mail,
    mixed,
    pairs,
    plain,
    shift,
    single,
    swapped,
    table,
)
from training.pocket.words import first_name, pick, word, words


class Rule(NamedTuple):
    """A task: ``apply`` alone decides the answer, so that it is determined by the rule and the text."""

    tell: tuple[str, ...]  # wordings of the instruction
    text: Callable[[Random], str]
    apply: Callable[[str], str]


NTH = ("first", "second", "third", "fourth")
MARKS = (
    ('"', '"'),
    ("(", ")"),
    ("[", "]"),
    ("<", ">"),
    ("*", "*"),
    ("{", "}"),
    ("'", "'"),
    ("<<", ">>"),
    ("_", "_"),
    ("**", "**"),
)
JOINS = {
    "commas": ", ",
    "hyphens": "-",
    "semicolons": "; ",
    "slashes": "/",
    "plus signs": " + ",
    "underscores": "_",
    "bars": " | ",
}
SIGNS = ("!", "?", "...", " #", " - ok", " (end)", ".")
FORMS = (
    "I like {}.",
    "Dear {},",
    "The {} is here.",
    "Where is the {}?",
    "We saw a {} and left.",
    "my {} and me",
    "No {} today!",
    "{} first.",
)


def always(rng: Random) -> Rule:
    """A rule without parameters."""
    return FIXED[int(rng.random() * len(FIXED))]


FIXED = (
    Rule(("Repeat the text.", "Copy the text exactly.", "Say it again.", "Write the same words."), plain, str),
    Rule(("Write the text in capital letters.", "Change to upper case.", "Make all letters capital."), plain, str.upper),
    Rule(
        ("Write the text in lower case.", "Change all capitals to small letters.", "Lowercase the text."), mixed, str.lower
    ),
    Rule(
        ("Write each word with a capital first letter.", "Change to title case.", "Capitalise every word."),
        plain,
        lambda t: " ".join(w.capitalize() for w in t.split()),
    ),
    Rule(("Which word is last?", "Give the last word.", "Write only the final word."), plain, lambda t: t.split()[-1]),
    Rule(
        (
            "Write the words in reverse order.",
            "Reverse the order of the words.",
            "Say the words backwards, the last one first.",
        ),
        plain,
        lambda t: " ".join(reversed(t.split())),
    ),
    Rule(
        ("Sort the words by the alphabet.", "Put the words in alphabetical order.", "Sort the words from a to z."),
        plain,
        lambda t: " ".join(sorted(t.split(), key=str.lower)),
    ),
    Rule(
        ("Count the words.", "How many words are there?", "Give the number of words."), plain, lambda t: str(len(t.split()))
    ),
    Rule(("Write the text twice.", "Duplicate the text.", "Say it two times."), plain, lambda t: f"{t} {t}"),
    Rule(("Write every word twice.", "Double each word."), plain, lambda t: " ".join(f"{w} {w}" for w in t.split())),
    Rule(
        ("What is in quotes?", "Copy the quoted part.", "Write what stands between the quotation marks."),
        holding(lambda rng: f'"{" ".join(words(rng, 1, 3))}"'),
        lambda t: t.split('"')[1],
    ),
    Rule(
        ("What stands in brackets?", "Copy the part in brackets.", "Give the words between the brackets."),
        holding(lambda rng: f"({' '.join(words(rng, 1, 3))})"),
        lambda t: t.partition("(")[2].partition(")")[0],
    ),
    Rule(
        ("Find the number.", "Which number is in the text?", "Copy the number only."),
        holding(lambda rng: str(rng.randint(0, 9999))),
        lambda t: re.findall(r"\d+", t)[0],
    ),
    Rule(
        ("Find the e-mail address.", "Copy the e-mail address.", "Which e-mail address is given?"),
        holding(mail),
        lambda t: next(w for w in t.split() if "@" in w),
    ),
    Rule(
        ("Which word has a capital letter?", "Copy the capitalised word.", "Find the name."),
        holding(first_name),
        lambda t: next(w for w in t.split() if w[0].isupper()),
    ),
    Rule(
        ("Turn the list into bullet points.", "Write one item a line, each after a dash.", "Make a bullet list."),
        comma_list,
        lambda t: "\n".join(f"- {w}" for w in t.split(", ")),
    ),
    Rule(
        ("Turn the bullet points into a list with commas.", "Write the items on one line, separated by commas."),
        bullets,
        lambda t: t[2:].replace("\n- ", ", "),
    ),
    Rule(
        ("Number the items.", "Make a numbered list on one line."),
        comma_list,
        lambda t: " ".join(f"{i}. {w}" for i, w in enumerate(t.split(", "), 1)),
    ),
    Rule(
        ("Swap names and numbers.", "Swap both sides of each equals sign.", "Put the number before the name."),
        pairs,
        swapped,
    ),
    Rule(
        (
            "Look it up in the list.",
            "Give the value that is asked for.",
            "Answer from the table.",
            "Which value belongs to the word?",
        ),
        table,
        look_up,
    ),
    Rule(
        ("Give the first letter.", "What letter does it start with?", "Write the first letter only."), plain, lambda t: t[0]
    ),
    Rule(
        ("Write the first letter of each word.", "Give the initials.", "Take each word's first letter."),
        plain,
        lambda t: " ".join(w[0] for w in t.split()),
    ),
    Rule(
        ("Write the words as a JSON list.", "Turn the words into a JSON array.", "Format as a JSON list of strings."),
        plain,
        lambda t: json.dumps(t.split(), ensure_ascii=False),
    ),
    Rule(
        ("Write the pairs as a JSON object.", "Turn the list into JSON.", "Format as JSON."),
        pairs,
        lambda t: json.dumps({k: int(n) for k, n in (e.split(" = ") for e in t.split(", "))}, ensure_ascii=False),
    ),
    Rule(
        ("Delete the first word.", "Leave out the first word.", "Write all but the first word."),
        plain,
        lambda t: t.partition(" ")[2],
    ),
    Rule(
        ("Delete the last word.", "Leave out the last word.", "Write all but the last word."),
        plain,
        lambda t: t.rpartition(" ")[0],
    ),
    Rule(
        ("Swap the first and the last word.", "Exchange first and last word."),
        plain,
        lambda t: " ".join([t.split()[-1], *t.split()[1:-1], t.split()[0]]),
    ),
    Rule(("Move the first word to the end.", "Put the first word last."), plain, shift),
    Rule(
        (
            "Write the longer word of the two; with equal length, the first.",
            "Which word is longer? If neither is, the first.",
        ),
        lambda rng: " ".join(words(rng, 2, 2)),
        lambda t: max(t.split(), key=len),
    ),
    Rule(
        ("Spell the word with hyphens.", "Put a hyphen between the letters.", "Spell it letter by letter, with hyphens."),
        single,
        "-".join,
    ),
    Rule(("How many letters has the word?", "Count the letters."), single, lambda t: str(len(t))),
    Rule(("How many items are in the list?", "Count the items."), comma_list, lambda t: str(len(t.split(", ")))),
    Rule(("Write the last item of the list.", "Which item comes last?"), comma_list, lambda t: t.split(", ")[-1]),
    Rule(
        ("Is there a number in the text? Answer yes or no.", "Does the text hold a number (yes/no)?"),
        lambda rng: holding(lambda r: str(r.randint(0, 99)))(rng) if rng.random() < 0.5 else plain(rng),
        lambda t: "yes" if re.search(r"\d", t) else "no",
    ),
    Rule(("Remove the brackets.", "Write it without the brackets."), lambda rng: f"[{plain(rng)}]", lambda t: t[1:-1]),
    Rule(
        ("Remove the number.", "Delete the number."),
        holding(lambda rng: str(rng.randint(0, 999))),
        lambda t: " ".join(w for w in t.split() if not w.isdigit()),
    ),
)


def position(rng: Random) -> Rule:
    n = rng.randint(0, 2)
    name = pick(rng, (NTH[n], NTH[n], f"{n + 1}{('st', 'nd', 'rd')[n]}"))
    return Rule(
        (f"Give the {name} word.", f"Which is the {name} word?", f"Write only the {name} word.", f"Copy the {name} word."),
        lambda r: " ".join(words(r, 3, 6)),
        lambda t: t.split()[n],
    )


def wrapped(rng: Random) -> Rule:
    left, right = MARKS[int(rng.random() * len(MARKS))]
    return Rule(
        (
            f"Put the text between {left} and {right}.",
            f"Write {left} before the text and {right} after it.",
            f"Wrap it like this: {left}text{right}",
        ),
        plain,
        lambda t: left + t + right,
    )


def joined(rng: Random) -> Rule:
    name = pick(rng, tuple(JOINS))
    return Rule(
        (f"Join the words with {name}.", f"Put {name} between the words.", f"Separate the words by {name}."),
        plain,
        lambda t: JOINS[name].join(t.split()),
    )


def extended(rng: Random) -> Rule:
    new, sign = word(rng), pick(rng, SIGNS)
    return (
        Rule(
            (f"Add {new} at the beginning.", f"Begin with the word {new}.", f"Write {new} before the text."),
            plain,
            lambda t: f"{new} {t}",
        ),
        Rule(
            (f"Add {new} at the end.", f"End with the word {new}.", f"Write {new} after the text."),
            plain,
            lambda t: f"{t} {new}",
        ),
        Rule((f"Add '{sign}' at the end.", f"Write '{sign}' right after the text."), plain, lambda t: t + sign),
        Rule((f"Begin with '{new}: '.", f"Write '{new}: ' before the text."), plain, lambda t: f"{new}: {t}"),
    )[int(rng.random() * 4)]


def with_word(old: str, share: float = 1.0) -> Callable[[Random], str]:
    """Texts that hold the word ``old``, or some of which do."""

    def text(rng: Random) -> str:
        said = [w for w in words(rng, 2, 6) if w != old]
        if rng.random() < share:
            said.insert(rng.randint(0, len(said)), old)
        return " ".join(said)

    return text


def replaced(rng: Random) -> Rule:
    old, new = words(rng, 2, 2)
    return Rule(
        (f"Replace {old} by {new}.", f"Write {new} instead of {old}.", f'Change the word "{old}" to "{new}".'),
        with_word(old, 0.9),
        lambda t: " ".join(new if w == old else w for w in t.split()),
    )


def deleted(rng: Random) -> Rule:
    old = word(rng)
    return Rule(
        (f"Delete the word {old}.", f'Leave out "{old}".', f"Remove {old} from the text."),
        with_word(old, 0.9),
        lambda t: " ".join(w for w in t.split() if w != old),
    )


def contained(rng: Random) -> Rule:
    old = word(rng)
    yes, no = pick(rng, ("yes no", "yes no", "Yes No", "true false", "1 0")).split()
    return Rule(
        (
            f'Is the word "{old}" in the text? Answer {yes} or {no}.',
            f"Write {yes} if the text has the word {old}, otherwise {no}.",
        ),
        with_word(old, 0.5),
        lambda t: yes if old in t.split() else no,
    )


def filled(rng: Random) -> Rule:
    form = pick(rng, FORMS)
    shown = form.replace("{}", pick(rng, ("___", "X", "[word]")))
    return Rule(
        (f"Fill in the word: {shown}", f"Put the word into this sentence: {shown}", f"Use the word here: {shown}"),
        single,
        form.format,
    )


def keyed(rng: Random) -> Rule:
    key = word(rng)
    return Rule(
        (
            f'Write JSON with the key "{key}" and the text as its value.',
            f'Make a JSON object, with the text under "{key}".',
        ),
        plain,
        lambda t: json.dumps({key: t}, ensure_ascii=False),
    )


def neighbour(rng: Random) -> Rule:
    old = word(rng)

    def text(r: Random) -> str:
        said = [w for w in words(r, 3, 6) if w != old]
        said.insert(r.randint(0, len(said) - 1), old)
        return " ".join(said)

    return Rule(
        (f"Which word comes right after {old}?", f"Give the word that follows {old}."),
        text,
        lambda t: t.split()[t.split().index(old) + 1],
    )


MAKERS: tuple[Callable[[Random], Rule], ...] = (
    position,
    wrapped,
    joined,
    extended,
    replaced,
    deleted,
    contained,
    filled,
    keyed,
    neighbour,
)


def rule(rng: Random) -> Rule:
    """A rule, with its parameters chosen."""
    return (always if rng.random() < 0.55 else MAKERS[int(rng.random() * len(MAKERS))])(rng)


def episode(rng: Random) -> Episode:
    if rng.random() < 0.15:
        return several(rng)
    task = rule(rng)
    told = rng.random() < 0.7
    shots = rng.randint(0, 6) if told else rng.randint(2, 6)
    items = [(text, task.apply(text)) for text in (task.text(rng) for _ in range(shots + 1))]
    look = layout(rng, lines=any("\n" in text + answer for text, answer in items))
    weights = [1.0 if told else guessable(index) for index in range(len(items))]
    return document(rng, look, pick(rng, task.tell) if told else "", items, weights)


def several(rng: Random) -> Episode:
    """Each item has an instruction of its own, so that it must be read."""
    asks = pick(rng, ("Task", "Instruction", "Do this", "Request", "Order", "Command"))
    texts = pick(rng, ("Text", "Input", "Words", "Given", "On"))
    items, before = [], rng.random() < 0.75
    same = plain(rng)
    for _ in range(rng.randint(1, 5)):
        task = rule(rng)
        text = same if task.text is plain and rng.random() < 0.4 else task.text(rng)
        tell = pick(rng, task.tell)
        items.append((f"{tell}\n{texts}: {text}" if before else f"{text}\n{asks}: {tell}", task.apply(text)))
    look = layout(rng, lines=True)._replace(before=f"{asks if before else texts}: ")
    return document(rng, look, "", items, [1.0] * len(items))

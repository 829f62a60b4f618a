"""Which column of a table is the output: told by names and by contents, and asked for where two would be about as good."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossover.data.chat import is_talk, turns_in
from crossover.data.columnnames import (
    ANSWERS,
    ASKS,
    GROUPS,
    MAKERS,
    Name,
    is_group,
    is_reference,
    is_said_of,
    is_split,
    judges,
    may_be_asked,
    read,
)
from crossover.data.looks import dates, flags, nested, numeric, of_few, places, wordy
from crossover.errors import DataError

WORSE = re.compile(r"reject|dispreferred|non_preferred|worse|worst|loser", re.I)  # an answer that is not to be given
NAMED = "by its name"
AGREED = 0.7  # of the rows: one column is what somebody else said of the other's question
SHARED = 0.5  # of the values of two columns, for them to be answers of one kind
SPARSE = 0.1  # of the rows: what is told of fewer is an exception
TIMES, ENDING = 3, 200  # as long as the answer is what ends with it, and in how many characters it does
FULL = 0.9  # of the rows of another: what is blank in more tells of some of them only
NAMES = 6  # columns that are named in a sentence
SAY = (
    "valid is to say which ones are meant, with the keys input: and output: of a task file (crossover init writes it with"
    " --input COLUMN --output COLUMN)"
)
_STRONG = ("reply", "label")
_UNNAMED = re.compile(r"column_\d+")


class Unclear(DataError):
    """Several columns could be the input or the output: somebody has to say which."""


@dataclass(frozen=True)
class Column:
    """A column beside those that are the input already, with how its name is read."""

    name: str
    values: Sequence[str]
    read: Name
    few: bool

    @property
    def marked(self) -> bool:
        """Whether it is called what people decided, and can be."""
        return self.read.whose == "gold" and (self.strong or self.read.role in ("attribute", "rating", "weak"))

    @property
    def strong(self) -> bool:
        if self.read.head == "reference" and self.read.role == "reply":  # a paper's number is one, too
            return self.few or wordy(self.values)
        if self.read.number or (self.read.head == "human" and not self.few):  # who speaks
            return False
        return self.read.role in _STRONG

    @property
    def named(self) -> bool:
        return (self.strong or self.read.role in ("attribute", "rating")) and not self.read.number

    @property
    def beside(self) -> bool:
        return self.read.role in ("beside", "asked")

    @property
    def second(self) -> bool:
        """Whether it is called what a model answered, or what was answered before."""
        return self.read.whose == "second" and self.read.role in (*ANSWERS, "")


def columns_of_table(columns: Mapping[str, list[str]]) -> list[Column]:
    """The columns, without the worse of two answers; texts of a source, or of a user, are what is read."""

    def column(name: str, values: list[str]) -> Column:
        few, word = of_few(values), read(name)
        spoken = word.role == "beside" and word.head in ("source", "src", *GROUPS) and wordy(values) and not few
        return Column(name, values, replace(word, role="text") if spoken else word, few)

    return [column(name, values) for name, values in columns.items() if not WORSE.search(name)]


def output_of(columns: Mapping[str, list[str]], path: Path, used: Sequence[str] = (), known: str = "") -> tuple[str, str]:
    """The output column, and why. `used`: those that are the input already; `known`: the output of a layout.

    Gold is before what is only called an answer, that before what may also tell of a text (a category, a rating), and
    that before what has no telling name; what a model said is last. Raises `Unclear` where that leaves several, or where
    another column speaks against the one that it leaves.
    """
    if len(columns) < (1 if used else 2):
        names = ", ".join((*used, *columns)) or "none"
        raise DataError(f"{path}: columns with content, besides 'id': {names}; valid are two, an input and an output")
    held = columns_of_table(columns)
    telling = [one for one in held if not (one.beside or _names(one) or is_talk(one.values[0]))]
    most = max(len(one.values) for one in telling) if telling else 0
    telling = [one for one in telling if len(one.values) >= SPARSE * most]
    telling = [one for one in telling if one.strong or not dates(one.values)] or telling
    first = [one for one in telling if not one.second]
    answers = [one for one in first if one.strong]
    first = [one for one in first if one not in answers or not any(_works_out(one, other) for other in answers)]
    posed = any(read(name).role == "posed" for name in (*used, *columns))
    first = _with_input(first, held, used)
    forced = [one for one in held if one.name == known]
    named = [one for one in first if one.named]
    levels = (
        [one for one in first if one.marked],
        forced or [one for one in first if one.strong],
        [one for one in named if not _measures(one, named)],
    )
    group, numbers = _told_apart(next(filter(None, levels), []))
    if not group:
        return _unnamed(held, telling, first, path, used)
    against = [one for one in first if one not in group and not _measures(one, group)]
    against = [one for one in against if _rivals(group[0], one, posed, len(used) > 1, first)]
    if any(_in_series(name, used) for name in used) and not group[0].strong:  # how alike two texts are
        against += [one for one in first if one.read.role == "weak" and one not in (*group, *against)]
    if forced and group == forced:
        against = [one for one in against if one.read.role in _STRONG or one.read.whose == "odd" or judges(one.name)]
    if len(group) + len(against) > 1:
        raise unclear(path, "output", [*group, *against])
    return group[0].name, _names_of(numbers) or NAMED


def _rivals(found: Column, other: Column, posed: bool, paired: bool, beside: Sequence[Column]) -> bool:
    """Whether another column speaks against the one that was found."""
    if _same(found, other) or (flags(other.values) and _told_by(found, other)):
        return False  # names of its numbers, or a sign of one of its labels
    alike = similar(found.values, other.values)
    if other.second:
        return False
    if other.read.whose == "gold" and other.read.role in ("", "reply") and not other.strong:
        return other.few or wordy(other.values) or (nested(other.values) and not _listed(found, other))
    if found.marked:
        graded = any(one.read.role in ("rating", "weak") for one in beside)
        kinds = {found.read.role, other.read.role} != {"reply"} or flags(found.values)  # it may judge the other
        apart = other.strong and other.few != found.few and kinds
        return apart or (other.read.whose == "odd" and graded and not found.few)
    if other.strong:
        return True
    if not other.named and (is_said_of(found.name, other.name) or len(other.values) < FULL * len(found.values)):
        return False
    if found.read.role == "rating" and other.few and not (other.named or flags(other.values)):
        return not any(one.read.head == "review" for one in beside)  # what is reviewed has a name
    if other.few and all(one.name.lower().endswith("name") for one in (found, other)):
        return True  # names of several things
    if not found.few and alike:
        return other.read.head not in MAKERS
    if posed != paired and not wordy(found.values) and not other.read.role and wordy(other.values):
        return True  # a question has an answer, or something is asked of both
    if not found.strong or found.read.whose == "odd":
        return other.named or other.few
    if found.read.head == "target" and not wordy(found.values) and other.read.role in ("attribute", "rating", "weak"):
        return found.few or other.read.role != "attribute"  # what is said of a target is the other
    if not found.few and not nested(found.values):  # a text, beside which labels may tell of the question, else of either
        return other.few and (judges(other.name) or not (posed and other.read.role not in ("rating", "weak")))
    chance = (flags(other.values) or numeric(other.values)) and not other.named and not agree(found.values, other.values)
    return alike and not chance and other.read.head not in MAKERS


def _listed(one: Column, other: Column) -> bool:
    """Whether the values of a column stand in the lists of another, which has more of them for a row."""
    held = {text for value in other.values for text in turns_in(value) or [] if isinstance(text, str)}
    return sum(value in held for value in one.values) >= FULL * len(one.values)


def _unnamed(
    held: Sequence[Column], telling: Sequence[Column], first: Sequence[Column], path: Path, used: Sequence[str]
) -> tuple[str, str]:
    """The output where no column of people's is called like one."""
    second = [one for one in telling if one.second]
    weak = [one for one in first if one.read.role == "weak"]
    asks = [one for one in first if one.read.role in ASKS]
    others = [one for one in first if one not in (*weak, *asks)]
    few, numbers = _told_apart([one for one in (*others, *(asks if len(asks) > 1 else ())) if one.few])
    few = [one for one in few if not _in_series(one.name, [other.name for other in held])] or few
    rest = [one for one in others if not one.few]
    texts = [one for one in rest if wordy(one.values)]
    given = bool(used) or any(one.read.role in ("text", "posed") for one in asks)  # an input by its name
    headings = [one for one in asks if one.read.role == "heading" and len(asks) > 1]  # which may be what is to be written
    if second:
        rest = rest if asks or used or len(rest) > 1 else []  # a single text is the input
        found = [*few, *(one for one in weak if one.few), *rest, *headings]
        shared = [one for one in found if any(similar(one.values, said.values) for said in second)]
        return _sole(shared if len(shared) == 1 else [*found, *second], path, NAMED)
    if few or weak:
        if len(few) > 1 and all(_UNNAMED.fullmatch(one.name) for one in few):
            few = [one for one in few if not numeric(one.values)][-1:] or few[-1:]  # of a table without names, the last one
        group = [*few, *(one for one in weak if one.few or not few), *(texts if given and not used else ())]
        group += [one for one in headings if one.read.whose == "odd"]
        return _sole(group, path, _names_of(numbers) or "as its values come again and again")
    asked = [one for one in held if may_be_asked(one.name) and 1 < len({*one.values}) < len(one.values)]
    if asked and (given or asks or len(rest) == 1):
        return _sole([*asked, *(rest if given else ()), *headings], path, NAMED)
    if not given and asks and texts:
        raise unclear(path, "output", [*asks, *texts])
    if not given and not asks and len(texts) == 1:
        rest = [one for one in rest if numeric(one.values)] or (rest if len(rest) > 1 else [])  # the text is the input
    if rest:
        rest = [*rest, *(headings if any(map(wordy, [one.values for one in rest])) else ())]
        return _sole(rest, path, "as it is left")
    left = [one for one in held if not (is_reference(one.name) or _names(one) or is_talk(one.values[0]))]
    left = [
        one for one in left if one not in (*asks, *others) and not is_group(one.name) and (one.few or wordy(one.values))
    ]
    if left and (used or asks or others):
        return _sole(left, path, "as it is left")
    if len(asks) > 1:
        raise unclear(path, "output", asks)
    beside = [one for one in sorted(held, key=lambda one: not _names(one)) if one not in first]
    if beside:
        talk = is_talk(beside[-1].values[0])
        why = "holds turns of a conversation" if talk else "tells of a row (an id, a source, a date)"
        raise DataError(
            f"{path}: no column looks like an output: '{beside[-1].name}' {why}; valid is an"
            " output column called 'label', for example, or a task file that names one (output:)"
        )
    raise DataError(
        f"{path}: no column is named like an output; valid is an output column called 'label', for example, or a task file"
        " that names one (output:)"
    )


def _with_input(first: Sequence[Column], held: Sequence[Column], used: Sequence[str]) -> list[Column]:
    """The columns that may be the output: a text called an answer is the input where there is no other."""
    if used or any(one.read.role in (*ASKS, "context") for one in held):
        return list(first)
    plain = [one for one in held if wordy(one.values) and not (one.named and one in first)]
    texts = [one for one in first if one.strong and not one.few and wordy(one.values)]
    others = [one for one in first if one not in texts and (one.few or one.named)]
    return list(first) if plain or not others else [one for one in first if one not in texts]


def _measures(one: Column, others: Sequence[Column]) -> bool:
    """Whether a column has numbers for what another says in a few words."""
    return one.read.role == "attribute" and numeric(one.values) and not one.few and any(other.few for other in others)


def agree(one: Sequence[str], other: Sequence[str], share: float = AGREED) -> bool:
    """Whether two columns mostly say the same."""
    return sum(map(str.__eq__, one, other)) >= share * max(len(one), len(other), 1)


def similar(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns answer one question: with the same few values, or with many that are the same."""
    if of_few(one) and of_few(other):
        return len({*one} & {*other}) >= SHARED * len({*one, *other})
    return agree(one, other, SHARED)


def _told_by(one: Column, other: Column) -> bool:
    """Whether each value of a column goes with one value of the other."""
    pairs = {*zip(one.values, other.values, strict=False)}
    return len(one.values) == len(other.values) and one.few and len(pairs) == len({*one.values})


def recoded(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns say the same in other words: numbers of classes, and their names."""
    pairs = {*zip(one, other, strict=False)}
    return of_few(one) and len(one) == len(other) and len(pairs) == len({*one}) == len({*other})


def _works_out(one: Column, other: Column) -> bool:
    """Whether a column ends with what another holds, at length: how an answer is come to, beside the answer."""
    pairs = [*zip(one.values, other.values, strict=False)]
    ends = sum(len(long) > TIMES * len(short) and short in long[-ENDING:] for long, short in pairs)
    return len(one.values) == len(other.values) and ends >= FULL * len(pairs)


def _told_apart(group: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """Columns without those that say by numbers what another says by names, and these."""
    by_names = [one for one in group if not (one.read.number or numeric(one.values))]
    numbers = [one for one in group if one not in by_names and any(_same(one, other) for other in by_names)]
    return [one for one in group if one not in numbers], numbers


def _names_of(numbers: Sequence[Column]) -> str:
    return f"the names of the numbers in '{numbers[0].name}'" if numbers else ""


def _names(column: Column) -> bool:
    """Whether a column says which split, file or address a row is of."""
    return names_splits(column.values) or places(column.values)


def _in_series(name: str, columns: Iterable[str]) -> bool:
    """Whether other columns have the same name but for a number: they are one thing together."""
    stem = re.sub(r"\d+", "", name)
    return stem != name and sum(re.sub(r"\d+", "", other) == stem for other in columns) > 1


def _same(one: Column, other: Column) -> bool:
    """Whether two columns say the same in other words: numbers of classes, and their names."""
    return {*one.values} != {*other.values} and recoded(one.values, other.values)


def _sole(group: Sequence[Column], path: Path, why: str) -> tuple[str, str]:
    if len(group) > 1:
        raise unclear(path, "output", group)
    return group[0].name, why


def unclear(path: Path, role: str, columns: Iterable[Column]) -> Unclear:
    names = [one.name for one in columns]
    return Unclear(f"{path}: which column is the {role} is not clear: {quoted(names, 'or')} may be; {SAY}")


def names_splits(values: Collection[str]) -> bool:
    """Whether the values are the names of splits."""
    return len(found := {value.strip().lower() for value in values}) > 1 and all(map(is_split, found))


def quoted(names: Iterable[str], last: str = "") -> str:
    """Some names, and how many more."""
    shown = [f"'{name}'" for name in names]
    if len(shown) > NAMES:
        return f"{', '.join(shown[:NAMES])} and {len(shown) - NAMES} more"
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if last and len(shown) > 1 else ", ".join(shown)

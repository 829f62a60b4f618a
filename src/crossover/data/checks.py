"""What is wrong or doubtful with the data, found before anything is spent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from crossover.data.chat import turns_in
from crossover.data.compared import compared
from crossover.data.damaged import ABSENT, absent, damaged
from crossover.data.finding import NAMED_LABELS, Finding, by_level, count_inputs, count_rows, first_of
from crossover.data.gold import Shown, labels_shown, objects_shown, texts_shown
from crossover.data.joined import joined
from crossover.data.labels import Merged, look_alikes, scale
from crossover.data.leaks import MUCH, Told, duplicates, met_before, untold
from crossover.data.splits import Splits
from crossover.data.task import Task
from crossover.data.text import comparable, folded, spelled
from crossover.errors import nearest
from crossover.types import Example

FEW_ROWS = 5
IMBALANCE = 10.0


def check(task: Task, splits: Splits, told: Told = untold) -> list[Finding]:
    """All findings about the splits, errors first. Codes:

    blank, damaged_text, absent_text, duplicates, conflict, leak_exact, leak_near, known_before, alike_test, leak_group; for
    kind classify also merged_labels, gold_in_input, several_labels, one_label, unlisted_label, unused_label,
    label_variants, unseen_label, few_rows, imbalance, absent_label, number_labels; for kinds generate and extract
    gold_in_input; for kind generate number_outputs.
    `infer.prepare` adds read_otherwise. `told`: what is compared, and how far that is.
    """
    examples = splits.all
    findings = [*_blank(splits), *absent_texts(examples), *damaged_texts(examples)]
    findings += [*duplicates(splits), *met_before(splits, told)]
    if task.kind != "generate":  # free text has many right answers
        findings += _conflicts(splits)
    if task.kind == "classify":
        findings += _labels(task, splits)
    if task.kind == "generate":
        findings += _shown(texts_shown(splits.all, task.output), len(splits.all), "their whole output")
        findings += _measured(task, {example.output for example in splits.all})
    if task.kind == "extract":
        findings += _shown(objects_shown(splits.all), len(splits.all), "their output")
    return by_level(findings)


def check_lengths(examples: Sequence[Example], count: Callable[[str], int], window: int, reserve: int) -> list[Finding]:
    """Inputs whose tokens and `reserve` (prompt and answer) together exceed the model's window of tokens.

    `count` gives the tokens of a text. An error when no input fits, a warning (code `too_long`) when some do not.
    """
    lengths = [count(example.input) for example in examples]
    rows = tuple(e.source for e, n in zip(examples, lengths, strict=True) if n + reserve > window)
    if not rows:
        return []
    message = (
        f"{len(rows)} of {count_inputs(len(examples))} exceed the context window of {window} tokens with {reserve} kept "
        f"for prompt and answer; the longest has {max(lengths)} tokens"
    )
    return [Finding("error" if len(rows) == len(examples) else "warning", "too_long", message, rows)]


def check_tokens(labels: Sequence[str], encode: Callable[[str], Sequence[int]], model: str) -> list[Finding]:
    """Labels that are the same tokens for a model, such as "m²" and "m2" where its tokenizer normalises: it would always
    give the first. `encode` gives the tokens of an answer. An error (code `same_tokens`) that names them."""
    alike: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for label in labels:
        alike[tuple(encode(label))].append(label)
    return [
        Finding(
            "error",
            "same_tokens",
            f"the labels {_names(same)} are the same tokens for the model '{model}': it cannot tell them apart; rename "
            "one, or take another model",
        )
        for same in alike.values()
        if len(same) > 1
    ]


def check_written(examples: Sequence[Example], written: Callable[[str], str], model: str) -> list[Finding]:
    """Outputs that a model cannot write as they are, such as those with an empty line where one ends its answers, or with
    letters that its tokenizer does not know. `written` gives what comes out. A warning (code `unwritable`).
    """
    come_out = {text: written(text) for text in dict.fromkeys(example.output for example in examples)}
    odd = [example for example in examples if comparable(come_out[example.output]) != comparable(example.output)]
    if not odd:
        return []
    message = (
        f"{len(odd)} of {len(examples)} outputs cannot be written by the model '{model}', which ends its answers at an"
        f" empty line or does not know some letter: the first would come out as {come_out[odd[0].output][:60]!r}"
    )
    return [Finding("warning", "unwritable", message, tuple(example.source for example in odd))]


def _blank(splits: Splits) -> list[Finding]:
    if not splits.blank:
        return []
    message = f"{count_rows(len(splits.blank))} with a blank input or output, left out"
    return [Finding("warning", "blank", message, splits.blank)]


def absent_texts(examples: Sequence[Example]) -> list[Finding]:
    """Many inputs with a line that a program writes where a cell is empty (code `absent_text`)."""
    found = absent(examples)
    if len(found) < MUCH * max(1, len(examples)):
        return []
    message = f"{count_rows(len(found))} whose input has a line 'nan', 'None' or 'null': empty cells, written as words?"
    return [Finding("warning", "absent_text", message, tuple(example.source for example in found))]


def damaged_texts(examples: Sequence[Example]) -> list[Finding]:
    """Texts with letters lost, or read in another encoding than they were written in (code `damaged_text`)."""
    if (found := damaged(examples)) is None:
        return []
    message = (
        f"{count_rows(len(found.rows))} with letters that were lost or read in a wrong encoding, such as '{found.shown}' in"
        f" {found.rows[0]}: save the texts anew as UTF-8, from where they came"
    )
    return [Finding("warning", "damaged_text", message, found.rows)]


def _conflicts(splits: Splits) -> list[Finding]:
    found: defaultdict[str, list[Example]] = defaultdict(list)
    for example in splits.all:
        found[compared(example)].append(example)
    rows = [
        ", ".join(f"{example.source} ({example.output})" for example in same)
        for same in found.values()
        if len({folded(example.output) for example in same}) > 1
    ]
    if not rows:
        return []
    message = f"{count_inputs(len(rows))} with more than one output: the labels contradict each other"
    return [Finding("warning", "conflict", message, tuple(rows))]


def _labels(task: Task, splits: Splits) -> list[Finding]:
    counts = Counter(example.output for example in splits.train)
    everywhere = Counter(example.output for example in splits.all)
    found = labels_shown(splits.all, task.output)
    findings = [*merged_labels(splits.merged), *_shown(found, len(splits.all), "their own label and no other")]
    findings += [*_several(splits), *_absent(splits), *_scale(everywhere)]
    if len(everywhere) == 1:
        only = next(iter(everywhere))
        message = f"every row has the output '{only}': there is nothing to decide; valid are two labels or more"
        findings.append(Finding("error", "one_label", message))
    if task.labels:
        findings += _unlisted(task.labels, splits.all)
        unused = [label for label in task.labels if label not in everywhere]
        if unused:
            findings.append(Finding("warning", "unused_label", f"no row has the label {_names(unused)}"))
    for same in look_alikes(everywhere).values():
        if len(same) > 1:
            only = "case or white space" if len({spelled(label).lower() for label in same}) == 1 else "how they are typed"
            message = f"the labels {_names(same)} differ only in {only}: they count as different labels"
            rarest = min(same, key=everywhere.__getitem__)
            findings.append(Finding("warning", "label_variants", message, _sources(splits.all, rarest)))
    for name, examples in splits.items():
        unseen = list(dict.fromkeys(e.output for e in examples if e.output not in counts))
        if unseen:
            message = f"{name}: no training row has the label {_names(unseen)}"
            by_label = _sources_of(examples, unseen)
            rows = tuple(row for label in unseen for row in by_label[label])
            none = len(rows) == len(examples) >= FEW_ROWS
            message += ", and it has no other: valid are labels that train has, or to leave this split out" * none
            findings.append(Finding("error" if none else "warning", "unseen_label", message, rows))
    return findings + _balance(counts)


def _unlisted(listed: Mapping[str, str], examples: Sequence[Example]) -> list[Finding]:
    """Outputs that the task does not list: the first ones each with what may be meant, the others together."""
    rows = _sources_of(examples, {example.output for example in examples} - listed.keys())
    findings = []
    for label in list(rows)[:NAMED_LABELS]:
        message = f"the output '{label}' is not among the task's labels; {nearest(label, list(listed))}"
        findings.append(Finding("error", "unlisted_label", message, tuple(rows[label])))
    if others := list(rows)[NAMED_LABELS:]:
        message = f"{len(others)} more outputs are not among the task's {len(listed)} labels: {_names(others)}"
        found = tuple(row for label in others for row in rows[label])
        findings.append(Finding("error", "unlisted_label", message, found))
    return findings


def merged_labels(merged: Sequence[Merged]) -> list[Finding]:
    """Labels that are written in several ways (code `merged_labels`)."""
    return [
        Finding(
            "warning",
            "merged_labels",
            f"the label '{one.label}' is also written {' and '.join(one.ways)} ({count_rows(len(one.rows))}): it is one",
            one.rows,
        )
        for one in merged
    ]


def _several(splits: Splits) -> list[Finding]:
    """Outputs that are lists of labels, as JSON or joined by a sign: each combination is hardly meant as a label."""
    outputs = {example.output for example in splits.all}
    lists = [text for text in outputs if len(turns_in(text) or ()) > 1]
    if lists and all(turns_in(text) is not None for text in outputs):
        rows = _sources(splits.all, min(lists))
        message = f"the output {min(lists)} is a list of labels; valid is one label a row: keep the main one"
        return [Finding("error", "several_labels", message, rows)]
    if not (found := joined(outputs)):
        return []
    rows = tuple(example.source for example in splits.all if example.output in found)
    message = f"{count_rows(len(rows))} with several labels, such as '{min(found)}': each combination counts as a label"
    return [Finding("warning", "several_labels", message, rows)]


def _scale(labels: Collection[str]) -> list[Finding]:
    """Labels that are numbers of a scale."""
    if not (values := scale(labels)):
        return []
    ends = f"from {values[0]:g} to {values[-1]:g}"
    whole = all(value.is_integer() for value in values)  # then they may be numbers of classes
    doubt = "if they are a scale, " if whole else ""
    message = (
        f"the {len(labels)} labels are numbers ({ends}): {doubt}each counts as a class of its own,"
        " so 'nearly' is wrong; fewer classes, or a metric of your own (metric: own.py:name), may say more"
    )
    return [Finding("info" if whole else "warning", "number_labels", message)]


def _measured(task: Task, outputs: Collection[str]) -> list[Finding]:
    """Outputs that are numbers with fractions, where only the same number is right."""
    values = scale(outputs)
    if task.metric not in (None, "exact_match") or not values or all(value.is_integer() for value in values):
        return []
    message = (
        f"the outputs are numbers (from {values[0]:g} to {values[-1]:g}), and exact_match takes 'nearly' for wrong; a"
        " metric of your own (metric: own.py:name), or classes in their place, may say more"
    )
    return [Finding("warning", "number_outputs", message)]


def _absent(splits: Splits) -> list[Finding]:
    """Labels by which programs write that there is none."""
    found = sorted({example.output for example in splits.all if ABSENT.fullmatch(example.output.strip())})
    if not found:
        return []
    rows = tuple(example.source for example in splits.all if example.output in found)
    message = f"{count_rows(len(rows))} with the label {_names(found)}: if that stands for an absent label, leave them out"
    return [Finding("warning", "absent_label", message, rows)]


def _shown(found: Shown | None, count: int, what: str) -> list[Finding]:
    """That inputs hold their own output: what one then measures is copying."""
    if found is None:
        return []
    if found.planted:
        message = (
            f"{len(found.rows)} of {count_inputs(count)} say their own output ('{found.example}'): every prompt would hold"
            " its answer; valid is an input without it"
        )
        return [Finding("error", "gold_in_input", message, found.rows)]
    message = f"{len(found.rows)} of {count_inputs(count)} hold {what}: is the answer shown?"
    return [Finding("warning", "gold_in_input", message, found.rows)]


def _balance(counts: Counter[str]) -> list[Finding]:
    findings = []
    few = [f"{label} ({n})" for label, n in sorted(counts.items()) if n < FEW_ROWS]
    if few:
        have = "has" if len(few) == 1 else "have"
        message = f"{len(few)} of {len(counts)} labels {have} fewer than {FEW_ROWS} training rows: {first_of(few)}"
        findings.append(Finding("warning", "few_rows", message))
    (most, largest), (least, smallest) = counts.most_common(1)[0], min(counts.items(), key=lambda item: item[1])
    if largest > IMBALANCE * smallest:
        message = f"the labels are unbalanced in train: '{most}' has {largest} rows, '{least}' has {smallest}"
        findings.append(Finding("warning", "imbalance", message))
    return findings


def _sources(examples: Sequence[Example], label: str) -> tuple[str, ...]:
    return tuple(_sources_of(examples, [label])[label])


def _sources_of(examples: Sequence[Example], labels: Collection[str]) -> dict[str, list[str]]:
    """The rows of each of some labels, in one pass; labels as they are met."""
    wanted, found = set(labels), defaultdict[str, list[str]](list)
    for example in examples:
        if example.output in wanted:
            found[example.output].append(example.source)
    return found


def _names(labels: Sequence[str]) -> str:
    return first_of([f"'{label}'" for label in labels])

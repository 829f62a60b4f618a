"""OpenAI Evals: what its API gave of evals, runs and output items, and the logs of the open-source `oaieval`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from crossover.errors import DataError
from crossover.importing.base import (
    Item,
    Log,
    Printed,
    Reading,
    Wording,
    conversation,
    distinct,
    listed,
    mapping,
    number,
    text,
)
from crossover.importing.oaieval import is_event_log, log_of
from crossover.importing.placeholders import NAME, as_template, parted
from crossover.importing.source import Source

KINDS = ("eval", "eval.run", "eval.run.output_item")
CRITERIA = "per_testing_criteria_results"
TAIL = re.compile(r"-(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")  # behind a grader's name
METRICS = {"rouge_l": "rouge_l"}
CHECKS = ("string_check", "string_check_grader", "string-check-grader")  # graders whose score is whether it passed


class OpenAIEvals:
    """Exports of OpenAI's hosted Evals, in one file or several, and logs of oaieval."""

    name: ClassVar[str] = "openai-evals"
    shown: ClassVar[str] = "OpenAI Evals"
    files: ClassVar[str] = "evals, runs and output items as its API gives them (JSON or JSONL), or a log of oaieval"

    def recognises(self, source: Source) -> bool:
        if source.packed:
            return False
        return is_event_log(source.content) or next(_objects(source.content), None) is not None

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        logs = [log_of(source) for source in sources if is_event_log(source.content)]
        found: dict[str, dict[str, Mapping[str, Any]]] = {kind: {} for kind in KINDS}
        places: dict[str, str] = {}
        for source in sources:
            if not is_event_log(source.content):
                for thing in _objects(source.content):
                    found[thing["object"]][text(thing.get("id"))] = thing
                    places.setdefault(text(thing.get("run_id") or thing.get("id")), str(source.path))
        evals, runs, items = (found[kind] for kind in KINDS)
        _check_complete(runs, items, places)
        of = [*evals, *(text(thing.get("eval_id")) for thing in (*runs.values(), *items.values()))]
        read = [
            _hosted(
                evals.get(identity, {}),
                {key: run for key, run in runs.items() if run.get("eval_id") == identity},
                {key: item for key, item in items.items() if item.get("eval_id") == identity},
                places,
            )
            for identity in dict.fromkeys(of)
        ]
        for task in dict.fromkeys(log.task for log in logs):
            members = tuple(log for log in logs if log.task == task)
            rows = distinct([item.row for log in members for item in log.items])
            read.append(Reading(self.name, members, rows, "input", "expected", name=task))
        return read


def _hosted(
    about: Mapping[str, Any],
    runs: Mapping[str, Mapping[str, Any]],
    items: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, str],
) -> Reading:
    """An eval with its runs and their output items."""
    logs = _logs(about, runs, items, places)
    rows: list[Mapping[str, Any]] = [item.row for log in logs for item in log.items]
    for run in runs.values():
        content = listed(mapping(mapping(run.get("data_source")).get("source")).get("content"))
        rows += [mapping(mapping(entry).get("item")) for entry in content]
    template, wordings, remarks = _wordings(runs.values())
    output, metric, more = _expected([mapping(grader) for grader in listed(about.get("testing_criteria"))])
    if any(item.failed for log in logs for item in log.items):
        more.append("an output item with an error counts in OpenAI's totals, and is no wrong answer here")
    return Reading(
        "openai-evals",
        tuple(logs),
        distinct([row for row in rows if row]),
        template,
        output,
        wordings,
        metric,
        tuple(dict.fromkeys(remarks + more)),
        tuple(thing for thing in (about, *runs.values()) if thing),
        text(about.get("name")),
    )


def _objects(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The API's objects, however a script laid them out: single, in pages, in lists, or under names."""
    if isinstance(value, list):
        for part in value:
            yield from _objects(part, depth + 1)
    elif isinstance(value, Mapping) and depth < 8:
        if value.get("object") in KINDS:
            yield value
        for key, part in value.items():
            if isinstance(part, (list, Mapping)) and key not in ("datasource_item", "sample", "data_source", "results"):
                yield from _objects(part, depth + 1)


def _check_complete(
    runs: Mapping[str, Mapping[str, Any]], items: Mapping[str, Mapping[str, Any]], places: Mapping[str, str]
) -> None:
    """An export of one page is the commonest mistake: a run says how many items it has."""
    there = Counter(text(item.get("run_id")) for item in items.values())
    for identity, run in runs.items():
        total = number(mapping(run.get("result_counts")).get("total"))
        have = there[identity]
        if total is not None and 0 < have < total:
            raise DataError(
                f"{places.get(identity)}: the run {identity} has {total:.0f} output items, {have} are here: "
                "fetch all pages (has_more, after=last_id)"
            )


def _logs(
    owner: Mapping[str, Any],
    runs: Mapping[str, Mapping[str, Any]],
    items: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, str],
) -> list[Log]:
    grouped: dict[str, list[Item]] = {}
    evals, model, names = {}, {}, _graders(owner, runs.values(), items.values())
    for thing in items.values():
        run = text(thing.get("run_id"))
        grouped.setdefault(run, []).append(_item(thing, names))
        evals[run], model[run] = text(thing.get("eval_id")), text(mapping(thing.get("sample")).get("model"))
    logs = []
    for run, answered in grouped.items():
        about = runs.get(run, {})
        named = text(owner.get("name")) or evals[run]
        model_name = text(about.get("model")) or model[run]
        system = ", ".join(dict.fromkeys(part for part in (text(about.get("name")), model_name) if part))
        printed = tuple(_printed(about, names))
        logs.append(Log("OpenAI Evals", named, system or run, tuple(answered), printed, places.get(run, "")))
    return logs


def _graders(
    about: Mapping[str, Any], runs: Iterable[Mapping[str, Any]], items: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """What the graders of an eval are called, by the ids that results bear; one of two of a name by its id."""
    told = {text(one.get("id")): text(one.get("name")) for one in map(mapping, listed(about.get("testing_criteria")))}
    ids = [one.get("testing_criteria") for run in runs for one in map(mapping, listed(run.get(CRITERIA)))]
    ids += [one.get("name") for item in items for one in map(mapping, listed(item.get("results")))]
    names = {identity: told.get(identity) or TAIL.sub("", identity) or "grader" for identity in map(text, ids)}
    counted = Counter(names.values())
    return {identity: name if counted[name] == 1 else identity for identity, name in names.items()}


def _printed(run: Mapping[str, Any], names: Mapping[str, str]) -> list[Printed]:
    found = []
    counts = mapping(run.get("result_counts"))
    if total := number(counts.get("total")):
        found.append(Printed("passed", "passed", (number(counts.get("passed")) or 0.0) / total))
    for result in map(mapping, listed(run.get(CRITERIA))):
        passed, failed = number(result.get("passed")) or 0.0, number(result.get("failed")) or 0.0
        if passed + failed:
            name = names[text(result.get("testing_criteria"))]
            found.append(Printed(f"{name} passed", "passed", passed / (passed + failed)))
    return found


def _item(thing: Mapping[str, Any], names: Mapping[str, str]) -> Item:
    sample = mapping(thing.get("sample"))
    row = {str(key): value for key, value in mapping(thing.get("datasource_item")).items()}
    error = mapping(sample.get("error"))
    identity, answer = text(thing.get("datasource_item_id", thing.get("id"))), conversation(sample.get("output"))
    if error.get("message") or error.get("code"):
        return Item(identity, row, answer, {}, text(error.get("message") or error.get("code")))
    results = [mapping(result) for result in listed(thing.get("results"))]
    scores: dict[str, float | None] = {}
    for result in results:
        name = names[text(result.get("name"))]
        passed, score = number(result.get("passed")), number(result.get("score"))
        scores[f"{name} passed"] = passed
        if score != passed or result.get("type") not in CHECKS:
            scores[name] = score
    if results:
        scores["passed"] = float(all(result.get("passed") is True for result in results))
    return Item(identity, row, answer, scores)


def _wordings(runs: Any) -> tuple[str, tuple[Wording, ...], list[str]]:
    """The prompts of the runs: system messages are the instruction, the user's the template."""
    found: dict[tuple[str, str], Wording] = {}
    remarks = []
    for run in runs:
        given = mapping(mapping(run.get("data_source")).get("input_messages"))
        messages = [mapping(message) for message in listed(given.get("template"))]
        if not messages:
            continue
        told = "\n".join(conversation([m]) for m in messages if m.get("role") in ("system", "developer"))
        asked = "\n".join(conversation([m]) for m in messages if m.get("role") not in ("system", "developer", "assistant"))
        template = as_template(asked, beneath="item.")
        if template is None or NAME.search(told):
            remarks.append(f"the prompt of the run '{text(run.get('name'))}' is more than text and fields, and is left out")
            continue
        before, rest = parted(template)
        instruction = "\n".join(part for part in (told, before) if part)
        found.setdefault((instruction, rest), Wording(instruction, rest, text(run.get("name"))))
    wordings = tuple(found.values())
    return wordings[0].template if wordings else "", wordings, remarks


def _expected(criteria: Sequence[Mapping[str, Any]]) -> tuple[str, str | Mapping[str, Any], list[str]]:
    """The column of the expected output, our metric, and the graders that have no counterpart."""
    output, remarks = "", []
    metric: str | Mapping[str, Any] = ""
    for grader in criteria:
        kind, how = text(grader.get("type")), text(grader.get("operation") or grader.get("evaluation_metric"))
        variable = NAME.fullmatch(text(grader.get("reference")).strip())
        if variable:
            output = output or variable[1].removeprefix("item.")
        if kind == "string_check" and how == "eq":
            metric = metric or "exact_match"
        elif kind == "text_similarity" and how in METRICS:
            metric = metric or METRICS[how]
        elif kind in ("label_model", "score_model"):
            rubric = conversation(grader.get("input"))
            metric = metric or ({"judge": {"rubric": rubric}} if rubric and not NAME.search(rubric) else "")
            remarks.append(
                f"the grader '{text(grader.get('name'))}' is a model: say its rubric under 'metric: {{judge: …}}'"
            )
        else:
            remarks.append(f"no metric of ours stands for the grader '{text(grader.get('name'))}' ({kind} {how})")
    return output, metric, remarks

"""promptfoo: results that `--output` wrote as JSON, and configurations (promptfooconfig.yaml) with prompts and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from crossover.errors import DataError
from crossover.importing.base import Item, Log, Printed, Reading, Wording, distinct, listed, mapping, number, text
from crossover.importing.placeholders import NAME, as_template, parted
from crossover.importing.source import Source, objects

ERROR = 2  # promptfoo's failureReason of a call that failed
EXPECTED = "expected"  # the column of an expected output that is no variable
METRICS = {"equals": "exact_match", "rouge-n": "rouge_l", "similar": "", "levenshtein": ""}
GOLD = (*METRICS, "contains", "icontains", "starts-with", "contains-any")  # assertions whose value is an expected output


class Promptfoo:
    """Results and configurations of promptfoo."""

    name: ClassVar[str] = "promptfoo"
    shown: ClassVar[str] = "promptfoo"
    files: ClassVar[str] = "results as JSON (promptfoo eval -o results.json), or a configuration (promptfooconfig.yaml)"

    def recognises(self, source: Source) -> bool:
        if source.packed:
            return False
        body = mapping(source.content)
        results = mapping(body.get("results"))
        configured = "prompts" in body and ("tests" in body or "providers" in body)
        return configured or ("results" in results and "stats" in results)

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        logs: list[Log] = []
        rows: list[Mapping[str, Any]] = []
        asserts: list[Mapping[str, Any]] = []
        prompts: list[str] = []
        remarks: list[str] = []
        for source in sources:
            body = mapping(source.content)
            if "results" in mapping(body.get("results")):
                found, tests = _logs(source)
                logs += found
                config = mapping(body.get("config"))
                prompts += [text(mapping(p).get("raw")) for p in listed(mapping(body["results"]).get("prompts"))]
            else:
                config = body
                read, said = _prompts(source, config)
                prompts += read
                remarks += said
                tests, said = _tests(source, config)
                remarks += said
            default = mapping(config.get("defaultTest"))
            for case in tests:
                row, checks = _row(case, default)
                rows.append(row)
                asserts += checks
        template, wordings, unwritten = _wordings(prompts)
        output, metric, more = _expected(asserts, rows)
        rows = [row for row in rows if output in row] if output else rows
        left_out = tuple(dict.fromkeys((*remarks, *unwritten, *more)))
        return [Reading(self.name, tuple(logs), distinct(rows), template, output, wordings, metric, left_out)]


def _logs(source: Source) -> tuple[list[Log], list[Mapping[str, Any]]]:
    """A log for each prompt with each provider, and the tests."""
    place, results = str(source.path), mapping(source.content["results"])
    task = text(mapping(source.content.get("config")).get("description"))
    columns = [mapping(prompt) for prompt in listed(results.get("prompts"))]
    items: dict[int, list[Item]] = {}
    tests: dict[int, Mapping[str, Any]] = {}
    for position, result in enumerate(objects(results["results"], f"{place}, results"), start=1):
        column, test = result.get("promptIdx"), result.get("testIdx")
        if not isinstance(column, int) or not isinstance(test, int) or not 0 <= column < len(columns):
            raise DataError(f"{place}, results, item {position}: no promptIdx and testIdx, as version 3 has")
        tests.setdefault(test, mapping(result.get("testCase")))
        items.setdefault(column, []).append(_item(result, test))
    graded = [item.scores for found in items.values() for item in found if item.scores]
    same = all(scores["score"] == scores["pass"] for scores in graded)  # no partial credit: one metric, not two
    logs = []
    for column, found in sorted(items.items()):
        if same:
            found = [replace(item, scores={k: v for k, v in item.scores.items() if k != "score"}) for item in found]
        about = columns[column]
        prompt = " ".join(text(about.get("label")).split())
        system = text(about.get("provider"))
        if len({text(c.get("raw")) for c in columns}) > 1:
            system += f", “{prompt[:40]}{'…' if len(prompt) > 40 else ''}”"
        logs.append(Log("promptfoo", task, system, tuple(found), tuple(_printed(mapping(about.get("metrics")))), place))
    return logs, list(tests.values())


def _printed(metrics: Mapping[str, Any]) -> list[Printed]:
    """The pass rate as promptfoo has it: an error is a test that did not pass."""
    counts = [number(metrics.get(f"test{kind}Count")) or 0.0 for kind in ("Pass", "Fail", "Error")]
    return [Printed("pass", "pass rate", counts[0] / sum(counts))] if sum(counts) else []


def _item(result: Mapping[str, Any], test: int) -> Item:
    row = {str(key): value for key, value in mapping(result.get("vars")).items()}
    response = mapping(result.get("response"))
    if result.get("failureReason") == ERROR:
        return Item(str(test), row, "", {}, text(result.get("error")) or "the call failed")
    scores = {"pass": number(result.get("success")), "score": number(result.get("score"))}
    scores |= {str(name): number(value) for name, value in mapping(result.get("namedScores")).items()}
    return Item(str(test), row, text(response.get("output")), scores)


def _prompts(source: Source, config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The prompts of a configuration, from its text or from files beside it."""
    found, remarks = [], []
    given = config.get("prompts")
    for prompt in [given] if isinstance(given, str) else listed(given):
        if isinstance(prompt, Mapping):
            prompt = prompt.get("raw", prompt.get("id"))
        written = text(prompt)
        reference = _reference(written)
        if reference and reference.rsplit(".", 1)[-1] == "txt":
            written = _beside(source, reference).written
        elif reference:
            remarks.append(f"{source.path}: the prompt {written} is no plain text and is left out")
            continue
        found.append(written)
    return found, remarks


def _reference(written: str) -> str:
    """The file that a prompt names, or ""."""
    if written.startswith("file://"):
        return written.removeprefix("file://")
    single = "\n" not in written and " " not in written and "{" not in written
    return written if single and written.endswith((".txt", ".json", ".js", ".py", ".yaml", ".csv")) else ""


def _beside(source: Source, reference: str) -> Source:
    """A file that a configuration names. Raises `DataError` for one outside its folder: it may be another's."""
    folder = source.path.resolve().parent
    path = (folder / reference).resolve()
    if not path.is_relative_to(folder):
        raise DataError(f"{source.path} names {reference}, which lies outside its folder; put the file beside it")
    return Source(path)


def _tests(source: Source, config: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The tests of a configuration, those in files beside it too."""
    given, found, remarks = config.get("tests"), [], []
    for test in [given] if isinstance(given, str) else listed(given):
        if isinstance(test, Mapping):
            found.append(test)
            continue
        reference = text(test).removeprefix("file://")
        if not reference.endswith((".csv", ".json", ".jsonl", ".yaml", ".yml")) or "*" in reference:
            remarks.append(f"{source.path}: the tests {reference} are left out; valid are CSV, JSON, JSONL and YAML files")
            continue
        file = _beside(source, reference)
        for row in objects(file.content, str(file.path)):
            found.append(_of_csv(row) if reference.endswith(".csv") else row)
    return found, remarks


def _of_csv(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line of a CSV of tests: `__expected` is an assertion, "type: value" or an output itself."""
    asserts = []
    for key, value in row.items():
        if key.startswith("__expected") and text(value).strip():
            kind, parted_at, rest = text(value).partition(":")
            known = parted_at and kind.strip() in (*GOLD, "llm-rubric", "is-json", "javascript", "python")
            asserts.append({"type": kind.strip(), "value": rest.strip()} if known else {"type": "equals", "value": value})
    return {"vars": {key: value for key, value in row.items() if not key.startswith("__")}, "assert": asserts}


def _row(case: Mapping[str, Any], default: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """A test's variables as a row, with its expected output where that is no variable; and its assertions."""
    row = {str(key): value for key, value in {**mapping(default.get("vars")), **mapping(case.get("vars"))}.items()}
    own = [mapping(check) for check in listed(case.get("assert"))]
    inherited = [mapping(check) for check in listed(default.get("assert"))]
    checks = [*own, *(check for check in inherited if check not in own)]
    for check in checks:
        if check.get("type") in GOLD and not NAME.fullmatch(text(check.get("value")).strip()):
            row.setdefault(EXPECTED, text(check.get("value")))
    return row, checks


def _expected(
    asserts: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> tuple[str, str | Mapping[str, Any], list[str]]:
    """The column of the expected output, our metric, and what has no counterpart."""
    output, others = "", set()
    metric: str | Mapping[str, Any] = ""
    for check in asserts:
        kind, value = text(check.get("type")), text(check.get("value")).strip()
        variable = NAME.fullmatch(value)
        if kind in GOLD:
            output = output or (variable[1] if variable else EXPECTED)
        if METRICS.get(kind):
            metric = metric or METRICS[kind]
        elif kind == "llm-rubric" and value:
            metric = metric or {"judge": {"rubric": value}}
        else:
            others.add(kind)
    remarks = [f"no metric of ours stands for the assertion {' or '.join(sorted(others))}"] if others else []
    if rows and not output:
        remarks.append("no assertion has an expected output, so the rows have no gold answer: name 'output' yourself")
    return output, metric, remarks


def _wordings(prompts: Sequence[str]) -> tuple[str, tuple[Wording, ...], list[str]]:
    """The first prompt's `input`, all prompts, and those that cannot be written as ours."""
    found, remarks = [], []
    for written in dict.fromkeys(prompts):
        template = as_template(written)
        if template is None or written.lstrip().startswith(("[", '{"')):
            remarks.append(f"the prompt “{written[:40]}” is more than text and variables, and is left out")
            continue
        instruction, rest = parted(template)
        found.append(Wording(instruction, rest, written[:40]))
    return found[0].template if found else "", tuple(found), remarks

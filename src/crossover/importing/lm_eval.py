"""lm-evaluation-harness: the samples of `--log_samples`, with the table's numbers from the results file beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crossover.data.textfile import check_readable
from crossover.errors import DataError
from crossover.importing.base import Item, Log, Printed, Reading, Wording, distinct, listed, mapping, number, text
from crossover.importing.placeholders import as_template, parted
from crossover.importing.source import Source, objects

FILE = re.compile(r"samples_(?P<task>.+)_(?P<time>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[.\d]*)\.jsonl")
RESULTS = re.compile(r"results_(?P<time>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[.\d]*)\.json")
METRICS = {"acc": "accuracy", "exact_match": "exact_match", "chrf": "chrf", "rougeL": "rouge_l", "f1": "token_f1"}
DIGITS = 9  # of the number of an option
NEEDED = ("doc_id", "doc", "arguments", "filtered_resps")
OTHERS = (
    *NEEDED,
    "target",
    "resps",
    "filter",
    "metrics",
    "doc_hash",
    "prompt_hash",
    "target_hash",
)  # fields but the metrics


class LmEval:
    """Output of `lm_eval --log_samples --output_path`."""

    name: ClassVar[str] = "lm-eval"
    shown: ClassVar[str] = "lm-eval"
    files: ClassVar[str] = "samples_TASK_TIME.jsonl, or results_TIME.json with its samples beside it"

    def recognises(self, source: Source) -> bool:
        if source.packed:
            return False
        if isinstance(source.content, list):
            return bool(source.content) and all(key in mapping(source.content[0]) for key in NEEDED)
        return all(key in mapping(source.content) for key in ("results", "configs", "versions"))

    def read(self, sources: Sequence[Source]) -> list[Reading]:
        named = {source.path.resolve() for source in sources}
        samples, results = [], {}
        for source in sources:
            if isinstance(source.content, list):
                samples.append(source)
                continue
            results[_stamp(source.path)] = source
            beside = sorted(p for p in source.path.parent.glob("samples_*.jsonl") if _stamp(p) == _stamp(source.path))
            if not beside:
                raise DataError(f"{source.path}: no samples of its run lie beside it; valid is a run with --log_samples")
            samples += [Source(path) for path in beside if path.resolve() not in named]
        read = [_log(source, results.get(_stamp(source.path)) or _beside(source.path)) for source in samples]
        return [
            _task([each for each in read if each[0].task == task]) for task in dict.fromkeys(log.task for log, _, _ in read)
        ]


def _task(read: Sequence[tuple[Log, Mapping[str, Any], list[str]]]) -> Reading:
    """All logs of one task; their prompt is that of the first."""
    logs = [log for log, _, _ in read]
    metrics = [METRICS[name] for log in logs for item in log.items[:1] for name in item.scores if name in METRICS]
    template, wordings, unsaid = _prompt(read[0][1], logs[0])
    remarks = [sentence for _, _, said in read for sentence in said]
    return Reading(
        "lm-eval",
        tuple(logs),
        distinct([item.row for log in logs for item in log.items]),
        template,
        "target",
        wordings,
        metrics[0] if metrics else "",
        tuple(dict.fromkeys(remarks + unsaid)),
        name=logs[0].task,
    )


def _stamp(path: Path) -> str:
    match = FILE.fullmatch(path.name) or RESULTS.fullmatch(path.name)
    return f"{path.parent.resolve()}/{match['time']}" if match else ""


def _beside(path: Path) -> Source | None:
    """The results file of a samples file's run."""
    match = FILE.fullmatch(path.name)
    found = path.with_name(f"results_{match['time']}.json") if match else None
    return Source(found) if found and found.is_file() else None


def _log(source: Source, results: Source | None) -> tuple[Log, Mapping[str, Any], list[str]]:
    check_readable(source.path)
    whole = mapping(results.content) if results else {}
    match = FILE.fullmatch(source.path.name)
    task = match["task"] if match else source.path.stem
    items: dict[str, Item] = {}
    unnumbered = set()
    for line, sample in enumerate(objects(source.content, str(source.path)), start=1):
        if not all(key in sample for key in NEEDED):
            missing = next(key for key in NEEDED if key not in sample)
            raise DataError(f"{source.path}, line {line}: no field '{missing}', which every sample of lm-eval has")
        item = _item(sample)
        unnumbered |= {name for name, value in item.scores.items() if value is None}
        before = items.get(item.id)
        if before is not None:  # another filter's line on the same answer
            item = Item(item.id, item.row, before.answer, {**before.scores, **item.scores})
        items[item.id] = item
    remarks = [f"'{name}' has no number for an item, so it is not compared" for name in sorted(unnumbered)]
    printed = [
        Printed(_metric(*key.split(",", 1)), "value", value)
        for key, given in mapping(mapping(whole.get("results")).get(task)).items()
        if "," in key and "_stderr," not in key and (value := number(given)) is not None
    ]
    if results is None:
        remarks.append(f"{source.path}: its results file does not lie beside it, so there is no number of lm-eval's own")
    system = text(whole.get("model_name")) or source.path.parent.name
    log = Log("lm-eval", task, system, tuple(items.values()), tuple(printed), str(source.path))
    return log, mapping(mapping(whole.get("configs")).get(task)), remarks


def _metric(name: str, filtered: str) -> str:
    return name if filtered == "none" else f"{name} ({filtered})"


def _item(sample: Mapping[str, Any]) -> Item:
    doc, filtered = sample["doc"], text(sample.get("filter")) or "none"
    row = {str(k): v for k, v in doc.items()} if isinstance(doc, Mapping) else {"doc": text(doc)}
    row["target"] = _target(sample)
    answers = listed(sample.get("filtered_resps"))
    answer = _chosen(sample) if len(answers) > 1 else text(answers[0]) if answers else ""
    named = sample.get("metrics") or [key for key in sample if key not in OTHERS]  # old versions do not name them
    scores = {_metric(name, filtered): number(sample.get(name)) for name in listed(named) if isinstance(name, str)}
    return Item(text(sample["doc_id"]), row, answer, scores)


def _options(sample: Mapping[str, Any]) -> list[str]:
    """The texts whose likelihoods were asked for; empty where the model wrote freely."""
    asked = sample["arguments"]
    if isinstance(asked, list):  # as old versions have them
        options = [pair[1] if len(listed(pair)) > 1 else None for pair in asked]
    else:
        options = [mapping(arguments).get("arg_1") for arguments in mapping(asked).values()]
    return [o.strip() for o in options if isinstance(o, str)] if all(isinstance(o, str) for o in options) else []


def _target(sample: Mapping[str, Any]) -> str:
    """The expected text; of a choice by its number, the option."""
    target: Any = sample.get("target")
    options = _options(sample)
    counted = isinstance(target, int) or (isinstance(target, str) and target.isdecimal() and len(target) < DIGITS)
    position = int(target) if counted else -1  # as where a test set is not labelled
    if 0 <= position < len(options) and text(target) not in options:
        return options[position]
    return text(target)


def _chosen(sample: Mapping[str, Any]) -> str:
    """The most likely option."""
    options = _options(sample)
    likely = [number(_float(listed(pair)[:1])) for pair in listed(sample.get("filtered_resps"))]
    if not options or len(options) != len(likely) or any(value is None for value in likely):
        return ""
    return options[max(range(len(options)), key=lambda n: likely[n] or 0.0)]


def _float(first: Sequence[Any]) -> float | None:
    try:
        return float(first[0]) if first else None
    except (TypeError, ValueError, OverflowError):
        return None


def _prompt(config: Mapping[str, Any], log: Log) -> tuple[str, tuple[Wording, ...], list[str]]:
    """The task file's `input`, and what stands before it, of `doc_to_text` and `description`."""
    written = text(config.get("doc_to_text"))
    columns = set(log.items[0].row) if log.items else set()
    if written in columns:
        written = "{{" + written + "}}"
    template = as_template(written) if written else None
    if template is None:
        said = "its prompt is more than a template of columns, or its results file is missing" if log.items else "no items"
        return "", (), [f"{log.task}: {said}: name 'input' in the task file yourself"]
    instruction, rest = parted(template)
    description = text(config.get("description")).strip()
    whole = "\n".join(part for part in (description, instruction) if part)
    return rest, (Wording(whole, rest, log.task),) if whole else (), []

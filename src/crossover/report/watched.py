"""What a served candidate's log shows, in sentences for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from crossover.decision import numbers
from crossover.decision.terms import measure
from crossover.report.imported import plain

MOST = 5  # shapes that are told


def watched(body: Mapping[str, Any]) -> RenderableType:
    """What `study.watching` found."""
    style = "bold red" if body["drift"] or not body["verdict"]["holds"] else "bold"
    return Group(Text(plain(headline(body)).plain, style=style), *(plain(f"• {one}") for one in sentences(body)))


def headline(body: Mapping[str, Any]) -> str:
    """The most important thing in one sentence."""
    name, quality = body["candidate"]["name"], body["quality"]
    if quality and quality["proven"]:
        later = quality["proven"]["since"]
        begun = f", beginning after the first {numbers.count(later)} or so" if later else ""
        return f"Drift: {_quality(body)}, shown after {numbers.count(quality['proven']['after'])}{begun}."
    if body["drift"]:
        return f"Drift: what “{name}” is asked, or answers, is not as on test."
    if quality:
        return f"No drift shown: {_quality(body)}."
    return (
        f"No drift shown in {numbers.plural(body['log']['rows'], 'answer')} of “{name}”; without labels only what is asked"
        " and what is answered can be compared."
    )


def sentences(body: Mapping[str, Any]) -> list[str]:
    """All else, the verdict first."""
    log, labels, quality = body["log"], body["labels"], body["quality"]
    said = [f"the verdict no longer holds: {reason}" for reason in body["verdict"]["reasons"]]
    if body["drift"]:
        said.append(
            "the figures that the verdict rests on are no longer those of what is served; who would win now, labelled rows"
            " tell: crossover evaluate"
        )
    shown = [one for one in body["shapes"] if one["proven"]]
    said += [_shape(one) for one in shown[:MOST]]
    said += [f"and {len(shown) - MOST} more are not as on test"] if len(shown) > MOST else []
    if not shown and body["shapes"] and log["rows"]:
        said.append(f"inputs and answers are as on test, so far as {numbers.plural(log['different'], 'input')} can show")
    if quality and labels:
        said.append(
            f"labels: {numbers.count(labels['rows'])}, of which {numbers.count(labels['matched'])} belong to an answer (by"
            f" {labels['by']}) and {numbers.count(labels['counted'])} count, as an input counts once"
        )
        if labels["unlisted"]:
            some, count = ", ".join(f"“{one}”" for one in labels["such_as"]), numbers.count(labels["unlisted"])
            said.append(
                f"of the labels {count} are none that the study knows ({some}), so no answer can"
                " be right there: another spelling would seem a fall"
            )
        if quality["among"] > 1:
            said.append(
                f"test does not tell {numbers.count(quality['among'])} candidates apart, and who is chosen of them looks"
                " better there than it is: a fall has to be the clearer"
            )
        least = numbers.span(quality["least"])
        said.append(f"a fall of less than {least} can be shown by no number of labels: test has too few rows")
    if len(log["models"]) > 1:
        names = ", ".join(log["models"][:MOST])
        said.append(
            f"the log names no candidate, and has answers of {len(log['models'])} models ({names}): all are taken for those"
            f" of “{body['candidate']['name']}”"
        )
    if taken := body["latency_ms"]:
        p50, p95 = numbers.milliseconds(taken["p50"]), numbers.milliseconds(taken["p95"])
        said.append(f"in the model half of the answers took up to {p50}, 95 % up to {p95}")
    return [*said, f"{log['path']}: {'; '.join(_counted(log))}"]


def line(body: Mapping[str, Any]) -> str:
    """How it stands, in a short line."""
    what = f"; {_quality(body)}" if body["quality"] else ""
    return f"{numbers.plural(body['log']['rows'], 'answer')}{what}"


def _counted(log: Mapping[str, Any]) -> list[str]:
    """What the log holds, and what of it does not count."""
    ends = dict.fromkeys(log[end][:16].replace("T", " ") for end in ("from", "to") if log[end])
    found = [numbers.plural(log["rows"], "answer") + (f" ({' to '.join(ends)})" if ends else "")]
    if repeated := log["rows"] - log["different"]:
        found.append(f"{numbers.count(repeated)} to inputs that came before, which count once")
    if log["failed"]:
        found.append(f"{numbers.count(log['failed'])} failed")
    if log["others"]:
        found.append(f"{numbers.count(log['others'])} of other candidates left out")
    if log["broken"]:
        found.append(f"{numbers.plural(len(log['broken']), 'line')} left out that are no JSON (line {log['broken'][0]})")
    return found


def _quality(body: Mapping[str, Any]) -> str:
    found, name = body["quality"], body["candidate"]["name"]
    if not found["n"]:
        return f"no label belongs to an answer of “{name}” yet"
    return (
        f"“{name}” has {measure(body['metric'])} {numbers.percent(found['now'])} on"
        f" {numbers.plural(found['n'], 'labelled answer')}, {numbers.percent(found['before'])} on test: {_points(found)}"
    )


def _points(found: Mapping[str, Any]) -> str:
    return f"{numbers.difference(found['difference'], found['low'], found['high'])} points"


def _shape(one: Mapping[str, Any]) -> str:
    served, test, kind = numbers.percent(one["now"]), numbers.percent(one["before"]), one["kind"]
    if kind in ("length", "words"):
        what = "is longer than" if kind == "length" else "has more new words than"
        noun = "input" if one["side"] == "input" else "answer"
        said = f"an {noun} {what} one of test in {served} of pairs, half were it as on test"
    elif kind == "failed":
        said = f"{served} of the calls failed, {test} on test"
    else:
        what = f"“{one['what']}” is" if kind == "answer" else "rarer answers are"
        said = f"{what} {served} of the answers, {test} on test"
    return f"{said}: {_points(one)}, shown after {numbers.plural(one['proven']['after'], 'input')}"

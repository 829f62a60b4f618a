"""The table of measured abilities for the model card: python -m training.pocket.card figures.json

Prints it from the figures of `training.pocket.evaluate`: what misses its bar is bold, and named once more below. With
--write CARD the table of that file is replaced.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HEAD = "| what | asked for | measured |\n|---|---|---|\n"
ABSENT, NONE = "not measured", "–"
# what a row says, and the figures in it, in that order
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Banking77, the message alone; calibrated", ("banking10: bare input", "banking10: bare input, calibrated")),
    (
        "Banking77, best of 12 wordings; chosen on 40 rows; best calibrated",
        (
            "banking10: best zero-shot",
            "banking10: zero-shot chosen on 40 rows",
            "banking10: best zero-shot, calibrated",
        ),
    ),
    ("the best wording above the message alone", ("banking10: best zero-shot minus bare",)),
    (
        "Banking77, two examples a label; calibrated",
        ("banking10: two examples a label", "banking10: two examples a label, calibrated"),
    ),
    ("two examples a label above the best wording", ("banking10: two examples a label minus best zero-shot",)),
    (
        "spread over 12 wordings: at least; at most",
        (
            "banking10: spread of the means of 12 wordings",
            "banking10: spread of the means of 12 wordings, upper bar",
        ),
    ),
    ("Banking77, an instruction in capitals; calibrated", ("banking10: capitals", "banking10: capitals, calibrated")),
    ("Banking77, LoRA on 300; 900 labels", ("banking10: LoRA, 300 labels", "banking10: LoRA, 900 labels")),
    (
        "full tuning apart from LoRA, 300; 900 labels",
        (
            "banking10: full tuning minus LoRA, 300 labels, either way",
            "banking10: full tuning minus LoRA, 900 labels, either way",
        ),
    ),
    (
        "clinc150 banking, best wording; calibrated",
        ("clincbank15: best zero-shot", "clincbank15: best zero-shot, calibrated"),
    ),
    (
        "clinc150 banking, two examples a label; calibrated",
        ("clincbank15: two examples a label", "clincbank15: two examples a label, calibrated"),
    ),
    ("clinc150 banking, LoRA on 450 labels", ("clincbank15: LoRA, 450 labels",)),
    ("bookings to JSON, five examples: valid", ("slots: five examples, valid JSON, better form",)),
    (
        "bookings to JSON, LoRA on 400 rows: valid; field F1",
        ("slots: LoRA, 400 rows, valid JSON", "slots: LoRA, 400 rows, field F1"),
    ),
    (
        "two-step sums in words, as trained: steps minus direct",
        ("arithmetic: steps minus direct, better form of each",),
    ),
    (
        "the same with larger numbers than trained",
        ("arithmetic: larger numbers, steps minus direct, better form of each",),
    ),
    (
        "most frequent answer, Banking77: bare message; worst wording",
        ("banking10: most frequent answer, bare", "banking10: most frequent answer, worst wording"),
    ),
    (
        "most frequent answer, clinc150: bare message; worst wording",
        ("clincbank15: most frequent answer, bare", "clincbank15: most frequent answer, worst wording"),
    ),
    (
        "calibration changes Banking77: best wording; examples; message alone",
        (
            "banking10: calibrated minus raw, best zero-shot",
            "banking10: calibrated minus raw, examples",
            "banking10: calibrated minus raw, bare",
        ),
    ),
    (
        "calibration changes clinc150: best wording; examples; message alone",
        (
            "clincbank15: calibrated minus raw, best zero-shot",
            "clincbank15: calibrated minus raw, examples",
            "clincbank15: calibrated minus raw, bare",
        ),
    ),
    (
        "float32 and bfloat16 give the same label: zero-shot; with examples",
        (
            "float32 and bfloat16: same label, zero-shot",
            "float32 and bfloat16: same label, two examples a label",
        ),
    ),
    ("forward pass of 100 tokens on one core, float32", ("forward pass of 100 tokens, one thread",)),
    (
        "greedy text: a second run; batches of 1, 4, 16",
        ("greedy: same text on a second run", "greedy: same text in batches of 1, 4, 16"),
    ),
    (
        "tuning on banking lowers ten everyday intents: LoRA; full",
        (
            "forgetting: drop of the first task after LoRA",
            "forgetting: drop of the first task after full",
        ),
    ),
    (
        "the same with replay: LoRA; full",
        (
            "forgetting: drop of the first task after LoRA with replay",
            "forgetting: drop of the first task after full with replay",
        ),
    ),
    ("weights and tokenizer", ("weights and tokenizer",)),
)

Figures = dict[str, dict[str, Any]]


def main() -> int:
    """Print the table, or put it into a card; 2 where the figures or the card cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", type=Path, help="the JSON of training.pocket.evaluate")
    parser.add_argument("--write", type=Path, metavar="CARD", help="a model card, of which the table is replaced")
    given = parser.parse_args()
    try:
        made = table(json.loads(given.figures.read_text(encoding="utf-8")))
        if given.write:
            card = replaced(given.write.read_text(encoding="utf-8"), made)
            given.write.write_text(card, encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(made)
    return 0


def table(figures: Figures) -> str:
    """The table in Markdown, and a sentence that names every bar that is missed."""
    rows = "".join(
        f"| {what} | {_cell(figures, names, _asked)} | {_cell(figures, names, _measured)} |\n" for what, names in ROWS
    )
    missed = [f"{name} ({_number(figures[name])})" for _, names in ROWS for name in names if _missed(figures.get(name))]
    draws = {figures[name]["draws"] for _, names in ROWS for name in names if name in figures}
    most = max(draws, default=0)
    counted = f"Means over {most} draws, where something is drawn." if most > 1 else "One draw."
    said = f"Short of what was asked for, and bold: {'; '.join(missed)}." if missed else "Every bar is reached."
    return f"{HEAD}{rows}\n{said} {counted}\n"


def replaced(card: str, made: str) -> str:
    """The card with another table, and what stands below it up to the next heading."""
    if HEAD not in card:
        raise ValueError(f"the card has no table that begins with {HEAD.splitlines()[0]!r}")
    before, behind = card.split(HEAD, 1)
    _, heading, rest = behind.partition("\n## ")
    return f"{before}{made}{heading}{rest}"


def _cell(figures: Figures, names: tuple[str, ...], show: Any) -> str:
    shown = [show(figures.get(name)) for name in names]
    return "; ".join(shown) if set(shown) != {NONE} else ""


def _asked(figure: dict[str, Any] | None) -> str:
    if figure is None or figure["goal"] is None:
        return NONE
    return f"{'at most' if figure['lower_is_better'] else 'at least'} {_amount(figure['goal'], figure['unit'])}"


def _measured(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return ABSENT
    return f"**{_number(figure)}**" if _missed(figure) else _number(figure)


def _missed(figure: dict[str, Any] | None) -> bool:
    if figure is None or figure["goal"] is None:
        return False
    return bool(figure["value"] > figure["goal"] if figure["lower_is_better"] else figure["value"] < figure["goal"])


def _number(figure: dict[str, Any]) -> str:
    return _amount(round(figure["value"], 1), figure["unit"])


def _amount(value: float, unit: str) -> str:
    return f"{value:g} {unit}"


if __name__ == "__main__":
    sys.exit(main())

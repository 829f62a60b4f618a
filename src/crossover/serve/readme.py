"""The README of an export: what it is, what each file is for, and commands that work with what lies in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossover.data.modelspec import placeless
from crossover.decision.terms import measure
from crossover.decision.wording import cross_fitted
from crossover.models.base import Model, Runtime
from crossover.models.hf.files import Loadable
from crossover.study.own import MADE
from crossover.types import Candidate

CHAIN = (
    "",
    "With LangChain, in this folder:",
    "",
    "```python",
    "from chain import load",
    "",
    "chain = load()  # keep it: this loads the model",
    'chain.invoke("a text")',
    'chain.batch(["a text", "another"])',
    "```",
    "",
    "It is made of `ChatPromptTemplate | model | parser`; in a chain of prompts, what one such part answers is told to the"
    " next. A failed call raises LangChain's `ModelError`. `load(model=...)` takes any other chat model of LangChain's: the"
    " number above says nothing about its answers.",
)
UNANSWERED = "There is nothing here that answers: `load(model=...)` takes the chat model, and then reads its text."
COMMAND = (
    "",
    "In this folder:",
    "",
    "```",
    'python predict.py "a text"          # or texts on standard input, one a line',
    "```",
)
FOLDERS = {
    "base": "the base model, as a folder that transformers loads",
    "adapter": "the tuned adapter, for PEFT",
    "model": "the whole tuned model",
    "embedding": "the embedding model that finds the nearest demonstrations",
}


def readme(out: Path, candidate: Candidate, row: dict[str, Any], task: str, model: Model, runtime: Runtime | None) -> str:
    """The text for the export in `out`, whose other files are written. `row`: the candidate's row of decision.json."""
    weights = candidate.weights
    tuned = f", tuned there as `{weights.ref}`" if weights is not None and weights.ref else ""
    text = [
        f"# {task}: {row['name']}",
        "",
        f"{scored(row)}; model `{placeless(candidate.model)}`{tuned}; candidate `{row['id']}`.",
        *(["", cross_fitted(row["folds"])] if row["test"] and row.get("folds") else []),
        "",
        "- `candidate.json`: the candidate as it was measured: prompt, decoding, weights, and how it was made",
    ]
    if runtime and not runtime.script:
        return "\n".join([*text, "", runtime.note, ""])
    text.append("- `messages.json`: the prompt as OpenAI-style messages; put the input where `{input}` stands")
    text += [f"- `{name}{'/' if (out / name).is_dir() else ''}`: {what}" for name, what in _about(out, candidate, runtime)]
    if runtime:
        needs = dict.fromkeys([*runtime.needs, *_finders(out)])
        text.append(f"- `predict.py`: answers as it was measured, without Crossover; needs {', '.join(needs)}")
    chained = (out / "chain.py").is_file()
    if chained:
        text.append("- `chain.py`: the candidate as a runnable of LangChain's; needs langchain-core beside")
    if runtime:
        text += ["", runtime.note] if runtime.note else []
        text += COMMAND
    if chained:
        text += CHAIN if runtime else [*CHAIN, "", UNANSWERED]
    if isinstance(model, Loadable):
        text += _code(out, model.files().target)
    return "\n".join([*text, ""])


def scored(row: dict[str, Any]) -> str:
    """What was measured, and where: "accuracy 81.2 % (74.0–86.8) on 130 test items"."""
    shown, items = (row["test"], "test items") if row["test"] else (row["dev"], "dev items")
    if row["status"] == MADE:
        items += f", {MADE} by looking at them"
    if row["test"] and row.get("folds"):
        items = f"rows, cross-fitted over {row['folds']} folds"
    interval = f"{100 * shown['low']:.1f}–{100 * shown['high']:.1f}"
    return f"{measure(row['metric'])} {100 * shown['value']:.1f} % ({interval}) on {shown['n']} {items}"


def _about(out: Path, candidate: Candidate, runtime: Runtime | None) -> list[tuple[str, str]]:
    """A line on each further file and folder: what the model says of it, or else what it is in any export."""
    how = "embeddings" if (out / "embedding").is_dir() else "TF-IDF"
    pool = (
        f"the pool of demonstrations; the {candidate.prompt.shots} nearest to the input ({how}) go before the last message,"
        " as user and assistant turns, the nearest last"
    )
    known = {"demonstrations.jsonl": pool, **FOLDERS, **(runtime.about if runtime else {})}
    return [(name, what) for name, what in known.items() if (out / name).exists()]


def _finders(out: Path) -> list[str]:
    """The package that finds the nearest demonstrations, where they are chosen for each input by their embeddings."""
    return ["sentence-transformers"] if (out / "embedding").is_dir() else []


def _code(out: Path, target: str) -> list[str]:
    base = repr(next((name for name in ("model", "base") if (out / name).is_dir()), target))
    named = [] if base != repr(target) or placeless(target) == target else ["import json", ""]
    if named:
        base = "base"
    text = [
        "",
        "The model alone, in Python:",
        "",
        "```python",
        *named,
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        *([f"{base} = json.load(open('settings.json'))['base']  # the folder of `{placeless(target)}`"] if named else []),
        f"tokenizer = AutoTokenizer.from_pretrained({base})",
        f"model = AutoModelForCausalLM.from_pretrained({base})",
    ]
    if (out / "adapter").is_dir():
        text += ["", "from peft import PeftModel", "", 'model = PeftModel.from_pretrained(model, "adapter")']
    return [*text, "```"]

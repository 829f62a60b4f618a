"""The README of an export: what it is, what each file is for, and commands that work with what lies in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossover.models.base import Model
from crossover.models.classifier import Classifier
from crossover.models.hf import Hf
from crossover.models.nearest_neighbour import NearestNeighbour
from crossover.types import Candidate

COMMAND = (
    "",
    "In this folder:",
    "",
    "```",
    'python predict.py "a text"          # or texts on standard input, one a line',
    "```",
)


def readme(out: Path, candidate: Candidate, row: dict[str, Any], task: str, model: Model) -> str:
    """The text for the export in `out`, whose other files are written. `row`: the candidate's row of decision.json."""
    shown, split = (row["test"], "test") if row["test"] else (row["dev"], "dev")
    text = [
        f"# {task}: {row['name']}",
        "",
        f"{row['metric']} {100 * shown['value']:.1f} % ({100 * shown['low']:.1f}–{100 * shown['high']:.1f}) on"
        f" {shown['n']} {split} items; model `{candidate.model}`; candidate `{row['id']}`.",
        "",
        "- `candidate.json`: the candidate as it was measured: prompt, decoding, weights, and how it was made",
    ]
    if candidate.model.startswith("constant:"):
        answer = candidate.model.removeprefix("constant:")
        return "\n".join([*text, "", f"A control: it always answers `{answer}`, so there is nothing to run.", ""])
    text.append("- `messages.json`: the prompt as OpenAI-style messages; put the input where `{input}` stands")
    meaning = (out / "embedding").is_dir()
    if isinstance(model, (Classifier, NearestNeighbour)):
        return "\n".join([*text, *_control(out, candidate), ""])
    if (out / "demonstrations.jsonl").is_file():
        text.append(
            f"- `demonstrations.jsonl`: the pool of demonstrations; the {candidate.prompt.shots} nearest to the input"
            f" ({'embeddings' if meaning else 'TF-IDF'}) go before the last message, as user and assistant turns, the"
            " nearest last"
        )
    for name, what in {
        "base": "the base model, as a folder that transformers loads",
        "adapter": "the tuned adapter, for PEFT",
        "model": "the whole tuned model",
        "embedding": "the embedding model that finds the nearest demonstrations",
    }.items():
        if (out / name).is_dir():
            text.append(f"- `{name}/`: {what}")
    if isinstance(model, Hf):
        text += _use(out, candidate, model)
    return "\n".join([*text, ""])


def _control(out: Path, candidate: Candidate) -> list[str]:
    """What lies in the export of a control, and its command."""
    text, needs = [], ["numpy"]
    meaning = (out / "embedding").is_dir()
    if (out / "demonstrations.jsonl").is_file():
        how = "by their embeddings" if meaning else "by TF-IDF"
        text.append(f"- `demonstrations.jsonl`: the rows of which the {candidate.prompt.shots} nearest {how} vote")
    if (out / "head").is_dir():
        text.append("- `head/`: the logistic regression, with its labels in the header of `head.safetensors`")
        needs.append("safetensors")
    if meaning:
        text.append("- `embedding/`: the embedding model, for sentence-transformers")
    needs.append("sentence-transformers" if meaning else "scikit-learn")
    text.append(f"- `predict.py`: answers as it was measured, without Crossover; needs {', '.join(needs)}")
    return [*text, "", "A control: there is no language model in it.", *COMMAND]


def _use(out: Path, candidate: Candidate, model: Hf) -> list[str]:
    needs = ["torch", "transformers"]
    if (out / "adapter").is_dir():
        needs.append("peft")
    if (out / "demonstrations.jsonl").is_file():
        needs.append("sentence-transformers" if (out / "embedding").is_dir() else "scikit-learn")
    if candidate.decoding.schema:
        needs.append("llguidance")
    base = next((name for name in ("model", "base") if (out / name).is_dir()), model.target)
    text = [
        "- `settings.json`: where a turn begins and ends, labels and their calibration, the steps of a chain",
        f"- `predict.py`: answers as it was measured, without Crossover; needs {', '.join(needs)}",
        *COMMAND,
        "",
        "The model alone, in Python:",
        "",
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({base!r})",
        f"model = AutoModelForCausalLM.from_pretrained({base!r})",
    ]
    if (out / "adapter").is_dir():
        text += ["", "from peft import PeftModel", "", 'model = PeftModel.from_pretrained(model, "adapter")']
    return [*text, "```"]

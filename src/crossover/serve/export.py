"""Writes a candidate as a folder that plain transformers and PEFT load, with its prompt as OpenAI-style messages."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from crossover.data.task import Task
from crossover.errors import StudyError
from crossover.models.base import Model
from crossover.models.hf import Hf
from crossover.models.hf.chat import FIXED
from crossover.models.open import open_model
from crossover.study.folder import StudyFolder, write_json, write_text
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate, Message, to_json

STANDALONE = Path(__file__).with_name("standalone.py")
NEAREST = "demonstrations.jsonl"


def export(folder: StudyFolder, out: Path, name: str | None = None, merge: bool = False) -> list[str]:
    """Export a candidate (the verdict's choice without a `name`) to a new folder; return the files, relative to it.

    `merge`: an adapter is merged into its base model, so that transformers alone loads it. The folder appears whole or not
    at all. Raises `StudyError` when it exists and is not empty, or cannot be written.
    """
    candidate, row = read_candidate(folder, name)
    task = read_task(folder)
    model = open_model(candidate.model, task.folder)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} exists and is not an empty folder: name a new one")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _write(part, candidate, row, task, model, merge)
        if out.exists():
            out.rmdir()
        os.replace(part, out)
    except OSError as error:
        raise StudyError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def messages(candidate: Candidate) -> list[Message]:
    """The prompt as a conversation, `{input}` where the input goes; nearest demonstrations are not in it."""
    prompt = candidate.prompt
    found = [Message("system", prompt.instruction)] if prompt.instruction else []
    if prompt.selection == "fixed":
        for shown in prompt.demonstrations:
            found.append(Message("user", prompt.template.replace("{input}", shown.input)))
            found.append(Message("assistant", shown.output))
    return [*found, Message("user", prompt.template)]


def _write(out: Path, candidate: Candidate, row: dict[str, Any], task: Task, model: Model, merge: bool) -> None:
    body = to_json(candidate)
    if body["weights"]:
        body["weights"]["path"] = "adapter" if candidate.weights and candidate.weights.kind == "adapter" else "model"
    write_json(out / "candidate.json", body)
    write_json(out / "messages.json", to_json(messages(candidate)))
    if candidate.prompt.selection == "nearest" and candidate.prompt.demonstrations:
        lines = [json.dumps(to_json(d), ensure_ascii=False) for d in candidate.prompt.demonstrations]
        write_text(out / NEAREST, "\n".join(lines) + "\n")
    if isinstance(model, Hf):
        _weights(out, candidate, model, merge)
        chat = model.chat
        turn = {
            "template": chat.template,
            "takes_system": chat.takes_system,
            "add_special_tokens": chat.add_special_tokens,
            "prompt_lead": chat.prompt_lead,
            "answer_lead": chat.answer_lead,
            "end": list(chat.end),
            "separator": chat.separator,
            "fixed": FIXED,
        }
        settings = {"base": model.target, "shots": candidate.prompt.shots, "decoding": to_json(candidate.decoding)}
        write_json(out / "settings.json", settings | {"turn": turn})
        shutil.copyfile(STANDALONE, out / "predict.py")
    write_text(out / "README.md", _readme(out, candidate, row, task))


def _weights(out: Path, candidate: Candidate, model: Hf, merge: bool) -> None:
    weights = candidate.weights
    if weights is not None:
        model.check_weights(weights)
    if weights is not None and weights.kind == "full":
        shutil.copytree(weights.path, out / "model")
        return
    if weights is not None:
        shutil.copytree(weights.path, out / "adapter")
    if weights is not None and merge:
        merged: Any = model.module(weights)
        model.save(merged.merge_and_unload(), out / "model")
    elif model.bundled:
        shutil.copytree(model.folder, out / "base")
        config = out / "adapter" / "adapter_config.json"
        if config.is_file():
            written = json.loads(config.read_text(encoding="utf-8"))
            write_json(config, written | {"base_model_name_or_path": "base"})


def _readme(out: Path, candidate: Candidate, row: dict[str, Any], task: Task) -> str:
    shown = row["test"] or row["dev"]
    split = "test" if row["test"] else "dev"
    text = [
        f"# {task.name}: {row['name']}",
        "",
        f"{row['metric']} {100 * shown['value']:.1f} % ({100 * shown['low']:.1f}–{100 * shown['high']:.1f}) on"
        f" {shown['n']} {split} items; model `{candidate.model}`; candidate `{candidate.id}`.",
        "",
    ]
    if candidate.model.startswith("constant:"):
        return "\n".join([*text, f"A control: it always answers `{candidate.model.partition(':')[2]}`.", ""])
    text += ["- `messages.json`: the prompt as OpenAI-style messages; put the input where `{input}` stands"]
    if (out / NEAREST).is_file():
        text += [
            f"- `{NEAREST}`: the pool of demonstrations; the {candidate.prompt.shots} nearest to the input (TF-IDF) go"
            " before the last message, as user and assistant turns, the nearest last"
        ]
    text += ["- `candidate.json`: everything that was measured, how it was made, its decoding"]
    if not (out / "settings.json").is_file():
        return "\n".join([*text, ""])
    text += [
        "- `settings.json`: where a turn begins and ends, the labels and their calibration",
        "- `predict.py`: answers without Crossover, exactly as measured (torch, transformers"
        + (", peft" if (out / "adapter").is_dir() else "")
        + (", scikit-learn" if (out / NEAREST).is_file() else "")
        + ")",
        "",
        "```",
        'python predict.py "a text"          # or texts on standard input, one a line',
        "```",
        "",
        "In Python:",
        "",
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
    ]
    base = next((n for n in ("model", "base") if (out / n).is_dir()), candidate.model)
    text += [
        f'tokenizer = AutoTokenizer.from_pretrained("{base}")',
        f'model = AutoModelForCausalLM.from_pretrained("{base}")',
    ]
    if (out / "adapter").is_dir() and base != "model":
        text += ["from peft import PeftModel", 'model = PeftModel.from_pretrained(model, "adapter")']
    return "\n".join([*text, "```", ""])

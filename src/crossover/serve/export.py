"""Writes a candidate as a folder that works without Crossover, with its prompt as OpenAI-style messages."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from crossover.engine.similarity import WORDS
from crossover.errors import StudyError
from crossover.models._embedding import need_embedder
from crossover.models.base import Model, Tunable, Weighted
from crossover.models.classifier import Classifier
from crossover.models.hf import Hf, soft
from crossover.models.hf.chat import FIXED
from crossover.models.nearest_neighbour import NearestNeighbour
from crossover.models.open import open_model
from crossover.serve.readme import readme
from crossover.study.folder import StudyFolder, write_json, write_text
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate, Message, Prompt, Weights, to_json

STANDALONE = Path(__file__).with_name("standalone.py")
CONTROL = Path(__file__).with_name("standalone_control.py")
NEAREST = "demonstrations.jsonl"


def export(folder: StudyFolder, out: Path, name: str | None = None, merge: bool = False) -> list[str]:
    """Export a candidate (the verdict's choice without a `name`) to a new folder; return the files, relative to it.

    `merge`: an adapter is merged into its base model, so that transformers alone loads it. The folder appears whole or not
    at all. Raises `StudyError` when it exists and is not empty, or cannot be written; `ModelError` when the model or the
    weights cannot be used.
    """
    candidate, row = read_candidate(folder, name)
    task = read_task(folder)
    model = open_model(candidate.model, task.folder)
    if candidate.weights is not None and isinstance(model, Weighted):
        model.check_weights(candidate.weights)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} exists and is not an empty folder: name a new one")
    place = out.absolute()
    part = place.with_name(f".{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _write(part, candidate, model, merge)
        write_text(part / "README.md", readme(part, candidate, row, task.name, model))
        if place.exists():
            place.rmdir()
        os.replace(part, place)
    except (OSError, SafetensorError) as error:
        raise StudyError(f"{out} cannot be written: {_reason(error)}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def messages(candidate: Candidate) -> list[Message]:
    """The prompt as a conversation, `{input}` where the input goes; nearest demonstrations are not in it."""
    return _conversation(candidate.prompt)


def _conversation(prompt: Prompt) -> list[Message]:
    found = [Message("system", prompt.instruction)] if prompt.instruction else []
    if prompt.selection == "fixed":
        for shown in prompt.demonstrations:
            found.append(Message("user", prompt.template.replace("{input}", shown.input)))
            found.append(Message("assistant", shown.output))
    return [*found, Message("user", prompt.template)]


def _write(out: Path, candidate: Candidate, model: Model, merge: bool) -> None:
    place = _weights(out, candidate.weights, model, merge)
    body = to_json(candidate)
    if body["weights"]:
        body["weights"]["path"] = place
    write_json(out / "candidate.json", body)
    write_json(out / "messages.json", to_json(messages(candidate)))
    if candidate.prompt.selection == "nearest" and candidate.prompt.demonstrations:
        lines = [json.dumps(to_json(d), ensure_ascii=False) for d in candidate.prompt.demonstrations]
        write_text(out / NEAREST, "\n".join(lines) + "\n")
        if candidate.prompt.likeness != WORDS:
            shutil.copytree(need_embedder("the export").folder, out / "embedding")
    if isinstance(model, Classifier):
        shutil.copytree(model.embedder.folder, out / "embedding")
    if isinstance(model, (Classifier, NearestNeighbour)):
        shutil.copyfile(CONTROL, out / "predict.py")
    if isinstance(model, Hf):
        write_json(out / "settings.json", _settings(candidate, model))
        shutil.copyfile(STANDALONE, out / "predict.py")


def _weights(out: Path, weights: Weights | None, model: Model, merge: bool) -> str:
    """Copy or merge the weights, and the bundled base where they need it; return the folder that they are in."""
    place = "model" if weights is None or weights.kind == "full" else weights.kind
    if weights is not None and place == "adapter" and merge and isinstance(model, Tunable):
        if soft.number_in(Path(weights.path)):
            raise StudyError("a soft prompt cannot be merged into the model: export it without --merge")
        merged: Any = model.module(weights)
        model.save(merged.merge_and_unload(), out / "model")
        return "model"
    if weights is not None:
        shutil.copytree(weights.path, out / place)
    if isinstance(model, Hf) and model.bundled and not (out / "model").is_dir():
        shutil.copytree(model.folder, out / "base")
        config = out / "adapter" / "adapter_config.json"
        if config.is_file():
            written = json.loads(config.read_text(encoding="utf-8"))
            write_json(config, written | {"base_model_name_or_path": "base"})
    return place


def _settings(candidate: Candidate, model: Hf) -> dict[str, Any]:
    """What predict.py must know beside the messages."""
    chat = model.chat
    return {
        "base": model.target,
        "precision": model.precision[0],
        "window": model.context_window,
        "shots": candidate.prompt.shots,
        "decoding": to_json(candidate.decoding),
        "steps": [
            {"name": s.name, "messages": to_json(_conversation(s.prompt)), "decoding": to_json(s.decoding)}
            for s in candidate.prompt.steps
        ],
        "turn": {
            "template": chat.template,
            "takes_system": chat.takes_system,
            "add_special_tokens": chat.add_special_tokens,
            "prompt_lead": chat.prompt_lead,
            "answer_lead": chat.answer_lead,
            "end": list(chat.end),
            "separator": chat.separator,
            "fixed": FIXED,
        },
    }


def _reason(error: Exception) -> str:
    if isinstance(error, shutil.Error):  # of copying a folder: (source, destination, reason) for each file
        return str(error.args[0][0][2])
    return getattr(error, "strerror", None) or str(error)

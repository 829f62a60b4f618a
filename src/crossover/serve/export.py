"""Writes a candidate as a folder that works without Crossover, with its prompt as OpenAI-style messages."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.engine.render import filled
from crossover.engine.similarity import WORDS
from crossover.errors import StudyError
from crossover.models.base import Model, Tunable
from crossover.models.classifier import Classifier
from crossover.models.embedding import need_embedder
from crossover.models.hf import Hf, soft
from crossover.models.hf.chat import FIXED
from crossover.models.nearest_neighbour import NearestNeighbour
from crossover.serve.readme import readme
from crossover.serve.replay import Replay, replay
from crossover.serve.whole import files_in, new_folder
from crossover.study.folder import StudyFolder, write_json, write_text
from crossover.study.models import open_measured
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate, Message, Prompt, Weights, to_json

STANDALONE = Path(__file__).with_name("standalone.py")
CONTROL = Path(__file__).with_name("standalone_control.py")
NEAREST = "demonstrations.jsonl"


@dataclass(frozen=True)
class Export:
    """`files`: what was written, relative to the folder. `replay`: how it answers, where that was tried."""

    files: list[str]
    replay: Replay | None


def export(folder: StudyFolder, out: Path, name: str | None = None, merge: bool = False, check: bool = False) -> Export:
    """Export a candidate (the verdict's choice without a `name`) to a new folder.

    `merge`: an adapter is merged into its base model, so that transformers alone loads it. `check`: the export is loaded in
    another process and replays measured rows; its README says how that went. The folder appears whole or not at all. Raises
    `StudyError` when it exists and is not empty, cannot be written, or does not run; `ModelError` when the model or the
    weights cannot be used.
    """
    candidate, row = read_candidate(folder, name)
    task = read_task(folder)
    model = open_measured(folder, candidate, task.folder)
    with new_folder(out) as part:
        _write(part, candidate, model, merge)
        tried = replay(part, folder, row["id"]) if check and (part / "predict.py").is_file() else None
        shutil.rmtree(part / "__pycache__", ignore_errors=True)
        text = readme(part, candidate, row, task.name, model)
        write_text(part / "README.md", text + (f"\nAfter writing: {tried.sentence}.\n" if tried else ""))
    return Export(files_in(out), tried)


def conversation(prompt: Prompt) -> list[Message]:
    """A prompt as messages, `{input}` where the input goes; nearest demonstrations are not in it."""
    found = [Message("system", prompt.instruction)] if prompt.instruction else []
    if prompt.selection == "fixed":
        for shown in prompt.demonstrations:
            found.append(Message("user", filled(prompt.template, {**dict(shown.steps), "input": shown.input})))
            found.append(Message("assistant", shown.output))
    return [*found, Message("user", prompt.template)]


def _write(out: Path, candidate: Candidate, model: Model, merge: bool) -> None:
    place = place_weights(out, candidate.weights, model, merge)
    write_candidate(out, candidate, place)
    write_json(out / "messages.json", to_json(conversation(candidate.prompt)))
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


def write_candidate(out: Path, candidate: Candidate, place: str) -> None:
    """`candidate.json`; `place`: the folder in `out` where its weights lie."""
    body = to_json(candidate)
    if body["weights"]:
        body["weights"]["path"] = place
    write_json(out / "candidate.json", body)


def place_weights(out: Path, weights: Weights | None, model: Model, merge: bool, base: str = "") -> str:
    """Copy or merge a candidate's weights, and the base model where it is needed; return the folder that they are in.

    The base is needed where transformers cannot load it by its name, and is then named `base`; with a name of the caller's
    own always. Raises `StudyError` for a soft prompt that is to be merged.
    """
    place = "model" if weights is None or weights.kind == "full" else weights.kind
    if weights is not None and place == "adapter" and merge and isinstance(model, Tunable):
        if soft.number_in(Path(weights.path)):
            raise StudyError("a soft prompt cannot be merged into the model: export it without --merge")
        merged: Any = model.module(weights)
        model.save(merged.merge_and_unload(), out / "model")
        return "model"
    if weights is not None:
        shutil.copytree(weights.path, out / place)
    if isinstance(model, Hf) and (model.bundled or base) and not (out / "model").is_dir():
        name = base or "base"
        shutil.copytree(model.folder, out / name)
        config = out / "adapter" / "adapter_config.json"
        if config.is_file():
            written = json.loads(config.read_text(encoding="utf-8"))
            write_json(config, written | {"base_model_name_or_path": name})
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
            {"name": s.name, "messages": to_json(conversation(s.prompt)), "decoding": to_json(s.decoding)}
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

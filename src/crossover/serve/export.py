"""Writes a candidate as a folder that works without Crossover, with its prompt as OpenAI-style messages.

What answers in it is said by the model (`Exportable`), so that a plug-in's model is exported as ours are.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from crossover.data.modelspec import placeless
from crossover.engine.conversation import conversation
from crossover.engine.similarity import WORDS
from crossover.errors import MissingExtra, OptionError, StudyError
from crossover.models.base import Concurrent, Exportable, Model, Runtime, Tunable
from crossover.models.embedding import need_embedder
from crossover.models.hf.files import Loadable
from crossover.serve.answering import EMBEDDING
from crossover.serve.bundle import bundle
from crossover.serve.parity import Parity, check_parity
from crossover.serve.readme import readme
from crossover.serve.whole import files_in, new_folder
from crossover.study.folder import StudyFolder, write_json, write_text
from crossover.study.models import open_measured
from crossover.study.read import read_candidate, read_task
from crossover.types import Candidate, Prompt, Weights, to_json

NEAREST = "demonstrations.jsonl"
PREDICT, CHAIN = "predict.py", "chain.py"
CHAINED = "crossover.serve.standalone_chain"  # what becomes chain.py


@dataclass(frozen=True)
class Export:
    """`files`: what was written, relative to the folder. `parity`: whether it answers as measured, where that was tried."""

    files: list[str]
    parity: Parity | None


def export(
    folder: StudyFolder,
    out: Path,
    name: str | None = None,
    merge: bool = False,
    check: bool = False,
    chain: bool = False,
) -> Export:
    """Export a candidate (the verdict's choice without a `name`) to a new folder.

    `merge`: an adapter is merged into its base model, so that transformers alone loads it. `check`: the export is loaded in
    another process and replays measured rows, unless its model is at a service; its README says how that went. `chain`: it
    has a chain.py, the candidate as a runnable of LangChain's. The folder appears whole or not at all. Raises `StudyError`
    when it exists and is not empty, cannot be written, or does not run; `ModelError` when model or weights cannot be used;
    with `chain` also `OptionError` for a control that asks nothing, and `MissingExtra` where it could not be checked.
    """
    candidate, row = read_candidate(folder, name)
    task = read_task(folder)
    model = open_measured(folder, candidate, task.folder)
    with new_folder(out) as part:
        runtime = model.runtime(candidate) if isinstance(model, Exportable) else None
        _write(part, candidate, model, runtime, merge)
        elsewhere = isinstance(model, Concurrent) and not isinstance(model, Tunable)  # there, rows cost money
        check = check and (part / PREDICT).is_file() and not elsewhere
        if chain:
            _chain(part, row["name"], runtime, check)
        tried = check_parity(part, folder, row["id"], CHAIN if chain else PREDICT) if check else None
        shutil.rmtree(part / "__pycache__", ignore_errors=True)
        text = readme(part, candidate, row, task.name, model, runtime)
        write_text(part / "README.md", text + (f"\nAfter writing: {tried.sentence}.\n" if tried else ""))
    return Export(files_in(out), tried)


def _write(out: Path, candidate: Candidate, model: Model, runtime: Runtime | None, merge: bool) -> None:
    place = place_weights(out, candidate.weights, model, merge)
    write_candidate(out, candidate, place)
    write_json(out / "messages.json", to_json(conversation(candidate.prompt)))
    write_finder(out, candidate.prompt)
    if runtime is None:
        return
    for name, source in runtime.folders.items():
        shutil.copytree(source, out / name)
    if runtime.settings is not None:
        # where the model lies beside, whoever gets it needs no path of who gave it
        beside = next((name for name in ("model", "base") if isinstance(model, Loadable) and (out / name).is_dir()), None)
        write_json(out / "settings.json", {**runtime.settings, **({"base": beside} if beside else {})})
    if runtime.script:
        write_text(out / PREDICT, bundle(runtime.script))


def _chain(out: Path, name: str, runtime: Runtime | None, check: bool) -> None:
    if runtime is not None and not runtime.script:
        raise OptionError(f"'{name}' is a control that asks nothing: there is nothing to chain; valid is another candidate")
    if check and importlib.util.find_spec("langchain_core") is None:
        raise MissingExtra("trying a chain (--no-check does not)", "langchain")
    write_text(out / CHAIN, bundle(CHAINED))


def write_finder(out: Path, prompt: Prompt) -> None:
    """What finds the demonstrations chosen for each input: the pool, and the embedding model where that needs one."""
    if write_pool(out, prompt) and prompt.likeness != WORDS:
        shutil.copytree(need_embedder("the export").folder, out / EMBEDDING)


def write_pool(out: Path, prompt: Prompt) -> bool:
    """The demonstrations that are chosen for each input, one a line; whether there are any."""
    if prompt.selection != "nearest" or not prompt.demonstrations:
        return False
    lines = [json.dumps(to_json(shown), ensure_ascii=False) for shown in prompt.demonstrations]
    write_text(out / NEAREST, "\n".join(lines) + "\n")
    return True


def write_candidate(out: Path, candidate: Candidate, place: str) -> None:
    """`candidate.json`; `place`: the folder in `out` where its weights lie. Of a model that lay in a folder of this machine
    it has the last part, with the id by that and the id by the whole: who edits the file has neither."""
    body = to_json(candidate)
    if (name := placeless(candidate.model)) != candidate.model:
        body |= {"model": name, "id": candidate.id, "id_here": replace(candidate, model=name).id}
    if body["weights"]:
        body["weights"]["path"] = place
    write_json(out / "candidate.json", body)


def place_weights(out: Path, weights: Weights | None, model: Model, merge: bool, base: str = "") -> str:
    """Copy or merge a candidate's weights, and the base model where it is needed; return the folder that they are in.

    The base is needed where transformers cannot load it by its name, and is then named `base`; with a name of the caller's
    own always. Raises `StudyError` for a soft prompt that is to be merged.
    """
    if weights is not None and weights.kind == "hosted":
        return ""  # they lie at their service
    place = "model" if weights is None or weights.kind == "full" else weights.kind
    loadable = model if isinstance(model, Loadable) else None
    if weights is not None and place == "adapter" and merge and loadable:
        if loadable.vectors(weights):
            raise StudyError("a soft prompt cannot be merged into the model: export it without --merge")
        loadable.merge(weights, out / "model")
        return "model"
    if weights is not None:
        shutil.copytree(weights.path, out / place)
    files = loadable.files() if loadable else None
    if files and (files.bundled or base) and not (out / "model").is_dir():
        name = base or "base"
        shutil.copytree(files.folder, out / name)
        config = out / "adapter" / "adapter_config.json"
        if config.is_file():
            written = json.loads(config.read_text(encoding="utf-8"))
            write_json(config, written | {"base_model_name_or_path": name})
    return place

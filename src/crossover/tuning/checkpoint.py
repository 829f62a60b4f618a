"""The state of a tune on disk: one safetensors file, replaced as a whole about once a minute and after each epoch.

In the folder of a tune:

    checkpoint.safetensors   trained parameters and AdamW's state; in its header, the progress as JSON
    weights-N/               what epoch N saved; only the best epoch's is kept
    trace.json               the epochs so far, for readers; when `finished`, the tune's result
    turn-ID.new/             what the process that tunes is writing (`turn.py`)
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from crossover.errors import StudyError, TuningError
from crossover.tuning.divide import divided_like, own_rows, rows_of
from crossover.tuning.group import ALONE, Group
from crossover.tuning.stream import save_one_by_one
from crossover.types import Epoch, Weights, to_json

CHECKPOINT, TRACE, TURN = "checkpoint.safetensors", "trace.json", "turn-{}.new"


@dataclass(frozen=True)
class Progress:
    """How far a tune is. `key` names its inputs, `best` the best epoch's weights; `dropped` counts too long rows.

    Of the epoch that is under way, `steps` are done, with a summed loss of `loss` in `seconds`. `tokens`: of one pass, as
    the memory allowed; 0 before the first.
    """

    key: str
    epochs: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    best: Weights | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False
    steps: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    tokens: int = 0


def read_trace(folder: Path) -> list[Epoch]:
    """The finished epochs of the tune in `folder`, in order; none when there is no tune yet. Raises `TuningError`."""
    progress = read_progress(folder)
    return list(progress.epochs) if progress else []


def read_progress(folder: Path) -> Progress | None:
    """What trace.json says, or None when there is none. Raises `TuningError` when it is damaged."""
    path = folder / TRACE
    if not path.is_file():
        return None
    try:
        return _progress(path.read_text(encoding="utf-8"), folder)
    except (ValueError, KeyError, TypeError) as error:
        raise TuningError(f"{path} is damaged ({error}): remove the folder to tune anew") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What fails in it concerns the disk, so no other rung could go on: `StudyError`. What was finished before stays."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).strip().split("\n")[0]
        raise StudyError(
            f"{folder} cannot be written ({reason}): free some space, then run the same command again, it continues"
        ) from error


def write_trace(folder: Path, progress: Progress, place: Path | None = None) -> None:
    """`place`: where files are made that are then moved into `folder`; None: in it."""
    temporary = (place or folder) / f"{TRACE}.new"
    temporary.write_text(json.dumps(_json(progress), indent=1), encoding="utf-8")
    os.replace(temporary, folder / TRACE)


def save_checkpoint(
    folder: Path,
    progress: Progress,
    parameters: Mapping[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    group: Group = ALONE,
    place: Path | None = None,
) -> None:
    """Write the checkpoint, then the trace, then remove the weights of epochs that are not the best.

    All processes of a group have to ask for it; the lead writes what one process would have written. `place`: as
    `write_trace` has it.
    """
    tensors = {f"value/{name}": p.detach() for name, p in parameters.items()}
    for name, parameter in parameters.items():
        for key, value in optimizer.state[parameter].items():
            tensors[f"{key}/{name}"] = value
    temporary, about = (place or folder) / f"{CHECKPOINT}.new", {"progress": json.dumps(_json(progress))}
    if group.size > 1:
        save_one_by_one(tensors, rows_of, temporary if group.lead else None, about)
    else:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata=about)
    if group.lead:
        os.replace(temporary, folder / CHECKPOINT)
        write_trace(folder, progress, place)
        clean(folder, progress, place)


def load_checkpoint(
    folder: Path, key: str, parameters: Mapping[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer
) -> Progress | None:
    """Put the checkpoint's state into parameters and optimizer; of divided ones, each process its own rows. None when there
    is none.

    Raises `TuningError` when it is damaged, or that of another tune.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file, torch.no_grad():
            progress = _progress(file.metadata()["progress"], folder)
            check_key(folder, progress, key)
            state: dict[str, dict[str, torch.Tensor]] = {name: {} for name in parameters}
            for path_in_file in file.keys():  # noqa: SIM118 - not a mapping
                what, _, name = path_in_file.partition("/")
                parameter, part = parameters[name], file.get_slice(path_in_file)
                if not part.get_shape():  # how many steps it has done
                    state[name][what] = file.get_tensor(path_in_file)
                    continue
                value = divided_like(parameter, part[own_rows(parameter)])
                if what == "value":
                    parameter.copy_(value)
                else:
                    state[name][what] = value
            # its own loader knows which of them a fused or a plain optimizer wants on which device
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": dict(enumerate(state.values())), "param_groups": groups})
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise TuningError(f"{path} is damaged ({error}): remove the folder to tune anew") from error
    return progress


def check_key(folder: Path, progress: Progress, key: str) -> None:
    """Raise `TuningError` when the progress is not that of the tune `key`."""
    if progress.key != key:
        raise TuningError(f"{folder} holds a tune of other data, model or recipe: name another folder or remove it")


def clean(folder: Path, progress: Progress, place: Path | None = None) -> None:
    """Remove what is not needed: weights of other epochs, half-written files, a finished tune's checkpoint. `place`: as
    `write_trace` has it."""
    keep = Path(progress.best.path).name if progress.best else ""
    for path in folder.glob("weights-*"):
        if path.name != keep:
            os.rename(path, gone := (place or folder) / f"{path.name}.new")
            shutil.rmtree(gone)
    for path in folder.glob("*.new"):
        if path.is_file():
            path.unlink()
    if progress.finished:
        (folder / CHECKPOINT).unlink(missing_ok=True)
        for path in folder.glob(TURN.format("*")):
            shutil.rmtree(path, ignore_errors=True)


def put(name: str, place: Path, folder: Path) -> Path:
    """Move a folder that was made in `place` to its own, where nothing or an earlier one of its name lies; where it is."""
    if (folder / name).exists():
        os.rename(folder / name, place / f"{name}.before")
    os.rename(place / name, folder / name)
    shutil.rmtree(place / f"{name}.before", ignore_errors=True)
    return folder / name


def agreed(group: Group, folder: Path, make: Callable[[], Progress]) -> Progress:
    """The progress that the lead makes, for all."""
    if group.size == 1:
        return make()
    return _progress(group.told(lambda: json.dumps(_json(make()))), folder)


def _json(progress: Progress) -> dict[str, object]:
    body: dict[str, object] = to_json(progress)
    if progress.best:
        body["best"] = {**to_json(progress.best), "path": Path(progress.best.path).name}  # the folder may be moved
    return body


def _progress(text: str, folder: Path) -> Progress:
    body = json.loads(text)
    best = body["best"]
    return Progress(
        key=body["key"],
        epochs=tuple(Epoch(**epoch) for epoch in body["epochs"]),
        best_epoch=body["best_epoch"],
        best=Weights(best["kind"], best["sha256"], str(folder / best["path"])) if best else None,
        dropped=body["dropped"],
        finished=body["finished"],
        steps=body["steps"],
        loss=body["loss"],
        seconds=body["seconds"],
        tokens=body.get("tokens", 0),  # a tune of an earlier version has none
    )

"""Whether a model's rows can be packed (`packing.can_pack`), tried once on a machine and not at every start.

The trial takes some passes over the whole model, as long as a few short answers. That it held is noted in the user's cache,
by the model's configuration, its precision, the device and the code that is tried; where it did not, it is tried again.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import torch
import transformers

from crossover.errors import ModelError
from crossover.models.hf.folder import first_line
from crossover.models.hf.gguf import cache
from crossover.models.hf.packing import can_pack
from crossover.models.kernels import ran_out

TRIED = ("attention.py", "gradient.py", "layout.py", "packing.py", "softmax.py")  # beside this file


def packs(model: Any, folder: Path) -> bool:
    """Whether packed rows give the numbers of the model, whose configuration lies in `folder`.

    Raises `ModelError` where the device's memory does not suffice, which says nothing about the architecture.
    """
    note = _note(model, folder)
    with contextlib.suppress(OSError):
        if note is not None and note.is_file():
            return True
    try:
        held = can_pack(model)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        raise ModelError(f"the device's memory does not suffice for the model: {first_line(error)}") from error
    if held and note is not None:
        with contextlib.suppress(OSError):  # a cache that cannot be written: it is tried again next time
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
    return held


def _note(model: Any, folder: Path) -> Path | None:
    device = torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else model.device.type
    total = hashlib.sha256(f"{model.dtype}\0{device}\0{torch.__version__}\0{transformers.__version__}".encode())
    try:
        for path in (folder / "config.json", *(Path(__file__).with_name(name) for name in TRIED)):
            total.update(path.read_bytes())
        return cache() / "packs" / total.hexdigest()[:32]
    except (OSError, ModelError):  # no such files, or no place for a cache
        return None

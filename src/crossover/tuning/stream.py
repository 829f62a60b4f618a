"""A safetensors file written piece by piece, as their library reads it: what is gathered from many is never held whole.

The format: eight bytes with the length of a JSON header, the header, and the numbers one tensor behind the other. It has no
room for anything but numbers and text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

NAMES = {torch.float64: "F64", torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64"}
KINDS = {name: kind for kind, name in NAMES.items()}
ALIGNED = 8  # bytes, at a multiple of which the numbers begin


def save_one_by_one(
    tensors: Mapping[str, Tensor], pieces: Callable[[Any], Iterable[Tensor]], path: Path | None, about: Mapping[str, str]
) -> None:
    """Write `tensors`, of each its `pieces` when its turn has come, with `about` in the header. Without a `path` they are
    asked for all the same: each process of a group has to. Raises `OSError`.
    """
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))  # so that each begins aligned
    if path is None:
        for name in order:
            for _ in pieces(tensors[name]):
                pass
        return
    header: dict[str, Any] = {"__metadata__": dict(about)}
    end = 0
    for name in order:
        tensor = tensors[name]
        begin, end = end, end + tensor.numel() * tensor.dtype.itemsize
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNED)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            for piece in pieces(tensors[name]):
                file.write(piece.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)


def mapped(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that `save_one_by_one` wrote, where they lie in it: what is written into them is written into
    the file, and no memory of this process's own is needed for them."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    del header["__metadata__"]
    whole: Any = torch.UntypedStorage.from_file(str(path), True, path.stat().st_size)
    found = {}
    for name, about in header.items():
        kind = KINDS[about["dtype"]]
        first = (8 + size + about["data_offsets"][0]) // kind.itemsize
        stride = torch.empty(about["shape"], device="meta").stride()
        found[name] = torch.empty(0, dtype=kind).set_(whole, first, about["shape"], stride)
    return found

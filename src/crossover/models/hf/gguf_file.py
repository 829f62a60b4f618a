"""What a GGUF file says of itself, and whether it can be used: read before anything is converted.

The format is that of ggml's `docs/gguf.md`, versions 2 and 3: a header, typed metadata, a table of tensors, their data.
"""

from __future__ import annotations

import mmap
import re
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy

from crossover.errors import MissingExtra, ModelError

NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
FLOATS = {0: numpy.float32, 1: numpy.float16}
SIZES = ("block_count", "embedding_length")  # that every language model's metadata has, under its architecture's name
PART = re.compile(r"-\d{5}-of-(\d{5})\.gguf$")


@dataclass(frozen=True)
class Tensor:
    """`shape` in ggml's order (the fastest first), `kind` ggml's number of the type, `start` the first byte in the file."""

    shape: tuple[int, ...]
    kind: int
    start: int

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Header:
    """`metadata`: strings and numbers; of an array, how many it holds. `tensors`: name -> what and where."""

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def architecture(self) -> str:
        return str(self.metadata["general.architecture"])

    def check_described(self) -> None:
        """Raise `ModelError` for metadata without the model's size, which would be taken from some default."""
        for name in SIZES:
            if f"{self.architecture}.{name}" not in self.metadata:
                raise ModelError(
                    f"{self.path} names no {self.architecture}.{name}, so nothing can tell how large the model is"
                )

    def floats(self, name: str) -> Any:
        """The values of a tensor of plain floats, as a NumPy array. Raises `ModelError` for another type."""
        tensor = self.tensors[name]
        if tensor.kind not in FLOATS:
            raise ModelError(f"{self.path}: the tensor {name} is of ggml's type {tensor.kind}; valid is float")
        return numpy.fromfile(self.path, FLOATS[tensor.kind], tensor.size, offset=tensor.start)


def check_link(path: Path) -> None:
    """Raise `ModelError` for a link to what is not there, or to itself."""
    if path.is_symlink() and not path.exists():
        raise ModelError(f"the link {path} points nowhere")


def read_header(path: Path) -> Header:
    """Read and check a GGUF file. Raises `ModelError`, one sentence, for one that is no language model's or not whole;
    `MissingExtra` without the extra `gguf`."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelError(f"{path} is not a GGUF file: it does not begin with GGUF")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as blob:
                header, end = _Reader(path, blob).header(), len(blob)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    except (struct.error, ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise ModelError(f"{path} is damaged, or was cut off, in its metadata") from error
    _check_kind(header)
    _check_tensors(header, end)
    return header


class _Reader:
    """Walks over the bytes from the front."""

    def __init__(self, path: Path, blob: mmap.mmap) -> None:
        self._path, self._blob, self._at = path, blob, 4

    def header(self) -> Header:
        version = self._number("I")
        if version not in (2, 3):
            of = "in big-endian order" if version in (2 << 24, 3 << 24) else f"of version {version}"
            raise ModelError(f"{self._path} is a GGUF file {of}; valid: versions 2 and 3, little-endian")
        tensors, pairs = self._number("Q"), self._number("Q")
        metadata: dict[str, Any] = {}
        for _ in range(pairs):
            key = self._string()
            metadata[key] = self._value(self._number("I"))
        table = {}
        for _ in range(tensors):
            name = self._string()
            shape = tuple(self._number("Q") for _ in range(self._number("I")))
            table[name] = Tensor(shape, self._number("I"), self._number("Q"))
        step = int(metadata.get("general.alignment", 32))
        data = -(-self._at // step) * step
        placed = {name: Tensor(t.shape, t.kind, data + t.start) for name, t in table.items()}
        return Header(self._path, metadata, placed)

    def _number(self, form: str) -> Any:
        (value,) = struct.unpack_from("<" + form, self._blob, self._at)
        self._at += struct.calcsize(form)
        return value

    def _skip(self, length: int) -> int:
        """Where something of so many bytes begins, past which it goes."""
        start, self._at = self._at, self._at + length
        if self._at > len(self._blob):
            raise struct.error("beyond the end")
        return start

    def _string(self) -> str:
        start = self._skip(self._number("Q"))
        return self._blob[start : self._at].decode("utf-8")

    def _value(self, kind: int) -> Any:
        if kind == STRING:
            return self._string()
        if kind != ARRAY:
            return self._number(NUMBERS[kind])
        inner, count = self._number("I"), self._number("Q")
        if inner in NUMBERS:
            self._skip(count * struct.calcsize(NUMBERS[inner]))
        elif inner == STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
        else:
            for _ in range(count):
                self._value(inner)
        return count


def _check_kind(header: Header) -> None:
    """Raise `ModelError` for a file that holds something else than one whole model."""
    path, metadata = header.path, header.metadata
    split = PART.search(path.name)
    parts = metadata.get("split.count", 0) or (int(split[1]) if split else 0)
    if parts not in (0, 1):
        raise ModelError(
            f"{path} is one of {parts} parts of a split GGUF: join them with llama.cpp's"
            f" 'llama-gguf-split --merge FIRST_PART OUT.gguf', and name that file"
        )
    kind = metadata.get("general.type", "model")
    if kind != "model":
        raise ModelError(f"{path} is a GGUF file of the type '{kind}'; valid is a language model's")
    if not isinstance(metadata.get("general.architecture"), str):
        raise ModelError(f"{path} names no general.architecture, so nothing can tell what model it is")
    if not header.tensors:
        raise ModelError(f"{path} has a vocabulary and no weights; valid is a language model's GGUF file")
    # bounds before anything is built of them: a layer has a tensor at least
    for name, most in zip(SIZES, (len(header.tensors), 1 << 20), strict=True):
        key = f"{header.architecture}.{name}"
        size = metadata.get(key, 1)
        if not isinstance(size, int) or not 1 <= size <= most:
            raise ModelError(f"{path}: {key} is {size!r}; valid here: 1 to {most:,}")


def _check_tensors(header: Header, end: int) -> None:
    """Raise `ModelError` for a type that cannot be dequantised, and for data beyond the file's `end`."""
    try:
        import gguf
    except ImportError as error:
        raise MissingExtra(f"the GGUF file {header.path.name}", "gguf") from error
    blocks: dict[int, tuple[int, int]] = {}  # ggml's type -> elements and bytes of a block
    total = 0
    for name, tensor in header.tensors.items():
        if not tensor.size:
            raise ModelError(f"{header.path} is damaged: the tensor {name} has the shape {tensor.shape}, which is empty")
        if tensor.kind not in blocks:
            blocks[tensor.kind] = _block(header.path, name, tensor.kind, gguf)
        elements, size = blocks[tensor.kind]
        held = tensor.size // elements * size
        total += held
        if tensor.start + held > end:
            raise ModelError(f"{header.path} was cut off: it has {end:,} bytes, and the tensor {name} lies beyond them")
    if total > end:  # a small file may not say that it is a large model
        raise ModelError(f"{header.path} is damaged: its tensors lie over each other")


def _block(path: Path, name: str, kind: int, gguf: Any) -> tuple[int, int]:
    said = f"type {kind}"
    try:
        known = gguf.GGMLQuantizationType(kind)
        said = known.name
        elements, size = gguf.GGML_QUANT_SIZES[known]
        gguf.dequantize(numpy.zeros((1, size), numpy.uint8), known)  # one block of it, to see whether it can be done
    except (ValueError, KeyError, NotImplementedError) as error:
        raise ModelError(f"{path} holds weights in {said} ({name}), which gguf cannot dequantise") from error
    return int(elements), int(size)

"""transformers' reading of a GGUF file, as quick as it can be: it reads the metadata again and again, slowly."""

from __future__ import annotations

import contextlib
import functools
import importlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy

_ours = threading.RLock()  # gguf's names are the whole process's: a second thread would keep what the first had put


def _reader() -> type:
    """gguf's, over a plain array of the mapped file: each of 100,000 tokens is cut out of it several times, which takes
    a `numpy.memmap` three times as long."""

    class Reader(importlib.import_module("gguf.gguf_reader").GGUFReader):  # type: ignore[misc]
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, numpy.asarray(value) if name == "data" else value)

    return Reader


@contextlib.contextmanager
def read_once() -> Iterator[None]:
    """Within it transformers reads a file's metadata once, and not for configuration, tokenizer and weights each; it makes
    the names of an architecture's tensors once, and not for each part of the model: seconds, of one of thirty layers.
    One thread at a time is in it."""
    library = importlib.import_module("gguf")
    with _ours:
        known = {name: getattr(library, name) for name in ("GGUFReader", "get_tensor_name_map")}
        for name, function in (known | {"GGUFReader": _reader()}).items():
            setattr(library, name, functools.cache(function))
        try:
            yield
        finally:
            for name, function in known.items():
                setattr(library, name, function)

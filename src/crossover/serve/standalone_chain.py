"""The exported candidate as a LangChain runnable, without Crossover: `from chain import load`, `load().invoke("a text")`.

Needs langchain-core, and what predict.py beside it needs, whose model answers. `load(model=...)` takes any chat model of
LangChain's in its place: prompts and the reading of answers stay as measured, how good the answers are does not. Batches,
ainvoke and the rest are LangChain's own. Also: python chain.py "a text", or texts on standard input, as predict.py.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core import exceptions

from crossover.serve.answering import Answering, answer_lines
from crossover.serve.runnables import runnable
from crossover.types import Reply, Request

PLACE = Path(__file__).parent


class Chained(Answering):
    """The candidate in `folder` as a `chain`, answered for by predict.py beside it, or by a `model`."""

    def __init__(self, folder: Path = PLACE, model: Any = None) -> None:
        super().__init__(folder)
        self._exported: Any = beside(folder) if model is None else None
        self.chain = runnable(self.candidate, self._renderer, self.complete, model)

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        replies: list[Reply] = self._exported.complete(requests)
        return replies

    def answer(self, text: str) -> str:
        try:
            return self.chain.invoke(text)
        except exceptions.ModelError as error:
            raise ValueError(str(error)) from error


def beside(folder: Path) -> Any:
    """What predict.py answers with. Raises `ValueError` where there is none."""
    script = folder / "predict.py"
    spec = importlib.util.spec_from_file_location("exported_predict", script)
    if not script.is_file() or spec is None or spec.loader is None:
        raise ValueError("there is no predict.py beside chain.py that could answer; valid is load(model=...), a chat model")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.Exported(folder)


def load(folder: Path | str = PLACE, model: Any = None) -> Any:
    """The runnable, from a text to its answer. Loads the model, which takes a while: keep it."""
    return Chained(Path(folder), model).chain


def main() -> int:
    """Answer the arguments, or else the lines of standard input; the exit status."""
    return answer_lines(Chained())


if __name__ == "__main__":
    sys.exit(main())

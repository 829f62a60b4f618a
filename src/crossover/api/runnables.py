"""A predictor as one of LangChain's runnables, where langchain-core is installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from crossover.engine.render import Renderer
from crossover.errors import MissingExtra
from crossover.serve.predict import Predictor


def runnable_of(predictor: Predictor) -> Any:
    """`predictor` as a `Runnable[str, str]`. Raises `MissingExtra`."""
    if importlib.util.find_spec("langchain_core") is None:
        raise MissingExtra("a runnable of LangChain's", "langchain")
    candidate = predictor.candidate
    room = importlib.import_module("crossover.serve.runnables")  # which loads langchain-core
    return room.runnable(candidate, Renderer(candidate.prompt), predictor.model.complete)

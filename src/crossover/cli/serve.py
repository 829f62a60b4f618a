"""Serve candidates and models as OpenAI does: chat, responses, files and tuning jobs."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from crossover.cli.places import Places
from crossover.errors import MissingExtra
from crossover.serve.listening import url_of


def command(
    what: Annotated[
        Places,
        typer.Argument(
            help="Finished studies (the verdict's choice), STUDY:CANDIDATE, exports, and models such as pocket or a folder."
        ),
    ],
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option("--host", help="Another than 127.0.0.1 needs --key-env.")] = "127.0.0.1",
    key_env: Annotated[
        str | None, typer.Option("--key-env", help="The environment variable with the API key that requests must bear.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where uploaded files, tuning jobs and tuned models lie.")
    ] = Path("crossover-serve"),
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            help="Add each answer of a candidate to this file, with what was asked: JSON lines for 'crossover watch'.",
        ),
    ] = None,
    queue: Annotated[int, typer.Option("--queue", min=1, help="Requests that may wait; more are told to come back.")] = 256,
) -> None:
    """Serve candidates and models as OpenAI does: chat, responses, files and tuning jobs.

    A candidate answers as it was measured: ask it with one user message, the input, or at POST /predict.

    A model takes whole conversations, and is tuned (LoRA) by jobs of the official client.

    GET /ready says yes once recorded rows of each study were answered as measured.
    """
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "python_multipart")):
        raise MissingExtra("'serve'", "serve")
    run: Any = importlib.import_module("crossover.serve.openai.run")
    settings = run.Settings(folder, host, port, key_env, queue, log)
    with run.opened(what, settings) as (server, bound, names):
        typer.echo(f"serving {', '.join(names)} at {url_of(host, bound)}/v1 (Ctrl-C ends)")
        if log is not None:
            typer.echo(f"what candidates are asked, and what they answer, is added to {log}")
        try:
            server.run(sockets=[bound])
        except KeyboardInterrupt:
            typer.echo("ended; a tuning job under way goes on when the server is started again", err=True)

"""Studies in a browser: look at them, try inputs and prompts, correct labels, start new ones."""

from __future__ import annotations

import importlib
import importlib.util
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from crossover.errors import MissingExtra
from crossover.serve.listening import url_of


def command(
    folder: Annotated[Path, typer.Argument(help="A folder of studies, or one study.")] = Path("runs"),
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.")] = 8300,
    host: Annotated[str, typer.Option("--host", help="Another than 127.0.0.1 needs --key-env.")] = "127.0.0.1",
    key_env: Annotated[
        str | None, typer.Option("--key-env", help="The environment variable with the key that browsers must give.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Studies in a browser: look at them, try inputs and prompts, correct labels, start new ones.

    What is tried out, compared or corrected lies in a folder of its own in each study and changes no verdict.

    Your own files are never written.
    """
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "python_multipart")):
        raise MissingExtra("'studio'", "studio")
    run: Any = importlib.import_module("crossover.studio.run")
    with run.opened(run.Settings(folder, host, port, key_env)) as (server, bound):
        url = url_of(host, bound)
        typer.echo(f"studio over {folder} at {url} (Ctrl-C ends)")
        if show:
            webbrowser.open(url)
        try:
            server.run(sockets=[bound])
        except KeyboardInterrupt:
            typer.echo("ended; studies that it started go on", err=True)

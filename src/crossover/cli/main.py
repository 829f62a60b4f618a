"""The command `crossover`: finds the command's file, runs it, and turns every error into one sentence.

A command is the function `command` in `cli/NAME.py`; it is imported only when it is called, so that `--help` is quick.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from crossover.cli.output import degrade, tell
from crossover.cli.places import no_empty_paths
from crossover.errors import CrossoverError, OptionError, nearest, of_a_file, pasted, without_keys
from crossover.interrupts import INTERRUPTED, every_interrupt_heard

CONTINUES = "what is finished is kept: run the same command again and it continues"
COMMANDS = (
    *("init", "advise", "run", "curve", "show", "report", "redecide", "evaluate", "predict", "serve", "watch", "studio"),
    *("export", "publish", "import", "prompts", "move", "studies", "list"),
)
CONTINUED = ("run", "curve", "evaluate", "publish", "move")  # the others begin anew
ENDINGS = {
    "run": (".yaml", ".yml"),
    "init": (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"),
    "import": (".eval",),
}
ELSEWHERE = {  # words for what another command does
    "history": "'crossover show runs/NAME' names the earlier verdicts",
    "status": "'crossover show runs/NAME' says how far a study is",
    "verdict": "'crossover show runs/NAME' prints it",
    "results": "'crossover show runs/NAME' prints them",
    "plan": "'crossover run task.yaml --plan' says what a study takes",
    "resume": "'crossover run task.yaml', run again, continues",
    "train": "'crossover run task.yaml' tunes too",
    "tune": "'crossover run task.yaml' tunes too",
    "test": "'crossover run task.yaml' tests the finalists; 'crossover evaluate' measures on newer rows",
    "compare": "'crossover run task.yaml' compares what its strategies make",
    "strategies": "'crossover list strategies' names them",
    "metrics": "'crossover list metrics' names them",
    "models": "'crossover list models' names them",
    "keys": "'crossover list keys' names them",
}
ABOUT = """Prompt it, fine-tune it, or both? Crossover measures it on your task, your model and your limits.

Start with a file of labelled examples:  crossover init data.csv,  then  crossover run task.yaml
"""


class LazyGroup(TyperGroup):
    """Lists the commands by their files' first line; imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        return self.commands.get(cmd_name) or TyperCommand(cmd_name, help=_summary(cmd_name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in COMMANDS:
            self.add_command(load(args[0]), args[0])
        elif args and not args[0].startswith("-"):
            raise OptionError(f"there is no command '{args[0]}'; {_meant(args[0])}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:  # typer would end with 130 and say nothing
            _interrupted(error, ctx.invoked_subcommand)
            raise


# A thread that waits by spinning for long makes torch many times slower beside any other work; read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "4000")

app = typer.Typer(
    name="crossover",
    help=ABOUT,
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        metadata = importlib.import_module("importlib.metadata")
        typer.echo(f"crossover {metadata.version('crossover')}")
        raise typer.Exit


@app.callback()
def _crossover(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True, callback=_version),
) -> None:
    pass


def load(name: str) -> Any:
    """A command's own parser, from its file."""
    module = importlib.import_module(f"crossover.cli.{name}")
    if several := getattr(module, "app", None):  # a command with commands of its own
        group: Any = typer.main.get_command(several)
        group.name = name
        for one in group.commands.values():
            no_empty_paths(one)
        return group
    single = typer.Typer(
        add_completion=False, rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]}
    )
    single.command(name=name)(module.command)
    command = typer.main.get_command(single)
    command.name = name
    return no_empty_paths(command)


def _meant(word: str) -> str:
    """What somebody who wrote a word in a command's place may have meant."""
    for command, endings in ENDINGS.items():
        if word.lower().endswith(endings):
            return f"did you mean: crossover {command} {pasted(word)} (valid: {', '.join(COMMANDS)})"
    if word in ELSEWHERE:
        return f"{ELSEWHERE[word]}; valid: {', '.join(COMMANDS)}"
    return nearest(word, COMMANDS)


def _summary(name: str) -> str:
    tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def main() -> None:
    """Run the command line. Exit status: 0 done, 2 something the user can mend, 3 drift that `watch` found, 130
    interrupted, 1 our own mistake."""
    degrade()
    try:
        with every_interrupt_heard():
            app()
    except CrossoverError as error:
        _complain(f"crossover: {error}")
        sys.exit(2)
    except KeyboardInterrupt as error:
        _interrupted(error)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of a pipe has gone
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  a traceback is for a file, not for the user
        if isinstance(error, OSError) and (said := of_a_file(error)) is not None:
            _complain(f"crossover: {said}")
            sys.exit(2)
        with tempfile.NamedTemporaryFile("w", prefix="crossover-", suffix=".log", delete=False) as log:
            log.write(without_keys(traceback.format_exc()))
        what = without_keys(f"{type(error).__name__}: {error}".split("\n", 1)[0])
        if (plugin := importlib.import_module("crossover.registry").blamed(error)) is not None:
            _complain(f"crossover: {plugin} raised {what}; where, is in {log.name}")
            sys.exit(2)
        _complain(f"crossover: a mistake of Crossover's own ({what}); please report it with {log.name}")
        sys.exit(1)


def _interrupted(error: KeyboardInterrupt, command: str | None = None) -> None:
    """What is kept, and what whoever was interrupted says of it, such as of a job that goes on elsewhere."""
    _complain("; ".join(["interrupted", *[CONTINUES] * (command in CONTINUED), *map(str, error.args)]))


def _complain(sentence: str) -> None:
    """A sentence on standard error, whatever the data that it quotes holds: line breaks and control codes are escaped."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in without_keys(sentence))
    tell(Console(stderr=True, highlight=False), line)

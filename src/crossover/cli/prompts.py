"""Keep prompts by name and version: list, show, compare, label, restore, add, and what works where."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from crossover.cli.output import json_out
from crossover.cli.places import Place
from crossover.errors import OptionError, PromptError, nearest
from crossover.prompts.differ import difference
from crossover.prompts.names import checked, reference
from crossover.prompts.plain import visible
from crossover.prompts.record import Version
from crossover.prompts.source import INPUT, prompt_in, worded
from crossover.prompts.store import Registry
from crossover.report.prompts import differing, figures, headed, listed, told, version_json
from crossover.study.folder import StudyFolder
from crossover.study.registered import add_candidate
from crossover.types import Prompt, to_json

WHICH = "NAME, NAME@VERSION or NAME@LABEL, such as support@production."
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Where the prompts lie (default: CROSSOVER_PROMPTS, or 'prompts' here or above)."),
]
Note = Annotated[str, typer.Option("--note", help="Why, in a sentence.")]
By = Annotated[str, typer.Option("--by", help="Who (default: git's user.name, or the login name).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


class _Commands(TyperGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise OptionError(f"there is no command 'prompts {args[0]}'; {nearest(args[0], list(self.commands))}")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


@app.callback()
def command() -> None:
    """Keep prompts by name and version: list, show, compare, label, restore, add, and what works where.

    They are plain files in a folder 'prompts', made for git: files are added, and none is changed.

    A task file takes one with strategies: [{registered: {prompt: support@production}}], Python with crossover.prompts.get.
    """


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(help="One of them: who changed what of it when.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """All prompts with their latest version and labels; or of one, who changed what when."""
    registry = Registry(folder)
    if name is not None:
        versions, changes = registry.versions(name), registry.history(name)
        if as_json:
            _print_json({"versions": list(map(version_json, versions)), "history": to_json(changes)})
        else:
            _console().print(told(changes))
        return
    found: dict[str, list[Version] | str] = {}
    for one in registry.names():
        try:
            found[one] = registry.versions(one)
        except PromptError as error:  # the others can be listed
            found[one] = str(error)
    if as_json:
        _print_json([_summary(one, versions) for one, versions in found.items()])
    elif found:
        _console().print(listed(found))
    else:
        typer.echo(f"there are no prompts in {registry.folder}; 'crossover prompts add NAME FILE' adds one")


@app.command()
def show(which: Annotated[str, typer.Argument(help=WHICH)], folder: Folder = None, as_json: AsJson = False) -> None:
    """One version: the prompt, its labels, where it comes from, and what was measured of it."""
    registry = Registry(folder)
    version = registry.get(which)
    scores = registry.scores(version.name)
    if as_json:
        _print_json(version_json(version, scores))
        return
    console = _console()
    console.print(headed(version))
    console.print(version.text.rstrip("\n"), soft_wrap=True, markup=False, emoji=False)  # lines as they are in the file
    if own := [figure for figure in scores if figure.version == version.identity]:
        console.print()
        console.print(figures(own))


@app.command()
def diff(
    which: Annotated[str, typer.Argument(help=WHICH)],
    other: Annotated[str | None, typer.Argument(help="The later one (default: the latest version).")] = None,
    folder: Folder = None,
) -> None:
    """What differs between two versions, line by line; of a name alone, what its latest version changed."""
    registry = Registry(folder)
    before, after = registry.get(which), registry.get(other or reference(which).name)
    if other is None and before == after:
        if not after.after:
            raise PromptError(f"'{after.name}' has one version, and nothing before it to compare it with")
        before = registry.get(f"{after.name}@{after.after[0]}")
    lines = difference(before, after)
    if lines:
        _console().print(differing(lines), soft_wrap=True)
    else:
        _say(f"{_exact(before)} and {_exact(after)} are equal")


@app.command()
def label(
    which: Annotated[str, typer.Argument(help=WHICH)],
    label: Annotated[str, typer.Argument(help="A word, such as production.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the label away from the prompt.")] = False,
    note: Note = "",
    by: By = "",
    folder: Folder = None,
) -> None:
    """Give a label to a version, from whichever had it."""
    registry = Registry(folder)
    if remove:
        name = reference(which).name
        registry.unlabel(name, label, note, by)
        _say(f"{name} has no label {label} any more")
        return
    _say(f"{label} → {_exact(registry.label(which, label, note, by))}")


@app.command()
def restore(which: Annotated[str, typer.Argument(help=WHICH)], note: Note = "", by: By = "", folder: Folder = None) -> None:
    """Make an earlier version the latest once more: as a new one, with the very prompt."""
    registry = Registry(folder)
    known = registry.versions(reference(which).name)
    _said(registry.restore(which, note, by), known)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The prompt's name; a new version where there is one.")],
    source: Annotated[
        Place,
        typer.Argument(
            help="A study's folder (the verdict's choice), STUDY:CANDIDATE, a text file, a YAML or JSON file with a"
            " prompt's keys, or - for a text on standard input."
        ),
    ],
    template: Annotated[
        str | None,
        typer.Option("--template", help="What the user's message is, with {input}; the text is the instruction."),
    ] = None,
    labelled: Annotated[str, typer.Option("--label", help="A label for this version.")] = "",
    note: Note = "",
    by: By = "",
    folder: Folder = None,
) -> None:
    """Keep a prompt: a candidate's, with its scores, or one in a file.

    A text with {input} in it is what the user's message is; any other is the instruction before it.
    """
    registry = Registry(folder)
    known = registry.versions(name) if checked(name) in registry.names() else []
    study, candidate = _study(source)
    if study is not None and template is not None:
        raise OptionError("--template: a study's candidate has its own; valid is a text file beside it")
    if study is not None:
        version = add_candidate(registry, name, study, candidate, note, by, labelled)
    else:
        prompt = _given(source)
        if template is not None:
            prompt = _with_template(prompt, template)
        where = "standard input" if source == "-" else f"the file {Path(source).name}"
        version = registry.add(name, prompt, None, note, where, by, labelled)
    _said(version, known)
    if labelled:
        _say(f"{labelled} → {_exact(version)}")


@app.command()
def scores(
    name: Annotated[str | None, typer.Argument(help="Of this prompt alone.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Which prompt works where: what studies measured, by task and model."""
    registry = Registry(folder)
    found = [figure for one in ([name] if name else registry.names()) for figure in registry.scores(one)]
    if as_json:
        _print_json(to_json(found))
    elif found:
        _console().print(figures(found))
    else:
        typer.echo("nothing was measured yet: a study whose task has the strategy 'registered' does it")


def _study(source: str) -> tuple[StudyFolder | None, str | None]:
    """The study that a source names, and the candidate behind its colon."""
    if os.path.isdir(source):
        return StudyFolder(Path(source)), None
    place, colon, candidate = source.rpartition(":")
    if colon and candidate and os.path.isdir(place) and not os.path.exists(source):
        return StudyFolder(Path(place)), candidate
    return None, None


def _given(source: str) -> Prompt:
    if source != "-":
        return prompt_in(Path(source))
    try:
        return worded(sys.stdin.buffer.read().decode("utf-8"))  # not as text: a line break stays what it is
    except UnicodeDecodeError as problem:
        raise PromptError(f"standard input, byte {problem.start + 1}: it is not UTF-8; valid is UTF-8 text") from problem


def _with_template(prompt: Prompt, template: str) -> Prompt:
    if prompt.template != Prompt().template:
        raise OptionError(f"--template: the prompt has {INPUT} itself; valid is one of the two")
    return replace(prompt, template=template)


def _summary(name: str, versions: list[Version] | str) -> dict[str, Any]:
    if isinstance(versions, str):
        return {"name": name, "error": versions}
    labels = {label: version.identity for version in versions for label in version.labels}
    return {"name": name, "versions": len(versions), "latest": version_json(versions[-1]), "labels": labels}


def _said(version: Version, known: list[Version]) -> None:
    if version.identity in [one.identity for one in known]:
        _say(f"{_exact(version)} is the latest already, with this very prompt: nothing was written")
        return
    behind = f", after {' and '.join(version.after)}" if version.after else ""
    _say(f"{_exact(version)}: version {version.number}{behind}")


def _exact(version: Version) -> str:
    return f"{version.name}@{version.identity}"


def _say(sentence: str) -> None:
    typer.echo(visible(sentence))


def _console() -> Console:
    return Console(highlight=False)


def _print_json(body: Any) -> None:
    """JSON, in which nothing that a prompt holds steers the terminal either: what is not printable is JSON's own escape."""
    text = json.dumps(body, indent=1, ensure_ascii=False)
    typer.echo(json_out("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)))

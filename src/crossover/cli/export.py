"""Export a study's winner for transformers, LangChain, llama.cpp, Ollama or vLLM; or its rows, to tune elsewhere."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from crossover.api.exports import check_options, export
from crossover.cli.output import harmless, tell
from crossover.errors import OptionError
from crossover.study.folder import StudyFolder, check_new

if TYPE_CHECKING:
    from crossover.serve.training_data import Preview


def command(
    study: Annotated[
        Path,
        typer.Argument(help="The folder of a finished run, such as runs/NAME. For --training-data a task file is enough."),
    ],
    out: Annotated[Path, typer.Argument(help="A new folder for the export.")],
    candidate: Annotated[
        str | None, typer.Option("--candidate", "-c", help="A candidate's name (default: the verdict's choice).")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge an adapter into its base, so that transformers alone loads it.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            help="Load the export again and replay up to 50 measured test rows; status 1 where an answer differs. It takes"
            " as long as loading the model and answering them one by one. With --for llamacpp its server answers, if it is"
            " here."
        ),
    ] = True,
    tool: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="langchain: a chain.py beside; llamacpp: one GGUF file, a grammar, a request, and a script that replays"
            " measured rows; ollama: a Modelfile; vllm: its arguments, chat template and a request.",
        ),
    ] = None,
    llamacpp: Annotated[
        Path | None,
        typer.Option(
            help="With --for llamacpp or ollama: a llama.cpp checkout, whose convert_hf_to_gguf.py makes the GGUF file"
            " (default for llamacpp: where the PATH has it)."
        ),
    ] = None,
    outtype: Annotated[
        str | None,
        typer.Option(help="With --for llamacpp: f32, f16, bf16 or q8_0 (default: the precision that was measured in)."),
    ] = None,
    training_data: Annotated[
        str | None,
        typer.Option(
            help="openai, vertex or trl: the training split, and dev as validation, as files to tune another model with,"
            " in the verdict's (or the candidate's) prompt."
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="With --training-data: epochs for the cost preview (default: 3).")
    ] = None,
    price: Annotated[
        float | None,
        typer.Option(help="With --training-data: the price of a million training tokens, for the cost preview."),
    ] = None,
) -> None:
    """Export a study's winner for transformers, LangChain, llama.cpp, Ollama or vLLM; or its rows, to tune elsewhere."""
    check_new(out)
    if training_data is not None:
        if tool is not None or merge:
            raise OptionError(f"received --training-data and {'--merge' if merge else '--for'}; valid is one of them")
        check_options("training data", llamacpp, outtype)
        rows: Any = importlib.import_module("crossover.serve.training_data")  # which loads torch: not before
        written = rows.export_training_data(study, out, training_data, candidate, 3 if epochs is None else epochs, price)
        typer.echo(f"wrote {out}: {', '.join(written.files)}")
        _show(written.preview)
        return
    if epochs is not None or price is not None:
        raise OptionError(f"--{'epochs' if price is None else 'price'} is for --training-data openai, vertex or trl")
    done = export(StudyFolder(study), out, tool, candidate, merge, check, llamacpp, outtype)
    typer.echo(f"wrote {out}: {', '.join(done.files)}")
    if done.equal is not None:
        tell(Console(highlight=False, stderr=not done.equal), done.parity)
        if not done.equal:
            raise typer.Exit(1)
    elif tool == "llamacpp":
        why = ", whose server is not here" if check else ""
        tried = f"not tried in llama.cpp{why}: start {out / 'serve.sh'}, then run {out / 'check.py'}"
        tell(Console(highlight=False), tried)


def _show(preview: Preview) -> None:
    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for row in preview.rows():
        table.add_row(*row)
    console = Console(highlight=False)
    console.print(table)
    for note in preview.notes:
        console.print(harmless(note), soft_wrap=True, markup=False)  # commands are copied whole

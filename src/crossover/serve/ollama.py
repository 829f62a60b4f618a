"""Writes a candidate for `ollama create`: a Modelfile beside safetensors, checked against the tokens that were measured."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from crossover.engine.render import Renderer
from crossover.errors import ModelError, OptionError
from crossover.models.hf.chat import Chat
from crossover.serve.export import place_weights, write_candidate
from crossover.serve.gguf_model import GGUF, PATTERNS, Llamacpp, write_gguf
from crossover.serve.turns import Turns, read_turns, talk
from crossover.serve.vllm import jinja
from crossover.serve.whole import files_in, new_folder
from crossover.serve.winner import Winner, limits, winner
from crossover.study.folder import StudyFolder, read_json, write_json, write_text
from crossover.types import Prompt

# what Ollama's documentation names for import
MODELS = ("Llama", "Mistral", "Mixtral", "Gemma", "Gemma2", "Gemma3", "Phi3")
ADAPTERS = ("Llama", "Mistral", "Mixtral", "Gemma", "Gemma2")
ROUND = 1024  # tokens of context


def export_ollama(
    folder: StudyFolder, out: Path, name: str | None = None, merge: bool = False, named: Path | None = None
) -> list[str]:
    """Write a candidate (the verdict's choice without a `name`) to a new folder; return the files, relative to it.

    It is built on one GGUF file where `named` is a llama.cpp checkout, by whose converter that is made, and where the model
    is a GGUF file with its own weights; else on safetensors, which Ollama converts itself.

    The folder appears whole or not at all. Raises `OptionError` for what Ollama cannot do: a control, a soft prompt, a
    chain, demonstrations that are chosen for each input, an adapter of an architecture whose adapters it does not read;
    `ModelError` when the chat template cannot be written as one of Ollama's; else as `serve.export.export`.
    """
    found = winner(folder, name, "Ollama")
    prompt = found.candidate.prompt
    whole = named is not None or (found.files.source is not None and found.candidate.weights is None)
    _refuse(found, merge or whole)
    turns = read_turns(found.files.chat, bool(prompt.instruction), prompt.template)
    longest = check_turns(turns, found.files.chat, prompt, found.every_input)
    with new_folder(out) as part:
        if whole:
            place, source = GGUF, f"./{GGUF}"
            write_gguf(part, found, jinja(found.files.chat), Llamacpp(named), None)
        else:
            place, source = place_weights(part, found.candidate.weights, found.model, merge, base="model"), "./model"
            _prepare(part / "model", turns.bos)
        write_candidate(part, found.candidate, place)
        write_text(part / "Modelfile", modelfile(found, turns, source, longest, (part / "adapter").is_dir()))
        write_json(part / "request.json", _request(found))
        write_text(part / "README.md", _readme(part, found))
    return files_in(out)


def modelfile_of(found: Winner, source: str) -> str:
    """The text of a Modelfile for a whole model that lies at `source`. Raises `OptionError` and `ModelError` as above."""
    prompt, chat = found.candidate.prompt, found.files.chat
    _refuse(found, merge=True)
    turns = read_turns(chat, bool(prompt.instruction), prompt.template)
    return modelfile(found, turns, source, check_turns(turns, chat, prompt, found.every_input))


def _refuse(found: Winner, merge: bool) -> None:
    prompt, weights, name = found.candidate.prompt, found.candidate.weights, found.row["name"]
    valid = "valid is another candidate, or the plain export, whose predict.py runs it"
    if prompt.steps:
        raise OptionError(f"'{name}' is a chain of several calls, and an Ollama model answers one: {valid}")
    if prompt.selection == "nearest" and prompt.demonstrations:
        raise OptionError(f"'{name}' chooses its demonstrations for each input, which a Modelfile cannot: {valid}")
    for text in (prompt.instruction, *(t for d in prompt.demonstrations for t in (d.input, d.output))):
        if '"""' in text:
            raise OptionError(
                f"the prompt of '{name}' holds three double quotes in a row, which end a Modelfile's text: {valid}"
            )
    kind = architecture(found.files.folder)
    if weights is not None and weights.kind == "adapter" and not merge and kind.removesuffix("ForCausalLM") not in ADAPTERS:
        raise OptionError(
            f"Ollama reads adapters of {', '.join(ADAPTERS)}, and '{name}' is one of {kind}: merge it into its base with"
            " --merge"
        )


def check_turns(turns: Turns, chat: Chat, prompt: Prompt, inputs: tuple[str, ...]) -> int:
    """The tokens of the longest prompt. Raises `ModelError` when the template gives other tokens for a measured input."""
    shown = [(d.input, d.output) for d in prompt.demonstrations]
    renderer, first, longest = Renderer(prompt), [chat.tokenizer.bos_token_id] if turns.bos else [], 0
    for text in inputs:
        wanted = chat.prompt(renderer.messages(text))
        longest = max(longest, len(wanted))
        if chat.holds_token(text):
            continue  # a server reads it as the token: the README says so
        written = turns.text(talk(prompt.instruction, shown, text))
        if first + chat.tokenizer(written, add_special_tokens=False)["input_ids"] != wanted:
            raise ModelError(
                "the model's chat template cannot be written as one of Ollama's: the tokens would not be those measured for"
                f" the input {text[:60]!r}"
            )
    return longest


def modelfile(found: Winner, turns: Turns, source: str, longest: int, adapter: bool = False) -> str:
    """The text of the Modelfile. `source`: where the model lies; `longest`: tokens of the longest measured prompt."""
    prompt, how, chat = found.candidate.prompt, found.candidate.decoding, found.files.chat
    lines = [f"# {found.task}: {found.row['name']}, candidate {found.row['id']}", f"FROM {source}"]
    if adapter:
        lines.append("ADAPTER ./adapter")
    lines.append(f"TEMPLATE {quoted(turns.go())}")
    if prompt.instruction:
        lines.append(f"SYSTEM {quoted(prompt.instruction)}")
    for shown in prompt.demonstrations:
        lines += [f"MESSAGE user {quoted(shown.input)}", f"MESSAGE assistant {quoted(shown.output)}"]
    for stop in stops(chat):
        lines.append(f"PARAMETER stop {quoted(stop)}")
    need = longest + found.answer_tokens
    context = min(found.files.window, max(4 * ROUND, ROUND * math.ceil(2 * need / ROUND)))
    lines += [f"PARAMETER num_ctx {context}", f"PARAMETER num_predict {found.answer_tokens}"]
    lines += [f"PARAMETER temperature {how.temperature:g}", f"PARAMETER seed {how.seed}", "PARAMETER repeat_penalty 1"]
    if how.temperature:  # draws come from all tokens
        lines += ["PARAMETER top_k 0", f"PARAMETER top_p {how.top_p:g}", "PARAMETER min_p 0"]
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    """A Modelfile's text: nothing is escaped in it."""
    return f'"""{text}"""'


def stops(chat: Chat) -> list[str]:
    """The texts at which an answer ends."""
    return [text for text in (str(chat.tokenizer.decode(list(chat.end))), chat.separator) if text]


def architecture(folder: Path) -> str:
    """The name of a model folder's class, such as LlamaForCausalLM."""
    return str((read_json(folder / "config.json").get("architectures") or ["unknown"])[0])


def unknown_words(folder: Path) -> bool:
    """Whether a byte-level tokenizer divides text by rules that Ollama's import does not know: it then takes a default."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return False
    rules = read_json(path).get("pre_tokenizer") or {}
    parts = rules.get("pretokenizers", [rules])
    if not any(part.get("type") == "ByteLevel" for part in parts):
        return False
    patterns = [part["pattern"]["Regex"] for part in parts if part.get("type") == "Split" and "Regex" in part["pattern"]]
    return hashlib.sha256("".join(patterns).encode()).hexdigest() not in PATTERNS


def _prepare(model: Path, bos: bool) -> None:
    """Say in the copied folder what Ollama reads elsewhere than transformers does."""
    tokenizer = model / "tokenizer_config.json"
    known: dict[str, Any] = read_json(tokenizer) if tokenizer.is_file() else {}
    write_json(tokenizer, known | {"add_bos_token": bos, "add_eos_token": False})
    config = read_json(model / "config.json")
    rotary = config.get("rope_parameters") or {}  # transformers 5; Ollama reads the names before it
    if "rope_theta" in rotary:
        config.setdefault("rope_theta", rotary["rope_theta"])
    if rotary.get("rope_type", "default") != "default":
        config.setdefault("rope_scaling", rotary)
    write_json(model / "config.json", config)


def _request(found: Winner) -> dict[str, Any]:
    body: dict[str, Any] = {"model": found.name, "messages": [{"role": "user", "content": "{input}"}], "stream": False}
    schema = found.candidate.decoding.schema
    return body | ({"format": json.loads(schema)} if schema else {})


def _readme(out: Path, found: Winner) -> str:
    kind, whole = architecture(found.files.folder), (out / GGUF).is_file()
    doubts = []
    if not whole and kind.removesuffix("ForCausalLM") not in MODELS:
        doubts.append(f"Ollama's documentation does not name {kind} among what it imports: `ollama create` may refuse it")
    if not whole and unknown_words(found.files.folder):
        doubts.append(
            "the tokenizer divides text by rules that Ollama's import does not know; it then takes a default (llama.cpp's"
            " own converter refuses), so numbers and punctuation may become other tokens than those measured"
        )
    if not whole:
        doubts.append(f"Ollama keeps the weights in 16 bits; they were measured in {found.files.precision}")
    else:
        doubts.append(f"they were measured in {found.files.precision}, and Ollama rounds between the layers of a GGUF file")
    if found.candidate.decoding.schema:
        doubts.append("Ollama lets white space stand anywhere in JSON, where one style was measured")
    doubts.append("a conversation longer than `num_ctx` loses its first messages, the demonstrations before all")
    adapter = ["- `adapter/`: the tuned adapter"] if (out / "adapter").is_dir() else []
    return "\n".join(
        [
            f"# {found.task}: {found.row['name']}, for Ollama",
            "",
            found.score,
            "",
            "- `Modelfile`: the chat format as it was measured, with the prompt: say an input alone, and it answers",
            f"- `{GGUF}`: the whole model, its vocabulary checked against the tokens that were measured"
            if whole
            else "- `model/`: the weights as safetensors, with what Ollama's import needs in its configuration",
            *adapter,
            "- `request.json`: the body of a call of `/api/chat`; put the input where `{input}` stands",
            "- `candidate.json`: the candidate as it was measured",
            "",
            "In this folder:",
            "",
            "```",
            f"ollama create {found.name} -f Modelfile",
            f'ollama run {found.name} "a text"',
            "```",
            "",
            "What differs from the measurement:",
            "",
            *(f"- {said}" for said in [*limits(found, "Ollama"), *doubts]),
            "",
        ]
    )

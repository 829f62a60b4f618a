"""Writes a candidate for `vllm serve`: arguments, a chat template that gives the measured tokens, and a request.

The names are those of vLLM 0.12 and later (read against 0.33): `structured_outputs` is what was `guided_choice`.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from crossover.data.gbnf import grammar_of_schema
from crossover.data.modelspec import placeless
from crossover.engine.conversation import conversation
from crossover.engine.render import Renderer
from crossover.errors import ModelError, OptionError
from crossover.models.hf import UNBOUNDED
from crossover.models.hf.chat import Chat
from crossover.models.template import FIXED
from crossover.serve.export import NEAREST, place_weights, write_candidate, write_pool
from crossover.serve.whole import files_in, new_folder
from crossover.serve.winner import Winner, limits, winner
from crossover.study.folder import StudyFolder, read_json, write_json, write_text
from crossover.types import Decoding, Prompt, to_json

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # what --max-lora-rank takes
MERGE = (
    '{% if messages[0]["role"] == "system" %}'
    '{% set merged = messages[0]["content"] + "\\n\\n" + messages[1]["content"] %}'
    '{% set messages = [{"role": "user", "content": merged}] + messages[2:] %}{% endif %}'
)


def export_vllm(folder: StudyFolder, out: Path, name: str | None = None, merge: bool = False) -> list[str]:
    """Write a candidate (the verdict's choice without a `name`) to a new folder; return the files, relative to it.

    The folder appears whole or not at all. Raises `OptionError` for a control, a soft prompt and an adapter of too high a
    rank; `ModelError` when the chat template cannot be written as one file; else as `serve.export.export`.
    """
    found = winner(folder, name, "vLLM")
    prompt, chat = found.candidate.prompt, found.files.chat
    template = jinja(chat)
    _check(template, chat, prompt, found.inputs)
    with new_folder(out) as part:
        place = place_weights(part, found.candidate.weights, found.model, merge)
        write_candidate(part, found.candidate, place)
        write_text(part / "chat_template.jinja", template)
        write_text(part / "serve.sh", "#!/bin/sh\n" + 'cd "$(dirname "$0")" && exec ' + _command(part, found) + "\n")
        (part / "serve.sh").chmod(0o755)
        for step in prompt.steps:
            write_json(part / f"request-{step.name}.json", request(found, step.prompt, step.decoding))
        write_json(part / "request.json", request(found, prompt, found.candidate.decoding))
        write_pool(part, prompt)
        write_text(part / "README.md", _readme(part, found))
    return files_in(out)


def jinja(chat: Chat) -> str:
    """A chat template that alone gives what `Chat` gives: a system text that the model's own template does not take, the
    values it was measured with, the tokenizer's first token, and what stands before every answer.

    Raises `ModelError` where the tokenizer puts more around a prompt than its first token.
    """
    before, behind = chat.special()
    if behind or before not in ([], [chat.tokenizer.bos_token_id]):
        raise ModelError("the tokenizer puts more around a prompt than a first token, which no chat template can")
    fixed = "".join(f"{{% set {key} = {json.dumps(value)} %}}" for key, value in FIXED.items() if key in chat.template)
    first = "{{ bos_token }}" if before else ""
    lead = (
        f'{{{{ {json.dumps(chat.prompt_lead, ensure_ascii=False)} if add_generation_prompt else "" }}}}'
        if chat.prompt_lead
        else ""
    )
    return (MERGE if not chat.takes_system else "") + fixed + first + chat.template.removesuffix("\n") + lead


def _check(template: str, chat: Chat, prompt: Prompt, inputs: tuple[str, ...]) -> None:
    renderer = Renderer(prompt)
    for text in inputs:
        if chat.holds_token(text):
            continue  # a server reads it as the token: the README says so
        messages = renderer.messages(text)
        written = chat.tokenizer.apply_chat_template(
            [to_json(m) for m in messages], chat_template=template, tokenize=False, add_generation_prompt=True
        )
        if chat.tokenizer(written, add_special_tokens=False)["input_ids"] != chat.prompt(messages):
            raise ModelError(
                "the model's chat template cannot be written as one file: the tokens would not be those measured for the"
                f" input {text[:60]!r}"
            )


def _command(out: Path, found: Winner) -> str:
    files = found.files
    base = next((f"./{name}" for name in ("model", "base") if (out / name).is_dir()), files.target)
    arguments = ["vllm", "serve", base]
    if (out / "adapter").is_dir():
        rank = int(read_json(out / "adapter" / "adapter_config.json")["r"])
        if rank > RANKS[-1]:
            raise OptionError(f"the adapter has rank {rank}, and vLLM takes at most {RANKS[-1]}: merge it with --merge")
        most = next(known for known in RANKS if known >= rank)
        arguments += ["--enable-lora", "--lora-modules", f"{found.name}=./adapter", "--max-lora-rank", str(most)]
    else:
        arguments += ["--served-model-name", found.name]
    arguments += ["--chat-template", "./chat_template.jinja", "--chat-template-content-format", "string"]
    arguments += ["--dtype", _precision(out, found), "--generation-config", "vllm"]
    if files.window < UNBOUNDED:
        arguments += ["--max-model-len", str(files.window)]
    return shlex.join(arguments)


def _precision(out: Path, found: Winner) -> str:
    """vLLM computes adapters in 16 bits only."""
    measured = found.files.precision
    return "bfloat16" if measured == "float32" and (out / "adapter").is_dir() else measured


def request(found: Winner, prompt: Prompt, how: Decoding) -> dict[str, Any]:
    """The body of a call of `/v1/chat/completions`."""
    chat = found.files.chat
    said = [] if how.pattern else how.verbalizer or how.labels
    most = max((len(chat.answer(word)) for word in said), default=how.max_tokens)
    body: dict[str, Any] = {"model": found.name, "messages": to_json(conversation(prompt))}
    body |= {"max_completion_tokens": most, "temperature": how.temperature, "seed": how.seed}
    if how.top_p != 1:
        body["top_p"] = how.top_p
    # a stop text is not seen where it is a special token, so an end of one token is named by its id
    if len(chat.end) == 1:
        body["stop_token_ids"] = list(chat.end)
    texts = [] if len(chat.end) == 1 else [str(chat.tokenizer.decode(list(chat.end)))]
    if chat.separator and not said:
        texts.append(chat.separator)
    if texts:
        body["stop"] = texts
    if how.samples > 1:
        body["n"] = how.samples
    if said:  # with what stands before an answer, so that its tokens are those that were measured
        body["structured_outputs"] = {"choice": [chat.answer_lead + word for word in said]}
    elif how.schema:  # of a schema alone vLLM lets white space stand anywhere, unless the whole server is told otherwise
        body["structured_outputs"] = {"grammar": grammar_of_schema(how.schema)}
    return body


def _readme(out: Path, found: Winner) -> str:
    prompt, files, how = found.candidate.prompt, found.files, found.candidate.decoding
    folders = {
        "base": "the base model, as a folder that transformers loads",
        "adapter": "the tuned adapter, for PEFT",
        "model": "the whole tuned model",
    }
    text = [
        f"# {found.task}: {found.row['name']}, for vLLM",
        "",
        found.score,
        "",
        "- `serve.sh`: starts the server (vLLM 0.12 or later)",
        "- `chat_template.jinja`: gives the tokens that were measured",
        "- `request.json`: the body of a call of `/v1/chat/completions`; put the input where `{input}` stands",
        *(
            f"- `request-{step.name}.json`: a step that is asked before; its answer goes where `{{{step.name}}}` stands"
            for step in prompt.steps
        ),
        *(f"- `{name}/`: {what}" for name, what in folders.items() if (out / name).is_dir()),
        "- `candidate.json`: the candidate as it was measured",
    ]
    if (out / NEAREST).is_file():
        text.append(
            f"- `{NEAREST}`: the pool of demonstrations; the {prompt.shots} nearest to the input go before the last"
            " message, as user and assistant turns, the nearest last: finding them is the caller's work, as `predict.py` of"
            " the plain export does it"
        )
    ways = limits(found, "vLLM")
    if how.labels or how.schema:
        ways.append(
            "`structured_outputs` holds the answer to the labels, or to the schema with the white space that was measured;"
            " vLLM before 0.12 has `guided_choice` and `guided_grammar` in its place, and later versions ignore those"
            " without a word"
        )
    if _precision(out, found) != files.precision:
        ways.append(
            f"vLLM computes adapters in 16 bits only, so `serve.sh` asks for {_precision(out, found)}; the measurement was"
            f" in {files.precision}, which an export with `--merge` keeps"
        )
    ways.append("white space around an answer does not count: strip it")
    if not any((out / name).is_dir() for name in ("model", "base")):
        shown = placeless(files.target)
        where = " from where `serve.sh` says" if shown != files.target else ""
        text.append(f"\nThe base model is not in this folder: vLLM loads `{shown}`{where}.")
    return "\n".join([*text, "", "What differs from the measurement:", "", *(f"- {said}" for said in ways), ""])

"""A chat format written as Ollama's template or vLLM's gives the tokens that the model is measured with, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossover.engine.render import Renderer
from crossover.errors import ModelError
from crossover.models.hf import Hf
from crossover.serve.ollama import check_turns
from crossover.serve.turns import literal, read_turns, talk
from crossover.serve.vllm import jinja
from crossover.types import Demonstration, Message, Prompt
from tests.device import DEVICE
from tests.models.tiny import CHATML, NO_SYSTEM, build
from tests.serve.go_template import evaluate

LLAMA = (
    "{{ bos_token }}{% for m in messages %}<|start|>{{ m.role }}<|end|>\n\n{{ m.content | trim }}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant<|end|>\n\n{% endif %}"
)
DATED = (
    "{% if date_string is not defined %}{% set date_string = 'today' %}{% endif %}Date: {{ date_string }}\n"
    "{% for m in messages %}{% if m.role == 'assistant' %}<think></think>{% endif %}[{{ m.role }}] {{ m.content }}</s>"
    "{% endfor %}\n"
)
DEFAULT_SYSTEM = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nYou help.<|im_end|>\n{% endif %}"
    + CHATML.replace("\n", "\\n")
).replace("\\n", "\n")
BRACES = CHATML.replace("<|im_start|>", "{{ '{{' }}").replace("<|im_end|>", '"""')
TEMPLATES = {
    "chatml": CHATML,
    "no system": NO_SYSTEM,
    "none": None,
    "llama": LLAMA,
    "dated": DATED,
    "default system": DEFAULT_SYSTEM,
    "braces": BRACES,
}
SHOWN = (Demonstration("It rains {input}.", "no"), Demonstration("It is dry.", "yes"))
PROMPTS = {
    "bare": Prompt(),
    "instructed": Prompt("Is it dry?\n\nSay yes or no.", "Text: {input}\nDry:"),
    "shown": Prompt("", "Text: {input}\nDry:", SHOWN, "fixed", 2),
    "both": Prompt("Is it dry?", "{input} Dry?", SHOWN, "fixed", 2),
}
INPUTS = ("The sun shines.", "Rain, 12 {{ .Content }} mm.\n\nToday.", 'a {input} and \'quotes\' """')


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Hf]:
    folders = {name: build(tmp_path_factory.mktemp("model"), template=text) for name, text in TEMPLATES.items()}
    folders["first token"] = put_first(build(tmp_path_factory.mktemp("model"), template=None), "<s>")
    return {name: Hf(str(folder), device=DEVICE) for name, folder in folders.items()}


def put_first(folder: Path, token: str, last: str = "") -> Path:
    """Let a folder's tokenizer put a token before every text, and perhaps one behind it, as Llama's does."""
    pieces = [{"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    pieces += [{"SpecialToken": {"id": last, "type_id": 0}}] if last else []
    body = json.loads((folder / "tokenizer.json").read_text())
    ids = {"<s>": 1, "</s>": 2}
    special = {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in (token, last) if name}
    body["post_processor"] = {"type": "TemplateProcessing", "single": pieces, "pair": pieces, "special_tokens": special}
    (folder / "tokenizer.json").write_text(json.dumps(body))
    return folder


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("name", [*TEMPLATES, "first token"])
def test_ollamas_template_gives_the_measured_tokens(name: str, prompt: Prompt, models: dict[str, Hf]) -> None:
    chat = models[name].chat
    turns = read_turns(chat, bool(prompt.instruction), prompt.template)
    go = turns.go()
    assert '"""' not in go
    shown = [(d.input, d.output) for d in prompt.demonstrations]
    for text in INPUTS:
        messages = talk(prompt.instruction, shown, text)
        said = evaluate(go, [{"role": m.role, "content": m.content} for m in messages])
        first = [chat.tokenizer.bos_token_id] if turns.bos else []
        ids = first + chat.tokenizer(said, add_special_tokens=False)["input_ids"]
        assert ids == chat.prompt(Renderer(prompt).messages(text))
        assert said == turns.text(messages)


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("name", [*TEMPLATES, "first token"])
def test_vllms_template_gives_the_measured_tokens(name: str, prompt: Prompt, models: dict[str, Hf]) -> None:
    chat = models[name].chat
    template = jinja(chat)
    for text in INPUTS:
        messages = Renderer(prompt).messages(text)
        turns = [{"role": m.role, "content": m.content} for m in messages]
        ids = chat.tokenizer.apply_chat_template(turns, chat_template=template, add_generation_prompt=True)["input_ids"]
        assert ids == chat.prompt(messages)


def test_what_stands_before_an_answer_is_written_in_its_own_letters(models: dict[str, Hf]) -> None:
    template = jinja(replace(models["chatml"].chat, prompt_lead="<｜réponse｜>\n"))
    assert "<｜réponse｜>\\n" in template  # llama.cpp's reader of templates knows no \u


def test_a_format_that_a_caller_may_give_a_system_message_shows_it(models: dict[str, Hf]) -> None:
    said = evaluate(
        read_turns(models["chatml"].chat, False, "{input}").go(),
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
    )
    assert said.startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n")


def test_a_tokenizer_that_puts_more_than_a_first_token_is_refused(tmp_path: Path) -> None:
    chat = Hf(str(put_first(build(tmp_path, template=None), "<s>", "</s>")), device=DEVICE).chat
    for write in (jinja, lambda chat: read_turns(chat, False, "{input}")):
        with pytest.raises(ModelError, match="more around a prompt than a first token"):
            write(chat)


def test_a_first_token_is_left_to_ollama(models: dict[str, Hf]) -> None:
    assert models["first token"].chat.prompt((Message("user", "Hi"),))[0] == 1
    assert read_turns(models["first token"].chat, True, "{input}").bos
    turns = read_turns(models["llama"].chat, True, "{input}")
    assert turns.bos
    assert "<s>" not in turns.go()
    assert not read_turns(models["chatml"].chat, True, "{input}").bos


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{% for m in messages %}{{ loop.index }}. {{ m.role }}: {{ m.content }}</s>{% endfor %}", "turn does not always"),
        (
            "{{ messages | length }} {% for m in messages %}{{ m.role }}: {{ m.content }}</s>{% endfor %}",
            "tokens would not",
        ),
        (
            "{% for m in messages %}{{ m.role }}: {{ m.content | upper }}</s>{% endfor %}",
            "not show what the assistant says",
        ),
        ("{% for m in messages %}{{ m.role }}: {{ m.content | trim }}</s>{% endfor %}", "measured for the input ' dry '"),
    ],
)
def test_a_format_that_is_not_made_of_turns_is_refused(template: str, why: str, tmp_path: Path) -> None:
    prompt = PROMPTS["bare"]
    model = Hf(str(build(tmp_path, template=template)), device=DEVICE)

    def written() -> None:
        check_turns(read_turns(model.chat, False, prompt.template), model.chat, prompt, (" dry ",))

    with pytest.raises(ModelError, match=why):
        written()


def test_text_is_not_read_as_a_template() -> None:
    for text in ("a {{ b }}", 'say """', "ends with {", 'ends with "', "plain\n"):
        assert evaluate(literal(text), []) == text

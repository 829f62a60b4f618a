"""A prompt as messages, and back: the same to the byte, or one sentence on what the messages are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.engine.conversation import against, conversation, prompt_of
from crossover.engine.render import Renderer
from crossover.errors import DataError
from crossover.types import Decoding, Demonstration, Message, Prompt, Step

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MARKED = st.one_of(TEXT, st.sampled_from(["{input}", "{{input}}", "{x}", "{% if %}", "}{", "\r\n", "a\\n", "{{", "é́"]))
PIECES = st.lists(MARKED, max_size=3).map("".join)
PROMPTS = st.builds(
    lambda instruction, before, after, shown: Prompt(
        instruction, before + "{input}" + after, tuple(Demonstration(*pair) for pair in shown)
    ),
    PIECES,
    PIECES,
    PIECES,
    st.lists(st.tuples(PIECES, PIECES), max_size=3),
)


@given(PROMPTS, PIECES)
def test_messages_hold_the_whole_prompt(prompt: Prompt, text: str) -> None:
    back = prompt_of(conversation(prompt))
    assert conversation(back) == conversation(prompt)
    assert Renderer(back).messages(text) == Renderer(prompt).messages(text)
    assert (back.instruction, back.template) == (prompt.instruction, prompt.template)


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "the last of the prompt's messages"),
        ([Message("user", "no place")], "with {input} in it"),
        ([Message("system", "Be brief.")], "the last of the prompt's messages"),
        ([Message("user", "{input}"), Message("assistant", "yes")], "the last of the prompt's messages"),
        ([Message("user", "a"), Message("user", "{input}")], "message 2 of the prompt is the user's"),
        ([Message("assistant", "a"), Message("user", "{input}")], "message 1 of the prompt is the assistant's"),
        (
            [Message("system", "a"), Message("system", "b"), Message("user", "{input}")],
            "message 2 of the prompt is the system",
        ),
        (
            [Message("system", "s"), Message("user", "Q: a"), Message("assistant", "b"), Message("user", "Text: {input}")],
            "message 2 of the prompt is not in the form of the last one",
        ),
    ],
)
def test_what_is_no_prompt_is_named(messages: list[Message], told: str) -> None:
    with pytest.raises(DataError, match=told.replace("{", r"\{").replace("}", r"\}")):
        prompt_of(messages)


def test_an_example_is_found_in_every_place_of_the_template() -> None:
    prompt = prompt_of([Message("user", "ab-ab"), Message("assistant", "c"), Message("user", "{input}-{input}")])
    assert prompt.demonstrations == (Demonstration("ab", "c"),)
    with pytest.raises(DataError, match="not in the form"):
        prompt_of([Message("user", "ab-cd"), Message("assistant", "c"), Message("user", "{input}-{input}")])


def test_chains_and_nearest_examples_are_no_messages() -> None:
    chain = Prompt(steps=(Step("first", Prompt(), Decoding()),))
    assert against(chain) == "is a chain of several"
    nearest = Prompt(demonstrations=(Demonstration("a", "b"),) * 3, selection="nearest", shots=2)
    assert "the 2 most similar of 3" in against(nearest)
    assert against(Prompt("a", "{input}", (Demonstration("a", "b"),))) == ""

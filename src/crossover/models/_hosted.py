"""Names by which people call models that run at a provider, and how each is written."""

from __future__ import annotations

import re

NAMES = re.compile(
    r"(chatgpt|gpt-?[345]|o[1-9](-|$)|claude|gemini|grok|command-[ar]|sonar|nova-(lite|micro|pro|premier)"
    r"|mistral-(large|medium|small)-latest|deepseek-(chat|reasoner))",
    re.IGNORECASE,
)
PROVIDERS = re.compile(
    r"(openai|anthropic|azure|bedrock|vertex(_ai)?|gemini|openrouter|groq|together|xai|cohere)[:/]", re.I
)


def hosted(spec: str) -> str | None:
    """A sentence about a specification that names a provider's model and is not written as one, or None."""
    names = [spec.rpartition("/")[2], re.split(r"[:/]", spec)[-1]]
    if provider := PROVIDERS.match(spec):
        name = spec[provider.end() :].removeprefix("openai/")
    elif (name := next(filter(NAMES.match, names), "")) == "":
        return None
    openai = re.match(r"chatgpt|gpt|o[1-9]", name, re.IGNORECASE)
    valid = f"openai:{name}, or SERVICE:{name}" if openai else f"SERVICE:{name}"
    return (
        f"'{spec}' here: it is the name of one that runs at a provider; valid is {valid}, with SERVICE one that speaks"
        " OpenAI's interface ('crossover list models' shows them), or a model that runs here (pocket, smollm2, a folder, a"
        " .gguf file, a hub id such as org/name)"
    )

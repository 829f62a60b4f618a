"""Names by which people call models that run at a provider: none of them can be opened yet, and each is told so."""

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
    """A sentence about a specification that names a provider's model, or None."""
    if not PROVIDERS.match(spec) and not NAMES.match(re.split(r"[:/]", spec)[-1]):
        return None
    return (
        f"'{spec}' here: it is the name of one that runs at a provider, and Crossover asks none over a network yet; valid:"
        " a model that runs here (pocket, smollm2, a folder, a .gguf file, a hub id such as org/name), or NAME:TARGET of a"
        " model plug-in from another package ('crossover list models' shows those that are here)"
    )

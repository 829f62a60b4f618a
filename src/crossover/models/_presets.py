"""Services that speak OpenAI's dialect, by name: where they are, whose key they take, how an answer is held to a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# how an answer is held to labels or a schema: a JSON schema in `response_format`, llama.cpp's grammar, vLLM's choice, not
Constraint = Literal["schema", "grammar", "choice", "none"]


@dataclass(frozen=True)
class Preset:
    """`key`: the environment variable with the key; empty where none is asked for. `top`: how many log-probabilities it
    gives of each token. `limit`: what it calls the most tokens of an answer. `batch`: what its batches of OpenAI's dialect
    call the route of a chat; empty where it has none. `at_once`: requests under way at a time; those
    beyond what a server on one machine works on would only wait there, and run out of time. `whole`: whether it has
    llama.cpp's own routes, by which whole labels are scored."""

    about: str
    url: str
    key: str = ""
    constraint: Constraint = "schema"
    top: int = 0
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    batch: str = ""
    at_once: int = 64
    whole: bool = False


ROUTE = "/v1/chat/completions"

PRESETS: Mapping[str, Preset] = {
    "openai": Preset(
        "OpenAI, or any service that speaks its dialect with ?url=",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        top=20,
        limit="max_completion_tokens",
        batch=ROUTE,
    ),
    "azure": Preset(
        "Azure OpenAI and Foundry: ?url=https://RESOURCE.openai.azure.com, the target is the deployment; &api_version= for"
        " Azure's own client",
        "",
        "AZURE_OPENAI_API_KEY",
        top=20,
        limit="max_completion_tokens",
        batch="/chat/completions",
    ),
    "nebius": Preset(
        "Nebius Token Factory", "https://api.tokenfactory.nebius.com/v1", "NEBIUS_API_KEY", top=5, batch=ROUTE
    ),
    "together": Preset("Together AI", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "fireworks": Preset("Fireworks AI", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", top=5),
    "groq": Preset("Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", batch=ROUTE),
    "openrouter": Preset("OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "mistral": Preset("Mistral AI", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "deepseek": Preset("DeepSeek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "none", 20),
    "vllm": Preset("vLLM on this machine, port 8000, or ?url=", "http://127.0.0.1:8000/v1", "", "choice", 20),
    "sglang": Preset("SGLang on this machine, port 30000, or ?url=", "http://127.0.0.1:30000/v1", "", top=20),
    "llamacpp": Preset(
        "llama.cpp's server on this machine, port 8080, or ?url=",
        "http://127.0.0.1:8080/v1",
        "",
        "grammar",
        20,
        at_once=4,
        whole=True,
    ),
    "ollama": Preset("Ollama on this machine, or ?url=", "http://127.0.0.1:11434/v1", "", top=20, at_once=4),
    "lmstudio": Preset("LM Studio on this machine, or ?url=", "http://127.0.0.1:1234/v1", at_once=4),
    "transformers": Preset(
        "`transformers serve` on this machine, or ?url=", "http://127.0.0.1:8000/v1", "", "none", at_once=4
    ),
    "ai21": Preset(
        "AI21's Jamba: its API ended in August 2026, so its open weights behind vLLM, port 8000, or ?url=",
        "http://127.0.0.1:8000/v1",
        "",
        "choice",
        20,
    ),
}

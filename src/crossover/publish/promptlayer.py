"""PromptLayer: the winner's prompt as a template with a release label; with rows, its test answers with their scores."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from crossover.data.address import stays_here, without_keys
from crossover.engine.conversation import INPUT
from crossover.engine.render import Renderer
from crossover.errors import DataError, OptionError, StudyError
from crossover.importing.promptlayer import FSTRING, address, client, fetched, messages_of, turns_of
from crossover.publish.base import Material, Step
from crossover.publish.ledger import Ledger
from crossover.types import Message

ANSWERS = 100  # requests in a step: so often it is said how far it is
TIMES = {"times": "the study's beginning, and the candidate's median latency"}  # those of each request are not kept
PROVIDERS = {"openai": "openai", "azure": "openai.azure", "vertex": "vertexai", "mistral": "mistral"}  # as it calls them


@dataclass
class PromptLayer:
    """PromptLayer, or what speaks its dialect at `url`; the key is in PROMPTLAYER_API_KEY."""

    name: ClassVar[str] = "promptlayer"
    shown: ClassVar[str] = "PromptLayer"

    url: str | None = None

    def __post_init__(self) -> None:
        self.url = address(self.url)

    @property
    def here(self) -> bool:
        return stays_here(str(self.url))

    def check(self, material: Material) -> None:
        if material.prompt is None:
            raise OptionError(
                f"the prompt of '{material.chosen.name}' cannot be published: it {material.kept_back}; valid is another"
                " --candidate"
            )
        client(str(self.url))

    def place(self) -> str:
        return str(self.url)

    def steps(self, material: Material) -> list[Step]:
        log = _Log(str(self.url), material)
        where = f" as '{material.label}'" if material.label else ""
        found = [Step(f"the prompt of '{material.chosen.name}'{where}", log.template)]
        records = material.records
        for at in range(0, len(records), ANSWERS):
            part = records[at : at + ANSWERS]
            found.append(Step(f"answers {at + 1} to {at + len(part)} with their scores", log.answers(part)))
        return found


def template_of(messages: tuple[Message, ...]) -> dict[str, Any]:
    """Messages as a chat template of format strings, which hold any text: the input's place is in the last one."""
    *before, last = messages
    turns = [_turn(message.role, _text(message.content), []) for message in before]
    around = [_text(part) for part in last.content.split(INPUT)]
    return {
        "type": "chat",
        "messages": [*turns, _turn(last.role, INPUT.join(around), ["input"])],
        "input_variables": ["input"],
    }


def _turn(role: str, text: str, variables: list[str]) -> dict[str, Any]:
    return {**_message(role, text), "template_format": FSTRING, "input_variables": variables}


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _text(written: str) -> str:
    return written.replace("{", "{{").replace("}", "}}")


@dataclass
class _Log:
    url: str
    material: Material
    version: int | None = None

    def template(self) -> str:
        """The template as a version of its own, or the one that is there where it is the same."""
        m, service = self.material, client(self.url)
        try:
            known = fetched(service, m.name, m.label)
        except importlib.import_module("promptlayer.exceptions").PromptLayerBadRequestError:  # a label that is new to it
            known = None
        if known and self._same(known):
            self.version = known.get("version")
            return f"the same as before, {self._called()}"
        message = f"Crossover {m.study}: {m.chosen.name}. {m.headline}"[:500]
        body: dict[str, Any] = {
            "prompt_name": m.name,
            "tags": ["crossover"],
            "prompt_template": template_of(m.prompt or ()),
            "commit_message": without_keys(message),
        }
        if (model := self._model()) is not None:
            body["metadata"] = {"model": model}
        if m.label:
            body["release_labels"] = [m.label]
        answer = service.templates.publish(body)
        if not isinstance(answer, Mapping) or answer.get("success") is False or answer.get("prompt_name") != m.name:
            told = answer.get("message") or answer.get("error") if isinstance(answer, Mapping) else None
            raise StudyError(without_keys(str(told or "its answer names no prompt"))[:300])
        there = fetched(service, m.name, m.label)
        if not there or not self._same(there):
            under = f"under the label '{m.label}'" if m.label else "as the last version"
            raise StudyError(f"the prompt was taken, and {under} another one is given back; move the label by hand")
        self.version = there.get("version")
        return self._called()

    def answers(self, records: tuple[Mapping[str, Any], ...]) -> Any:
        """Test answers as requests of the template, each once: what was sent is noted in the study's folder."""

        def send() -> str:
            m, service = self.material, client(self.url)
            ledger = Ledger(m.folder, f"promptlayer {self.url} {m.name}")
            renderer = Renderer(m.candidate.prompt)
            began = datetime.fromisoformat(m.results.decision["created"]).timestamp()
            fresh = 0
            for record in records:
                key = f"{m.chosen.id} {record['id']}"
                if key in ledger:
                    continue
                answer = service.log_request(**self._request(renderer, record, began))
                ledger.add(key, answer.get("id") if isinstance(answer, Mapping) else None)
                fresh += 1
            return "" if fresh == len(records) else f"{len(records) - fresh} of them were there"

        return send

    def _request(self, renderer: Renderer, record: Mapping[str, Any], began: float) -> dict[str, Any]:
        m = self.material
        model = self._model() or {"provider": "crossover", "name": m.candidate.model, "parameters": {}}
        asked = [_message(one.role, one.content) for one in renderer.messages(record["input"])]
        failed = record["error"] is not None
        said = [] if failed else [_message("assistant", record["prediction"])]
        took = (m.chosen.latency_p50_ms or 0.0) / 1000
        request: dict[str, Any] = {
            "provider": model["provider"],
            "model": model["name"],
            "parameters": model["parameters"],
            "input": {"type": "chat", "messages": asked},
            "output": {"type": "chat", "messages": said},
            "request_start_time": began,
            "request_end_time": began + took,
            "prompt_name": m.name,
            "prompt_version_number": self.version,
            "prompt_input_variables": {"input": record["input"]},
            "input_tokens": record["tokens_in"],
            "output_tokens": record["tokens_out"],
            "price": record["money"],
            "tags": ["crossover"],
            "metadata": {
                "study": m.study,
                "candidate": m.chosen.name,
                "row": record["id"],
                "gold": record["gold"],
                **TIMES,
            },
            "status": "ERROR" if failed else "SUCCESS",
        }
        if failed:
            return {**request, "error_message": without_keys(record["error"])[:300]}
        return {**request, "score": round(100 * record["value"]), "score_name": m.chosen.metric or "score"}

    def _model(self) -> dict[str, Any] | None:
        """The model as PromptLayer can run it; None where it does not know the provider."""
        provider, _, rest = self.material.candidate.model.partition(":")
        name, _, options = rest.partition("?")
        if provider not in PROVIDERS or "url=" in options:
            return None
        how = self.material.candidate.decoding
        return {
            "provider": PROVIDERS[provider],
            "name": name,
            "parameters": {"temperature": how.temperature, "max_tokens": how.max_tokens},
        }

    def _same(self, known: Mapping[str, Any]) -> bool:
        """Whether a template that the service gives back makes the same messages, to the byte."""
        try:
            return messages_of(turns_of(known.get("prompt_template"), "it"), "it") == self.material.prompt
        except DataError:
            return False

    def _called(self) -> str:
        return f"version {self.version} of '{self.material.name}'" if self.version else f"'{self.material.name}'"

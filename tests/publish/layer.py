"""PromptLayer as far as publishing asks it, in the wire format of its official client: templates, labels, requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from tests.publish.local import Answer, Local, Sent


@dataclass
class Layer(Local):
    """`keys`: that it takes; `templates`: name -> versions, each as it came; `labels`: (name, label) -> version."""

    keys: tuple[str, ...] = ()
    templates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    labels: dict[tuple[str, str], int] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    moves: bool = True  # whether a label that is elsewhere goes to a new version

    def answer(self, sent: Sent) -> Answer:
        if self.keys and sent.headers.get("x-api-key") not in self.keys:
            return 401, {"success": False, "message": f"Invalid API key {sent.headers.get('x-api-key')}"}
        if sent.path == "/rest/prompt-templates":
            return self._publish(sent.body)
        if sent.path == "/log-request":
            return self._log(sent.body)
        assert sent.path.startswith("/prompt-templates/"), sent.path
        return self._get(sent.path.removeprefix("/prompt-templates/"), sent.body)

    def _publish(self, body: dict[str, Any]) -> Answer:
        version, name = body["prompt_version"], body["prompt_template"]["prompt_name"]
        template = version["prompt_template"]
        assert template["type"] == "chat"
        for message in template["messages"]:
            assert message["template_format"] == "f-string"
            [block] = message["content"]
            names = [field for _, field, _, _ in Formatter().parse(block["text"]) if field is not None]
            assert sorted(set(names)) == sorted(message["input_variables"])
        kept = self.templates.setdefault(name, [])
        kept.append({key: version.get(key) for key in ("prompt_template", "commit_message", "metadata", "tags")})
        for label in body["release_labels"] or []:
            if self.moves or (name, label) not in self.labels:
                self.labels[name, label] = len(kept)
        return 201, {"id": len(self.templates), "prompt_name": name, "prompt_template": template, "tags": version["tags"]}

    def _get(self, name: str, body: dict[str, Any]) -> Answer:
        assert body["skip_input_variable_rendering"] is True
        label = body.get("label")
        if name not in self.templates or (label and (name, label) not in self.labels):
            return 404, {"success": False, "message": "Prompt template not found"}
        number = self.labels[name, label] if label else len(self.templates[name])
        found = self.templates[name][number - 1]
        return 200, {"id": 1, "prompt_name": name, "version": number, "llm_kwargs": None, **found}

    def _log(self, body: dict[str, Any]) -> Answer:
        needed = ("provider", "model", "input", "output", "request_start_time", "request_end_time")
        lacking = [key for key in needed if key not in body]
        score = body.get("score", 0)
        if lacking or not (isinstance(score, int) and 0 <= score <= 100):
            return 400, {"success": False, "message": f"invalid: {lacking or score}"}
        self.requests.append(body)
        return 201, {"id": len(self.requests), "prompt_version": None}

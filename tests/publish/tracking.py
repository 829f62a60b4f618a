"""MLflow's tracking server as far as publishing asks it: after what mlflow 3.17 was seen to be asked and to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.publish.local import Answer, Local, Sent

API, FILES = "/api/2.0/mlflow/", "/api/2.0/mlflow-artifacts/artifacts/"
MISSING, INVALID = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"


def refused(status: int, code: str, message: str) -> Answer:
    return status, {"error_code": code, "message": message}


def pairs(mapping: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in mapping.items()]


@dataclass
class Run:
    info: dict[str, Any]
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    history: list[tuple[str, float]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        metrics = [{"key": k, "value": v, "timestamp": 1, "step": 0} for k, v in self.metrics.items()]
        data = {"metrics": metrics, "params": pairs(self.params), "tags": pairs(self.tags)}
        return {"info": self.info, "data": {name: value for name, value in data.items() if value}}


@dataclass
class Tracking(Local):
    """`location`: where it keeps files; `prompts`: name -> its tags, versions and aliases."""

    location: str = "mlflow-artifacts:"
    experiments: dict[str, str] = field(default_factory=dict)  # name -> id
    runs: dict[str, Run] = field(default_factory=dict)
    prompts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def alive(self) -> list[Run]:
        return [run for run in self.runs.values() if run.info["lifecycle_stage"] == "active"]

    def named(self, name: str) -> Run:
        [found] = [run for run in self.alive if run.info["run_name"] == name]
        return found

    def answer(self, sent: Sent) -> Answer:
        if sent.path.startswith(FILES) and sent.method == "PUT":
            run, _, name = sent.path.removeprefix(FILES).partition("/")[2].partition("/artifacts/")
            self.runs[run].files[name] = sent.raw.decode()
            return 200, {}
        verb = f"{sent.method} {sent.path.removeprefix(API)}"
        return self._answers(verb, {**sent.query, **(sent.body if sent.method != "GET" else {})})

    def _answers(self, verb: str, given: dict[str, Any]) -> Answer:
        if verb == "GET experiments/get-by-name":
            name = given["experiment_name"]
            if name not in self.experiments:
                return refused(404, MISSING, f"Could not find experiment with name '{name}'")
            found = {"experiment_id": self.experiments[name], "name": name, "lifecycle_stage": "active"}
            return 200, {"experiment": {**found, "artifact_location": f"{self.location}/{self.experiments[name]}"}}
        if verb == "POST experiments/create":
            self.experiments[given["name"]] = str(len(self.experiments) + 1)
            return 200, {"experiment_id": self.experiments[given["name"]]}
        if verb.split()[1].startswith("runs/"):
            return self._run(verb, given)
        return self._prompt(verb, given)

    def _run(self, verb: str, given: dict[str, Any]) -> Answer:
        if verb == "POST runs/search":
            wanted = re.fullmatch(r"tags\.`(.+)` = '(.+)'", given["filter"])
            assert wanted
            assert given["order_by"] == ["attributes.start_time", "attributes.run_id"]
            there = [run for run in self.alive if run.info["experiment_id"] in given["experiment_ids"]]
            found = [run.body() for run in there if run.tags.get(wanted[1]) == wanted[2]]
            return 200, {"runs": found} if found else {}
        if verb == "POST runs/create":
            number, where = uuid4().hex, given["experiment_id"]  # the client remembers runs of other servers
            info = {key: given[key] for key in ("experiment_id", "run_name", "user_id", "start_time")}
            info |= {"status": "RUNNING", "lifecycle_stage": "active", "run_id": number, "run_uuid": number}
            info["artifact_uri"] = f"{self.location}/{where}/{number}/artifacts"
            tags = {tag["key"]: tag["value"] for tag in given["tags"]}
            self.runs[number] = Run(info, {**tags, "mlflow.runName": given["run_name"]})
            return 200, {"run": self.runs[number].body()}
        run = self.runs.get(given["run_id"])
        if run is None:
            return refused(404, MISSING, f"Run with id={given['run_id']} not found")
        if verb == "GET runs/get":
            return 200, {"run": run.body()}
        if verb == "POST runs/update":
            run.info |= {key: given[key] for key in ("status", "end_time")}
            return 200, {"run_info": run.info}
        if verb == "POST runs/delete":
            run.info["lifecycle_stage"] = "deleted"
            return 200, {}
        if verb == "POST runs/set-tag":
            run.tags[given["key"]] = given["value"]
            return 200, {}
        assert verb == "POST runs/log-batch"
        for one in given.get("params", []):
            if run.params.setdefault(one["key"], one["value"]) != one["value"]:
                return refused(400, INVALID, f"Changing param values is not allowed. Param '{one['key']}' was logged")
        for one in given.get("metrics", []):
            run.metrics[one["key"]] = one["value"]
            run.history.append((one["key"], one["value"]))
        run.tags |= {one["key"]: one["value"] for one in given.get("tags", [])}
        return 200, {}

    def _prompt(self, verb: str, given: dict[str, Any]) -> Answer:
        name = given["name"]
        if verb == "POST registered-models/create":
            tags = {tag["key"]: tag["value"] for tag in given["tags"]}
            self.prompts[name] = {"tags": tags, "versions": [], "aliases": {}}
            return 200, {"registered_model": self._model(name)}
        if name not in self.prompts:
            return refused(404, MISSING, f"Registered Model with name={name} not found")
        prompt = self.prompts[name]
        if verb == "GET registered-models/get":
            return 200, {"registered_model": self._model(name)}
        if verb == "POST registered-models/set-tag":
            prompt["tags"][given["key"]] = given["value"]
            return 200, {}
        if verb == "POST model-versions/create":
            assert given["source"] == "dummy-source"
            prompt["versions"].append({key: given[key] for key in ("tags", "description")})
            return 200, {"model_version": self._version(name, len(prompt["versions"]))}
        if verb == "GET model-versions/get":
            return 200, {"model_version": self._version(name, int(given["version"]))}
        if verb == "POST registered-models/alias":
            prompt["aliases"][given["alias"]] = int(given["version"])
            return 200, {}
        assert verb == "GET registered-models/alias"
        aliases = {**prompt["aliases"], "latest": len(prompt["versions"])}
        if not aliases.get(given["alias"]):
            return refused(400, INVALID, f"Registered model alias {given['alias']} not found.")
        return 200, {"model_version": self._version(name, aliases[given["alias"]])}

    def _model(self, name: str) -> dict[str, Any]:
        found = {
            "name": name,
            "creation_timestamp": 1,
            "last_updated_timestamp": 1,
            "tags": pairs(self.prompts[name]["tags"]),
        }
        last = len(self.prompts[name]["versions"])
        return {**found, "latest_versions": [self._version(name, last)]} if last else found

    def _version(self, name: str, number: int) -> dict[str, Any]:
        kept = self.prompts[name]["versions"][number - 1]
        about = {"name": name, "version": str(number), "creation_timestamp": 1, "current_stage": "None", "status": "READY"}
        return {**about, "last_updated_timestamp": 1, "source": "dummy-source", "run_id": "", **kept}

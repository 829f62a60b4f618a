"""MLflow: a study as a run with a run for each candidate, and the winner's prompt in the prompt registry."""

from __future__ import annotations

import importlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from crossover.data.address import checked_url, stays_here, without_keys
from crossover.errors import MissingExtra, OptionError, StudyError
from crossover.publish.base import Material, Step, as_sent
from crossover.publish.figures import figures, params
from crossover.report.page import render
from crossover.study.results import CandidateReport
from crossover.types import to_json

VARIABLE = "MLFLOW_TRACKING_URI"
SETTINGS = {  # where nobody set them: a server that does not answer is said in seconds, not minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
STUDY, CANDIDATE, NAME = "crossover.study", "crossover.candidate", "crossover.name"
STUDY_TAGS = ("crossover.verdict", "crossover.choice", "crossover.provisional", "crossover.confidence")
OLD = "crossover.superseded"
LINKS = "link_prompt_to_experiment_thread"  # what the client calls a thread that goes on after a prompt is registered
EXPERIMENTS = "_mlflow_experiment_ids"  # the tag by which the server shows a prompt with an experiment
LINKED = "mlflow.linkedPrompts"  # the tag by which it shows a run with its prompts
PROBE = "a {line} of {{text}}\n{% with %} \\1 marks"
LONGEST = 6000  # characters of a parameter
NOTE = "mlflow.note.content"


@dataclass
class MLflow:
    """A server that the user runs; its address is in `url`, or in MLFLOW_TRACKING_URI. Its own variables hold the keys."""

    name: ClassVar[str] = "mlflow"
    shown: ClassVar[str] = "MLflow"

    url: str | None = None
    _seen: list[str] = field(default_factory=list)  # the study's run, once it is there

    def __post_init__(self) -> None:
        given = self.url or os.environ.get(VARIABLE, "").strip()
        if not given:
            raise OptionError(f"no MLflow server is named; valid is --url, such as http://127.0.0.1:5000, or {VARIABLE}")
        self.url = checked_url(given, "--url" if self.url else f"the environment variable {VARIABLE}")

    @property
    def here(self) -> bool:
        return stays_here(str(self.url))

    def check(self, material: Material) -> None:
        if material.label == "latest" or (material.label[:1] in "vV" and material.label[1:].isdigit()):
            raise OptionError(f"received the label '{material.label}', which MLflow keeps for itself; valid is another")
        _library()

    def place(self) -> str:
        return self._seen[-1] if self._seen else str(self.url)

    def steps(self, material: Material) -> list[Step]:
        log = _Log(str(self.url), material, self._seen)
        found = [Step(f"the study '{material.name}'", log.study)]
        found += [Step(_run_of(one), log.run(one)) for one in material.results.candidates]
        found.append(Step(", ".join(log.artifacts()), log.files))
        if material.prompt is not None:
            where = f" as '{material.label}'" if material.label else ""
            found.append(Step(f"the prompt of '{material.chosen.name}'{where}", log.prompt))
        return [Step(one.what, _set(one.send)) for one in found]


@dataclass
class _Log:
    url: str
    material: Material
    seen: list[str]
    experiment: str = ""
    parent: str = ""
    runs: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        return _library().MlflowClient(tracking_uri=self.url, registry_uri=self.url)

    def study(self) -> str:
        """The study's run: made, or the one that there is brought up to date."""
        m, client = self.material, self.client
        known = client.get_experiment_by_name(m.name)
        if known is not None and known.lifecycle_stage == "deleted":
            raise StudyError(f"the experiment '{m.name}' is deleted there; valid is restoring it, or another --name")
        self.experiment = known.experiment_id if known else client.create_experiment(m.name)
        self._find(client)
        decision = m.results.decision
        tags = {"crossover.version": decision["crossover_version"], NOTE: _note(m)}
        verdict = decision["verdict"]
        names = {one.id: one.name for one in m.results.candidates if one.same_as is None}
        told = (verdict["kind"], names.get(verdict["choice"]), names.get(verdict["provisional"]), verdict.get("confidence"))
        tags |= {name: str(value) if value else "none" for name, value in zip(STUDY_TAGS, told, strict=True)}
        spent = {f"spent.{name}": value for name, value in decision["spent"].items() if isinstance(value, (int, float))}
        about = {name: decision[name] for name in ("task", "model", "seed", "data_sha256")}
        about |= {f"rows.{name}": number for name, number in decision["splits"].items()}
        began = _milliseconds(decision["created"])
        run = self._run(client, ("", ""), m.results.task["name"], tags, began)
        self.parent = run.info.run_id
        if urlsplit(run.info.artifact_uri).scheme in ("", "file") and not stays_here(self.url):  # the client would write it
            raise StudyError(
                "the server keeps files in a folder of its own machine and takes none over the network; valid is a server"
                " that was started with --artifacts-destination"
            )
        self._bring_up(client, run, about, {**self._best(), **spent}, tags)
        client.set_terminated(self.parent, "FINISHED", began + round(1000 * decision["spent"]["seconds"]))
        self._retire(client)
        self.seen.append(f"{self.url}/#/experiments/{self.experiment}/runs/{self.parent}")
        return ""

    def run(self, one: CandidateReport) -> Callable[[], str]:
        """A candidate's run."""

        def send() -> str:
            client, began = self.client, _milliseconds(self.material.results.decision["created"])
            tags = {"crossover.status": one.status, NOTE: without_keys(one.note), "mlflow.parentRunId": self.parent}
            run = self._run(client, (one.id, one.name), one.name, tags, began)
            self._bring_up(client, run, params(one, self.material.candidates.get(one.name)), figures(one), tags)
            messages = self.material.messages.get(one.name)
            if messages is not None:
                client.log_text(run.info.run_id, _json(as_sent(messages)), "prompt.json")
            client.set_terminated(run.info.run_id, "FAILED" if one.status == "failed" else "FINISHED", began)
            return ""

        return send

    def artifacts(self) -> dict[str, Callable[[], str]]:
        """File -> its text."""
        results = self.material.results
        found = {
            "report.html": lambda: render(results),
            "decision.json": lambda: _json(results.decision),
            "task.json": lambda: _json(self.material.task),
        }
        if self.material.rows:
            found["predictions.json"] = lambda: _json(self.material.records)
        return found

    def files(self) -> str:
        client = self.client
        for name, text in self.artifacts().items():
            client.log_text(self.parent, without_keys(text()), name)
        return ""

    def prompt(self) -> str:
        """The prompt as a version of its own, or the last one where it is the same."""
        m, client = self.material, self.client
        written = [{**one, "content": one["content"]} for one in as_sent(m.prompt or ())]
        written[-1]["content"] = written[-1]["content"].replace("{input}", "{{input}}")
        known = [_known(client, m.name, one) for one in filter(None, (m.label, "latest"))]
        version = next((one for one in known if one is not None and one.template == written), None)
        more = ""
        if version is None:
            if not _reads_as_meant(m, written):
                raise StudyError(
                    "its text holds {{...}} or {%...%}, which MLflow would fill in and cannot keep as text; valid is the"
                    " file prompt.json of its run, which has it as it is"
                )
            how = m.candidate.decoding
            version = client.register_prompt(
                m.name,
                written,
                commit_message=f"Crossover: {m.chosen.name}. {m.headline}"[:1000],
                tags={STUDY: m.study, CANDIDATE: m.chosen.id},
                model_config={
                    "model_name": m.candidate.model,
                    "temperature": how.temperature,
                    "max_tokens": how.max_tokens,
                },
            )
            for thread in [one for one in threading.enumerate() if one.name.startswith(LINKS)]:
                thread.join()
            client.set_prompt_tag(m.name, EXPERIMENTS, f",{self.experiment},")
        else:
            more = "the same as before, "
        if m.label:
            client.set_prompt_alias(m.name, m.label, version.version)
        linked = [{"name": m.name, "version": str(version.version)}]
        client.set_tag(self.parent, LINKED, json.dumps(linked))  # the client's own verb asks another server, the usual one
        return f"{more}version {version.version} of '{m.name}'"

    def _best(self) -> dict[str, float]:
        """The figures of the verdict's choice, so that studies can be compared; whoever's prompt is published."""
        verdict = self.material.results.decision["verdict"]
        wanted = verdict["choice"] or verdict["provisional"]
        return next((figures(one) for one in self.material.results.candidates if one.id == wanted), {})

    def _find(self, client: Any) -> None:
        """The runs of this study that are there. One that stands twice, as an answer was lost on its way, is taken away."""
        where, token = f"tags.`{STUDY}` = '{self.material.study}'", None
        while True:
            page = client.search_runs(
                [self.experiment], where, order_by=["attributes.start_time", "attributes.run_id"], page_token=token
            )
            for run in page:
                key = (run.data.tags.get(CANDIDATE, ""), run.data.tags.get(NAME, ""))
                if key in self.runs:
                    client.delete_run(run.info.run_id)
                self.runs.setdefault(key, run)
            token = page.token
            if not token:
                return

    def _run(self, client: Any, key: tuple[str, str], shown: str, tags: Mapping[str, str], began: int) -> Any:
        run = self.runs.get(key)
        if run is None:
            own = {STUDY: self.material.study, CANDIDATE: key[0], NAME: key[1]}
            run = client.create_run(self.experiment, start_time=began, tags={**own, **tags}, run_name=shown)
            self.runs[key] = run
        return run

    def _bring_up(
        self, client: Any, run: Any, about: Mapping[str, Any], numbers: Mapping[str, float], tags: Mapping[str, str]
    ) -> None:
        """What the run lacks, or has otherwise; a parameter is written once."""
        data, entities = run.data, _library("mlflow.entities")
        now = _milliseconds(self.material.results.decision["created"])
        new = {k: v for k, v in numbers.items() if data.metrics.get(k) != v}
        texts = {k: without_keys(str(v))[:LONGEST] for k, v in about.items()}
        metrics = [entities.Metric(k, v, now, 0) for k, v in new.items()]
        written = [entities.Param(k, v) for k, v in texts.items() if k not in data.params]
        client.log_batch(
            run.info.run_id, metrics, written, [entities.RunTag(k, v) for k, v in tags.items() if data.tags.get(k) != v]
        )

    def _retire(self, client: Any) -> None:
        """Mark the runs of candidates that the study no longer has, as it went on otherwise."""
        there = {(one.id, one.name) for one in self.material.results.candidates} | {("", "")}
        for key, run in self.runs.items():
            if key not in there:
                client.set_tag(run.info.run_id, OLD, "true")


def _run_of(one: CandidateReport) -> str:
    return f"the run '{one.name}'"


def _note(m: Material) -> str:
    """What the server shows above a run, as Markdown."""
    verdict = m.results.decision["verdict"]
    lines = [m.headline, *(f"- {reason}" for reason in verdict["reasons"]), *(f"- {one}" for one in verdict["warnings"])]
    return without_keys("\n".join([lines[0], "", *lines[1:]]))[:LONGEST]


def _reads_as_meant(m: Material, written: list[dict[str, Any]]) -> bool:
    """Whether MLflow, with its own code, makes of the template what was measured."""
    version = _library("mlflow.entities.model_registry").PromptVersion(name="probe", version=1, template=written)
    wanted = [{**one, "content": one["content"]} for one in as_sent(m.prompt or ())]
    wanted[-1]["content"] = wanted[-1]["content"].replace("{input}", PROBE)
    try:
        return bool(version.format(input=PROBE) == wanted)
    except Exception:  # noqa: BLE001  whatever its template language says of our text
        return False


def _known(client: Any, name: str, alias: str) -> Any:
    """The prompt's version of this alias, None where there is none. (`load_prompt` would also link it to an experiment.)"""
    missing = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")
    try:
        return client.get_prompt_version_by_alias(name, alias)
    except _library("mlflow.exceptions").MlflowException as error:
        if error.error_code in missing:
            return None
        raise


def _milliseconds(written: str) -> int:
    return round(1000 * datetime.fromisoformat(written).timestamp())


def _json(body: Any) -> str:
    return json.dumps(to_json(body), indent=1, ensure_ascii=False) + "\n"


def _library(name: str = "mlflow") -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when it is imported
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra("publishing to MLflow", "mlflow") from error


def _set(send: Callable[[], str]) -> Callable[[], str]:
    def within() -> str:
        with _settings():
            return send()

    return within


@contextmanager
def _settings() -> Iterator[None]:
    """The client's settings that nobody made, for this while."""
    made = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    os.environ.update(made)
    try:
        yield
    finally:
        for name in made:
            os.environ.pop(name, None)

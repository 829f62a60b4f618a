"""Vertex AI's dialect of tuning, as google-genai speaks it; its data goes through Cloud Storage."""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from crossover.errors import TuningError
from crossover.models.base import Stored
from crossover.tuning.asking import spoken, whole
from crossover.tuning.hosted import Begun, Checkpoint, Look, Told
from crossover.tuning.job import Job, job_in
from crossover.tuning.recipe import HostedRecipe
from crossover.types import Weights

KEPT = 1000  # jobs of a project that are looked through
GOOD = ("JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED")
OVER = (*GOOD, "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED")
SIZES = {1: "ONE", 2: "TWO", 4: "FOUR", 8: "EIGHT", 16: "SIXTEEN", 32: "THIRTY_TWO"}  # ranks of an adapter
METHODS = {"supervised": "SUPERVISED_FINE_TUNING", "dpo": "PREFERENCE_TUNING"}


@dataclass(frozen=True)
class VertexDesk:
    """`client`: google-genai's."""

    model: Stored
    client: Any
    dialect = "vertex"
    host = "aiplatform.googleapis.com"

    @spoken
    def base(self, start: Weights | None) -> str:
        """A tuned model is gone on with by its name, which is not that of its endpoint, and its checkpoint's id behind "#":
        the job that made it knows them."""
        if start is None:
            return self.model.name
        tuned = self.client.tunings.get(name=job_in(Path(start.path))).tuned_model
        if tuned.endpoint == start.ref:
            return str(tuned.model)
        of = [one for one in tuned.checkpoints or [] if one.endpoint == start.ref and one.checkpoint_id]
        if not of:
            raise TuningError(f"the job that made '{start.ref}' does not tell that checkpoint: it cannot be gone on with")
        return f"{tuned.model}#{of[0].checkpoint_id}"

    def stops(self, base: str) -> date | None:
        return None  # Vertex tells no date

    @spoken
    def known(self, job: Job) -> Begun | None:
        listed = self.client.tunings.list(config={"page_size": 100, "filter": f"labels.crossover={job.key}"})
        for one in itertools.islice(listed, KEPT):
            state = _state(one)
            ours = (one.labels or {}).get("crossover") == job.key
            if ours and one.name not in job.ended and (state in GOOD or state not in OVER):
                return Begun(one.name, state)
        return None

    @spoken
    def upload(self, name: str, text: str, job: Job, recipe: HostedRecipe) -> str:
        bucket, _, folder = recipe.bucket.removeprefix("gs://").partition("/")
        path = "/".join(filter(None, (folder.strip("/"), "crossover", job.key, name)))
        self.model.storage().bucket(bucket).blob(path).upload_from_string(text, content_type="application/jsonl")
        return f"gs://{bucket}/{path}"

    @spoken
    def start(self, base: str, recipe: HostedRecipe, job: Job) -> Begun:
        base, _, checkpoint = base.partition("#")
        config: dict[str, Any] = {
            "method": METHODS[recipe.objective],
            "epoch_count": recipe.epochs,
            "learning_rate_multiplier": recipe.rate_multiplier,
            "adapter_size": f"ADAPTER_SIZE_{SIZES[recipe.rank]}" if recipe.rank else None,
            "beta": recipe.beta,
            "export_last_checkpoint_only": False,  # another study of the same may want them
            "pre_tuned_model_checkpoint_id": checkpoint or None,
            "tuned_model_display_name": recipe.suffix or f"crossover-{job.key}",
            "labels": {"crossover": job.key},
        }
        if len(job.files) > 1:
            config["validation_dataset"] = {"gcs_uri": job.files[1]}
        given = {key: value for key, value in config.items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client calls its own tuning experimental, once a process
            types = importlib.import_module("google.genai.types")
            config = types.CreateTuningJobConfig(**given)  # of a mapping the client overlooks the checkpoint
            made = self.client.tunings.tune(base_model=base, training_dataset={"gcs_uri": job.files[0]}, config=config)
        if not made.name:
            raise ValueError("it is no job")
        return Begun(made.name, _state(made))

    @spoken
    def look(self, job: str, recipe: HostedRecipe) -> Look:
        now = self.client.tunings.get(name=job)
        state = _state(now)
        why = getattr(now.error, "message", None) or "no reason is given"
        tuned = now.tuned_model.endpoint if state in GOOD and now.tuned_model else None
        stopped = state == "JOB_STATE_CANCELLED"
        return Look(state, state in OVER, state in GOOD, tuned or "", why, _trained(now, recipe.epochs), stopped)

    @spoken
    def events(self, job: str, seen: Collection[str]) -> list[Told]:
        """Vertex tells no events: what there is to tell is another state."""
        now = self.client.tunings.get(name=job)
        state = _state(now)
        return [] if state in seen else [Told(state, str(now.update_time or ""), "info", state)]

    @spoken
    def checkpoints(self, job: str) -> list[Checkpoint]:
        tuned = self.client.tunings.get(name=job).tuned_model
        found = sorted((tuned.checkpoints if tuned else None) or [], key=lambda one: one.step or 0)
        return [Checkpoint(one.endpoint, f"after step {one.step}") for one in found if one.endpoint]

    @spoken
    def cancel(self, job: str) -> None:
        self.client.tunings.cancel(name=job)


def _state(job: Any) -> str:
    return str(getattr(job.state, "name", job.state))


def _trained(job: Any, epochs: int) -> int | None:
    """Billed are the tokens of the data, in each epoch."""
    stats = job.tuning_data_stats
    own = stats and (stats.supervised_tuning_data_stats or stats.preference_optimization_data_stats)
    total = whole(getattr(own, "total_billable_token_count", None))
    return None if total is None else total * epochs

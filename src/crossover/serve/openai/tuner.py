"""Tunes what jobs ask for, one at a time beside serving; what was interrupted goes on from its last checkpoint."""

from __future__ import annotations

import logging
import math
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossover import tuning
from crossover.errors import CrossoverError
from crossover.models.base import Tunable
from crossover.serve.openai.catalogue import Catalogue, Served
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.files import Files
from crossover.serve.openai.jobs import LIVE, PRIVATE, Jobs
from crossover.serve.openai.lines import training_rows
from crossover.serve.openai.wire import JobBody
from crossover.tuning.batches import TrainingRow, encode_rows
from crossover.tuning.defaults import default_epochs, default_rate
from crossover.types import Epoch, LoraRecipe, Weights, to_json

TRAIN, VALID = "train.jsonl", "valid.jsonl"
BATCH = 8  # rows in a step, where that is left to us
LOOKED = 64  # training rows whose loss stands for a validation file's, where there is none
KEPT = 3  # checkpoints of a job
STEPS_TOLD = 500  # events of steps, at the most
RETRY = 5.0  # seconds until what could not be written is tried again
LOG = logging.getLogger("uvicorn.error")


class _Left(Exception):
    """The job was cancelled or paused, or the server ends."""


@dataclass
class Tuner:
    """Runs the jobs of a folder; what comes of them is served by the catalogue."""

    catalogue: Catalogue
    files: Files
    jobs: Jobs
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _ends: bool = False

    def start(self) -> None:
        """Serve what was tuned before, and go on with what was not finished."""
        self._checking = ThreadPoolExecutor(1, "crossover-checking")
        for job in reversed(self.jobs.every()):
            with (self.jobs.place(job["id"]) / "events.jsonl").open("a", encoding="utf-8") as file:
                file.write("\n")  # behind a line that was cut off
            self._serve(job)
            if job["status"] == "running":
                self.jobs.change(job["id"], status="queued")
                self.jobs.event(job["id"], "The server was started again; the job goes on from its last checkpoint")
            elif job["status"] == "validating_files":
                self._checking.submit(self._check, job["id"])
        self._thread = threading.Thread(target=self._run, name="crossover-tuning", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End before the next step; the job stays as it is and goes on when the server starts again."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._checking.shutdown()
        self._thread.join()

    def create(self, body: JobBody) -> dict[str, Any]:
        """Take a job. Raises `ApiError` for a model or a file that is not there, or cannot be tuned with."""
        served = self.catalogue.get(body.model)
        if served.candidate or not isinstance(served.model, Tunable):
            raise ApiError(
                400,
                f"'{body.model}' cannot be tuned; valid: {', '.join(s.name for s in self.catalogue if not s.candidate)}",
                "model",
                "model_not_available",
            )
        sources = {TRAIN: body.training_file, VALID: body.validation_file}
        found = {name: self._file(identity, name) for name, identity in sources.items() if identity}
        job = self.jobs.create(body, served.root)
        for name, path in found.items():
            shutil.copyfile(path, self.jobs.place(job["id"]) / name)  # the file may be deleted before its turn
        self._checking.submit(self._check, job["id"])
        return job

    def cancel(self, identity: str) -> dict[str, Any]:
        return self._order(identity, (*LIVE, "paused"), "cancelled", "The job was cancelled")

    def pause(self, identity: str) -> dict[str, Any]:
        return self._order(identity, ("queued", "running"), "paused", "The job was paused")

    def resume(self, identity: str) -> dict[str, Any]:
        return self._order(identity, ("paused",), "queued", "The job was resumed")

    def delete(self, name: str) -> dict[str, Any]:
        """Remove a tuned model, or a checkpoint of one. Raises `ApiError` for any other model."""
        if not self.catalogue.get(name).parent:
            raise ApiError(403, f"'{name}' was not tuned here, so it is not deleted here", "model")
        self.catalogue.remove(name)
        for job in self.jobs.every():
            for body in self.jobs.checkpoints(job["id"]):
                if body["fine_tuned_model_checkpoint"] == name:
                    shutil.rmtree(self._step(job["id"], body["step_number"]))
            if job["fine_tuned_model"] == name:
                self.jobs.note(job["id"], weights=None)
                shutil.rmtree(self.jobs.place(job["id"]) / "tune", ignore_errors=True)
        return {"id": name, "object": "model", "deleted": True}

    def _file(self, identity: str, name: str) -> Path:
        param = "training_file" if name == TRAIN else "validation_file"
        try:
            body, path = self.files.get(identity), self.files.content(identity)
        except ApiError as error:
            raise ApiError(400, f"invalid {param}: {identity[:80]}", param, "invalid_file") from error
        if body["purpose"] != "fine-tune":
            raise ApiError(400, f"{param}: its purpose is '{body['purpose']}'; valid is 'fine-tune'", param, "invalid_file")
        return path

    def _order(self, identity: str, only: tuple[str, ...], status: str, said: str) -> dict[str, Any]:
        job = self.jobs.change(identity, only, status=status)
        self.jobs.event(identity, said)
        self._wake()
        return job

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _check(self, identity: str) -> None:
        """Read a job's files, and settle what was left to us."""
        try:
            self._settle(self.jobs.get(identity))
        except Exception as error:  # noqa: BLE001  also what a model's template refuses: a job never stays unchecked
            self._fail(identity, "invalid_training_file", str(error), "training_file")
        self._wake()

    def _settle(self, job: dict[str, Any]) -> None:
        place, model = self.jobs.place(job["id"]), self._model(job)
        rows, dev = _rows(place)
        encoded, dropped = encode_rows(model, rows, "training")
        encode_rows(model, dev, "validation")
        asked = job["hyperparameters"]
        batch = BATCH if asked["batch_size"] in ("auto", None) else asked["batch_size"]
        epochs = default_epochs(len(rows), batch, None) if asked["n_epochs"] == "auto" else asked["n_epochs"]
        factor = asked["learning_rate_multiplier"]
        settled = {
            "n_epochs": epochs,
            "batch_size": batch,
            "learning_rate_multiplier": 1.0 if factor in ("auto", None) else factor,
        }
        tokens = epochs * sum(len(row.ids) for row in encoded)
        self.jobs.note(job["id"], steps=math.ceil(len(encoded) / batch), tokens=tokens)
        if dropped:
            self.jobs.event(job["id"], f"{dropped} examples are longer than the model's window and left out", level="warn")
        method = {"type": "supervised", "supervised": {"hyperparameters": settled}}
        self.jobs.event(job["id"], "Files validated, moving job to queued state")
        self.jobs.change(job["id"], ("validating_files",), status="queued", hyperparameters=settled, method=method)

    def _run(self) -> None:
        while job := self._next():
            try:
                self._tune(job)
            except _Left:
                continue
            except Exception as error:  # noqa: BLE001  whatever it is, the next job is tuned
                said = str(error) if isinstance(error, (CrossoverError, ApiError)) else f"{type(error).__name__}: {error}"
                self._fail(job["id"], "training_failed", said, None)

    def _next(self) -> dict[str, Any] | None:
        """The job that waits longest, made running; None when the server ends."""
        with self._changed:
            while not self._ends:
                waiting = [job for job in self.jobs.every() if job["status"] == "queued"]
                if waiting:
                    try:
                        return self.jobs.change(waiting[-1]["id"], ("queued",), status="running")
                    except ApiError:  # cancelled just now
                        continue
                    except (CrossoverError, OSError) as error:  # the disk is full, and may have room again
                        LOG.error("a tuning job cannot begin: %s", error)
                        self._changed.wait(RETRY)
                        continue
                self._changed.wait()
            return None

    def _tune(self, job: dict[str, Any]) -> None:
        identity, settled = job["id"], job["hyperparameters"]
        place, model, steps = self.jobs.place(identity), self._model(job), job[PRIVATE]["steps"]
        rows, dev = _rows(place)
        validated = job["validation_file"] is not None
        rate = default_rate("lora", model, None) * settled["learning_rate_multiplier"]
        recipe = LoraRecipe(
            learning_rate=rate,
            epochs=settled["n_epochs"],
            batch_size=settled["batch_size"],
            patience=0,
            seed=job["seed"],
        )
        self.jobs.event(identity, "Fine-tuning job started")
        hashes: dict[int, str] = {}

        def on_step(step: int, every: int, loss: float) -> None:
            if self._ends or self.jobs.get(identity)["status"] != "running":
                raise _Left
            if step % max(1, every // STEPS_TOLD) == 0:
                data = {"step": step, "total_steps": every, "train_loss": loss}
                self.jobs.event(identity, f"Step {step}/{every}: training loss={loss:.2f}", data)

        def evaluate(weights: Weights) -> float:
            """With a validation file its loss says which epoch is best; without one the last one is."""
            epoch = int(Path(weights.path).name.rpartition("-")[2])
            shutil.copytree(weights.path, self._step(identity, epoch * steps), dirs_exist_ok=True)
            hashes[epoch] = weights.sha256
            return 0.0 if validated else float(epoch)

        def on_epoch(epoch: Epoch) -> None:
            step, metrics = epoch.epoch * steps, {"train_loss": epoch.train_loss}
            if validated:
                metrics |= {"valid_loss": epoch.dev_loss, "full_valid_loss": epoch.dev_loss}
            self.jobs.checkpoint(identity, step, hashes[epoch.epoch], metrics)
            self.jobs.event(identity, f"Checkpoint created at step {step}", {"step": step, **metrics})
            self._serve_checkpoints(self.jobs.get(identity))

        weights = tuning.fit(
            model,
            rows=rows,
            dev_rows=dev,
            recipe=recipe,
            folder=place / "tune",
            start=self.catalogue.get(job["model"]).weights,
            evaluate=evaluate,
            on_step=on_step,
            on_epoch=on_epoch,
        )
        name = job[PRIVATE]["name"]
        self.jobs.note(identity, weights={**to_json(weights), "path": f"tune/{Path(weights.path).name}"})
        self._serve({**self.jobs.get(identity), "fine_tuned_model": name})
        try:
            tokens = job[PRIVATE]["tokens"]
            self.jobs.change(identity, ("running",), status="succeeded", fine_tuned_model=name, trained_tokens=tokens)
        except ApiError as error:  # cancelled at the last moment
            self.catalogue.remove(name)
            raise _Left from error
        self.jobs.event(identity, f"New fine-tuned model created: {name}")
        self.jobs.event(identity, "The job has successfully completed")

    def _fail(self, identity: str, code: str, message: str, param: str | None) -> None:
        try:
            error = {"code": code, "message": message, "param": param}
            self.jobs.change(identity, LIVE, status="failed", error=error)
            self.jobs.event(identity, f"The job failed: {message}", level="error")
        except ApiError:  # it was cancelled
            return
        except (CrossoverError, OSError) as failing:  # the next job may be noted
            LOG.error("a tuning job failed (%s), which cannot be noted: %s", message, failing)

    def _model(self, job: dict[str, Any]) -> Any:
        return self.catalogue.get(job["model"]).model

    def _step(self, identity: str, step: int) -> Path:
        return self.jobs.place(identity) / "steps" / str(step)

    def _serve(self, job: dict[str, Any]) -> None:
        """Serve what came of a job, where its base model is served."""
        kept = job[PRIVATE].get("weights")
        base = next((served for served in self.catalogue if served.name == job[PRIVATE]["root"]), None)
        if kept and base and job["fine_tuned_model"]:
            path = self.jobs.place(job["id"]) / kept["path"]
            self._add(job["fine_tuned_model"], base, job, Weights(kept["kind"], kept["sha256"], str(path)))
        self._serve_checkpoints(job)

    def _serve_checkpoints(self, job: dict[str, Any]) -> None:
        base = next((served for served in self.catalogue if served.name == job[PRIVATE]["root"]), None)
        for place, body in enumerate(self.jobs.checkpoints(job["id"])):
            name, folder = body["fine_tuned_model_checkpoint"], self._step(job["id"], body["step_number"])
            if place >= KEPT:
                self.catalogue.remove(name)
                shutil.rmtree(folder)
            elif base:
                self._add(name, base, job, Weights("adapter", body["sha256"], str(folder)))

    def _add(self, name: str, base: Served, job: dict[str, Any], weights: Weights) -> None:
        self.catalogue.add(name, base, job["model"], weights, job["created_at"])


def _rows(place: Path) -> tuple[Sequence[TrainingRow], Sequence[TrainingRow]]:
    """The rows to tune with, and those whose loss is looked at. Raises `ValueError`."""
    rows = training_rows(place / TRAIN)
    return rows, training_rows(place / VALID) if (place / VALID).is_file() else rows[:LOOKED]

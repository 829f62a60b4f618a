"""Tuning by several processes of this machine, or by a command that starts them on several: the other end of `worker.py`.

The rows go into a folder (`handover.py`), the processes tune as one does, and what the lead tells is told on; what an
epoch's weights score on dev is measured here. The processes find each other by a file, and talk over the loopback alone.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from crossover import tuning
from crossover.child import child
from crossover.errors import CrossoverError, ModelError, OptionError, StudyError, TuningError, shown, without_keys
from crossover.models.base import Model, Shareable
from crossover.tuning.conflicts import undividable
from crossover.tuning.handover import PLACE, TOLD, Order, clear, new_lines, replace_text, write_order
from crossover.tuning.local import General, LocalTrainer
from crossover.tuning.providers import Lesson
from crossover.tuning.trainer import Events, Tuned
from crossover.types import Epoch, Recipe, Weights

MODULE = "crossover.tuning.worker"
STORE = "CROSSOVER_STORE"  # a file by which the processes of one machine find each other
LAUNCH = "CROSSOVER_LAUNCH"  # the command that starts them, as torchrun: the worker's module and folder come behind it
LOOK = 0.05  # seconds between looks at what is told
MAPPED = 1 << 20  # bytes from which on the C library asks the system for each piece by itself
LAUNCHED = "launch.log"
COMMAND = "valid: one that starts the command behind it, as torchrun does"
LONGEST = 200  # characters of what a process said
GRACE = 10.0  # seconds that a command has to end what it has started elsewhere
OURS: Mapping[str, Callable[[str], CrossoverError]] = {
    kind.__name__: kind for kind in (ModelError, OptionError, StudyError, TuningError)
}


@dataclass(frozen=True)
class SharedTrainer:
    """Tunes by so many processes, which a command in `CROSSOVER_LAUNCH` starts (`launch`), or else this process."""

    model: Shareable
    processes: int
    general: General = tuple

    def tune(
        self,
        rows: Sequence[Lesson],
        dev: Sequence[Lesson],
        recipe: Recipe,
        folder: Path,
        start: Weights | None = None,
        events: Events = Events(),  # noqa: B008  frozen
    ) -> Tuned:
        if why := undividable(recipe):
            return dataclasses.replace(
                LocalTrainer(self.model, self.general).tune(rows, dev, recipe, folder, start, events), said=(why,)
            )
        order = Order(
            folder.absolute(),
            self.model.opening(),
            recipe,
            [(lesson.messages, lesson.answer) for lesson in rows],
            [(lesson.messages, lesson.answer) for lesson in dev],
            self.general() if recipe.replay else (),
            dataclasses.replace(start, path=str(Path(start.path).absolute())) if start else None,
            processes=self.processes,
            named=f"{PLACE}-{uuid.uuid4().hex[:12]}.new",
        )
        while True:
            try:
                self._tuned(order, events)
                break
            except _Cramped as error:
                order = dataclasses.replace(order, tokens=error.tokens, twice=order.twice or error.twice)
        progress = tuning.read_progress(folder)
        if progress is None or progress.best is None:
            raise TuningError(f"{folder}: the processes that share the tune ended without weights")
        return Tuned(progress.best)

    def _tuned(self, order: Order, events: Events) -> None:
        place, begin = order.place, 0
        with tuning.writing(order.folder):
            clear(order.folder)
            place.mkdir(parents=True)
            write_order(order)
        with self._started(place, order.model[2]) as running:
            while True:
                codes = [process.poll() for process in running]  # before the last lines are read
                for line, end in new_lines(place / TOLD, begin):
                    begin = end
                    _hear(line, place, events)
                if any(codes):
                    raise _failure(place, [process.poll() for process in running])  # who ended first has ended by now
                if None not in codes:
                    break
                time.sleep(LOOK)
        shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def _started(self, place: Path, device: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        """The processes, for as long as the block lasts."""
        own, launch, count = ["-m", MODULE, str(place)], _launch(self.processes), self.processes
        with ExitStack() as stack:
            try:
                if launch:
                    starts = [_start([*launch, *own], {}, place / LAUNCHED, GRACE)]
                else:
                    told = [
                        (_environment(rank, count, device, place / "store"), f"process-{rank}.log") for rank in range(count)
                    ]
                    starts = [_start([sys.executable, *own], environment, place / log) for environment, log in told]
                running = [stack.enter_context(start) for start in starts]
            except OSError as error:
                raise StudyError(f"the processes that share a tune do not start ({error})") from error
            yield running


class _Cramped(TuningError):
    """Memory ran out: they begin anew, with passes of `tokens`."""

    def __init__(self, tokens: int, twice: bool) -> None:
        super().__init__("memory ran out")
        self.tokens, self.twice = tokens, twice


def check_processes(model: Model, spec: str, processes: int) -> None:
    """Raise `OptionError` where a model that a task file calls `spec` cannot be tuned here by so many processes."""
    if not isinstance(model, Shareable):
        raise OptionError(
            f"tuning.processes is {processes}, and the model '{spec}' is tuned by one; valid: 1, or a model of transformers"
        )
    device, launch = model.opening()[2], _launch(processes)
    if device not in ("cpu", "cuda"):
        raise OptionError(
            f"tuning.processes is {processes}, and the model '{spec}' is tuned on '{device}'; valid: 1, or a model on"
            " cpu or cuda"
        )
    if device == "cpu" or launch:
        return
    import torch

    cards = torch.cuda.device_count()
    if processes > cards:
        raise OptionError(
            f"tuning.processes is {processes}, and each wants a card of its own: this machine has {cards}; valid is 1 to"
            f" {cards}, or a command in {LAUNCH} that starts them on several"
        )


def _launch(processes: int) -> list[str]:
    """The user's command, with the number where it says {processes}; nothing where there is none. Raises `OptionError`."""
    given = os.environ.get(LAUNCH, "")
    try:
        words = [word.replace("{processes}", str(processes)) for word in shlex.split(given)]
    except ValueError as error:
        raise OptionError(f"{LAUNCH} is {shown(given)}, which is no command ({error}); {COMMAND}") from error
    if words and not shutil.which(words[0]):
        raise OptionError(f"{LAUNCH} is {shown(given)}, and there is no program '{words[0]}'; {COMMAND}")
    return words


def _hear(line: Mapping[str, Any], place: Path, events: Events) -> None:
    if "step" in line:
        events.on_step(*line["step"])
    elif "epoch" in line:
        events.on_epoch(Epoch(**line["epoch"]))
    else:
        score = events.evaluate(Weights(**line["weights"]))
        with tuning.writing(place.parent):
            replace_text(place / line["answer"], json.dumps(score))


@contextmanager
def _start(
    argv: Sequence[str], environment: Mapping[str, str], log: Path, grace: float = 0.0
) -> Iterator[subprocess.Popen[bytes]]:
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with log.open("wb") as file, child(argv, grace, env={**os.environ, **environment}, stdout=file, **streams) as running:
        yield running


def _environment(rank: int, count: int, device: str, store: Path) -> dict[str, str]:
    """What torchrun would say, and that nobody but this machine is listened to."""
    number, total = str(rank), str(count)
    found = {"RANK": number, "LOCAL_RANK": number, "WORLD_SIZE": total, "LOCAL_WORLD_SIZE": total, STORE: str(store)}
    loopback = _loopback()
    if loopback:
        found |= {"GLOO_SOCKET_IFNAME": loopback, "NCCL_SOCKET_IFNAME": loopback}
    if device == "cpu":
        # gathered weights come and go by the block: what is freed is given back, not kept for the next of its size
        usual = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // count)), "MALLOC_MMAP_THRESHOLD_": str(MAPPED)}
        found |= {name: value for name, value in usual.items() if name not in os.environ}
    return found


def _loopback() -> str:
    addresses = psutil.net_if_addrs().items()
    return next((name for name, of in addresses if any(one.address == "127.0.0.1" for one in of)), "")


def _failure(place: Path, codes: Sequence[int | None]) -> CrossoverError:
    """Why processes ended, the reason of our own first: one that dies takes the others along, which say so."""
    bodies = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(place.glob("failed-*.json"))]
    cramped = [body for body in bodies if "tokens" in body]
    if cramped:
        return _Cramped(min(body["tokens"] for body in cramped), any(body["twice"] for body in cramped))
    for body in bodies:
        if body["ours"]:
            return OURS.get(body["kind"], TuningError)(body["said"])
    for body in bodies:
        if not body["lost"]:
            said = f"{body['kind']}: {_line(body['said'])}"
            return TuningError(f"the processes that share a tune ended ({said}); {place} has what they wrote")
    # a machine, a connection or the launching command, which any other tune would meet too: no fault of this one
    return StudyError(f"{_ended(place, codes, bodies)}: run the same command again, it continues")


def _ended(place: Path, codes: Sequence[int | None], bodies: Sequence[Mapping[str, Any]]) -> str:
    """How processes ended of whom none had a reason of its own."""
    log = place / LAUNCHED
    for number, code in enumerate(codes):
        if code is not None and code < 0:
            own = f"process {number + 1} of the {len(codes)} that share a tune"
            who = f"the command in {LAUNCH}" if log.exists() else own
            return f"{who} was ended by {signal.Signals(-code).name}, as happens where memory runs out"
    if bodies:
        said = _line(bodies[0]["said"])
        said = (said.partition("] ")[2] if said.startswith("[") else said).partition(". ")[0]  # not where in its source
        return f"the processes that share a tune lost each other ({said}; {place} has what they wrote)"
    if log.exists():
        written = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        said = next((line for line in reversed(written) if "rror" in line), written[-1] if written else "without a word")
        return f"the command in {LAUNCH} ended ({_line(said)}; all of it is in {log})"
    return f"the processes that share a tune ended without a word ({place} has what they wrote)"


def _line(text: str) -> str:
    return without_keys(next(iter(text.strip().splitlines()), "without a word"))[:LONGEST].strip()

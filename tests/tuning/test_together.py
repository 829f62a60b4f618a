"""One tune by several processes: the numbers of one, going on with any number, and one sentence where it cannot be.

What several compute is compared in processes that are forked from one with its libraries; what starts, hears and ends them
is tried with a stand-in that has none, and once with the real thing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file
from torch._subclasses import fake_tensor

from crossover.data.tuning import TuningSpec
from crossover.errors import CrossoverError, ModelError, OptionError, StudyError, TuningError
from crossover.models.hf import Hf
from crossover.models.hf.layers import blocks
from crossover.study.history import changes
from crossover.study.outlook import Paces
from crossover.testing.strategies import toy_bench, toy_examples, toy_start
from crossover.tuning import divide, loss, modules, sft, together, worker
from crossover.tuning.batches import TokenRow
from crossover.tuning.checkpoint import read_progress
from crossover.tuning.group import Group, joined, parted
from crossover.tuning.handover import Order, read_order, write_order
from crossover.tuning.open import check_tuning, trainer_for
from crossover.tuning.providers import Lesson
from crossover.tuning.shares import passes, shares
from crossover.tuning.steps import Cramped
from crossover.tuning.stream import mapped, save_one_by_one
from crossover.tuning.together import LAUNCH, MODULE, SharedTrainer
from crossover.tuning.trainer import Events
from crossover.types import FullRecipe, LoraRecipe, Message, Recipe, SoftPromptRecipe, Weights, content_hash
from tests.device import DEVICE
from tests.forked import side_by_side, started
from tests.models.tiny import build
from tests.tuning.small import DEV, TRAIN, tune
from tests.tuning.test_protocol import Foreign

pytestmark = pytest.mark.skipif(DEVICE != "cpu", reason="several processes want a card each")

ROWS, HELD, NEAR = TRAIN[:20], DEV[:5], 1e-4
MOST = 4096  # bytes of what travels at once: the embedding in hundreds of pieces
LORA: dict[str, Any] = {"learning_rate": 2e-3, "epochs": 2, "batch_size": 8, "patience": 0, "rank": 4}
ONCE = LORA | {"epochs": 1}
FULL = FullRecipe(learning_rate=2e-4, epochs=2, batch_size=8, patience=0, weight_decay=0.01)


@dataclass(frozen=True)
class Work:
    """A tune, and what is done with it: `start` names another whose weights it goes on from, `room` what it has."""

    model: str
    recipe: Recipe
    start: str = ""
    room: sft.Room = sft.AMPLE


WORKS = {
    "lora": Work("qwen2", LoraRecipe(**LORA)),
    "full": Work("qwen2", FULL),
    "in passes, twice": Work("qwen2", replace(FULL, epochs=1), room=sft.Room(60, True)),
    "one row a step": Work("qwen2", LoraRecipe(**LORA | {"batch_size": 1, "epochs": 1})),
    "dora": Work("qwen2", LoraRecipe(**ONCE, dora=True)),
    "pissa": Work("qwen2", LoraRecipe(**ONCE, pissa=True)),
    "lora on lora": Work("qwen2", LoraRecipe(**ONCE), "lora"),
    "full on lora": Work("qwen2", replace(FULL, epochs=1), "lora"),
    "lora on full": Work("qwen2", LoraRecipe(**ONCE), "full"),
    "padded": Work("bloom", LoraRecipe(**ONCE)),
}
GOES_ON = "goes on"  # a tune that one process has begun


def opened(name: str, place: Path) -> Hf:
    return Hf(str(place / name), device="cpu", dtype="float32")


def tuned(name: str, place: Path, out: Path, group: Group | None = None) -> list[float]:
    """The losses of a piece of work."""
    work, losses = WORKS[name], list[float]()
    start = read_progress(place / work.start) if work.start else None
    more = {"group": group} if group else {}
    tune(
        opened(work.model, place),
        out,
        work.recipe,
        rows=ROWS,
        dev=HELD,
        start=start.best if start else None,
        room=work.room,
        evaluate=lambda weights: 0.5,
        on_step=lambda step, steps, loss: losses.append(loss),
        **more,
    )
    return losses


class Killed(Exception):
    pass


def begun(folder: Path) -> None:
    """A tune that one process kept in the middle of its second epoch."""

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 5:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sft, "INTERVAL", 0.0)
        patch.setattr(sft, "SHARE", 1e9)
        with pytest.raises(Killed):
            tune(
                opened("qwen2", folder),
                folder / GOES_ON,
                FULL,
                rows=ROWS,
                dev=HELD,
                evaluate=lambda w: 0.5,
                on_step=stop,
            )


def share(rank: int, size: int, place: Path) -> None:
    """What one of several processes does."""
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size), LOCAL_WORLD_SIZE=str(size))
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    group = joined("cpu", place / "store")
    received, divide.PIECE = divide._received, MOST
    pieces: list[tuple[int, int]] = []

    def noted(piece: torch.Tensor, rank: int) -> torch.Tensor:
        pieces.append((piece.numel() * piece.dtype.itemsize, len(piece)))
        return received(piece, rank)

    divide._received = noted
    run, whole = fake_tensor.run_fallback_kernel, list[str]()

    def fallen(mode: Any, function: Any, *rest: Any) -> Any:
        whole.append(str(function))
        return run(mode, function, *rest)

    fake_tensor.run_fallback_kernel = fallen
    found = {name: tuned(name, place, place / f"shared {name}", group) for name in WORKS}
    steps: list[int] = []
    tune(
        opened("qwen2", place),
        place / GOES_ON,
        FULL,
        rows=ROWS,
        dev=HELD,
        evaluate=lambda weights: 0.5,
        on_step=lambda step, every, loss: steps.append(step),
        group=group,
    )
    found[GOES_ON] = [float(step) for step in steps]
    if rank == 0:
        (place / "losses.json").write_text(json.dumps(found))
        (place / "pieces.json").write_text(json.dumps(pieces))
    (place / f"whole-{rank}.json").write_text(json.dumps(whole))
    parted()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process made, and what two made of the same."""
    place: Path = tmp_path_factory.mktemp("together")
    for kind in {work.model for work in WORKS.values()}:
        build(place / kind, kind, initializer_range=0.1)
    alone = {name: tuned(name, place, place / name) for name in WORKS}
    (place / "alone.json").write_text(json.dumps(alone))
    begun(place)
    assert side_by_side(share, 2, 2, place) == [0, 0]
    return place


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    progress = read_progress(folder)
    assert progress is not None
    assert progress.finished
    assert progress.best is not None
    found: dict[str, torch.Tensor] = load_file(next(Path(progress.best.path).glob("*model.safetensors")))
    return found


def apart(found: Path, right: Path) -> float:
    """How far weights are from others, as a share of their length: one number whose gradient is nothing may be anywhere."""
    one, other = weights_of(found), weights_of(right)
    assert one.keys() == other.keys()
    difference = sum(float((one[name] - other[name]).square().sum()) for name in other)
    return float((difference / sum(float(value.square().sum()) for value in other.values())) ** 0.5)


@pytest.mark.parametrize("name", WORKS)
def test_two_processes_have_the_losses_and_the_weights_of_one(name: str, place: Path) -> None:
    alone, shared = (json.loads((place / f"{of}.json").read_text())[name] for of in ("alone", "losses"))
    assert len(alone) == WORKS[name].recipe.epochs * -(-len(ROWS) // WORKS[name].recipe.batch_size)
    assert shared == pytest.approx(alone, rel=NEAR)
    assert apart(place / f"shared {name}", place / name) < NEAR
    one, two = (read_progress(folder) for folder in (place / name, place / f"shared {name}"))
    assert one is not None
    assert two is not None
    assert one.key == two.key
    losses = [[value for epoch in of.epochs for value in (epoch.train_loss, epoch.dev_loss)] for of in (one, two)]
    assert losses[1] == pytest.approx(losses[0], rel=NEAR)


def test_two_go_on_with_what_one_began(place: Path) -> None:
    assert json.loads((place / "losses.json").read_text())[GOES_ON] == [5.0, 6.0]
    assert apart(place / GOES_ON, place / "full") < NEAR


def test_a_command_that_starts_another_number_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order(tmp_path, ("hf", {"target": "pocket"}, "cuda"), FULL, ROWS, HELD, processes=8)
    monkeypatch.setenv("WORLD_SIZE", "1")
    with pytest.raises(StudyError, match=r"CROSSOVER_LAUNCH starts 1, and .* is 8; valid: as many"):
        worker._share(order, tmp_path)


class Forked:
    """As `subprocess.Popen` of a worker, without its imports."""

    every: ClassVar[list[Forked]] = []

    def __init__(self, place: str, environment: Mapping[str, str]) -> None:
        self._process = started(worked, place, dict(environment))
        self.pid: int = self._process.pid or 0
        self.wait = self._process.join
        self.every.append(self)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def poll(self) -> int | None:
        return self._process.exitcode


def worked(place: str, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    torch.set_num_threads(1)
    sys.argv = [MODULE, place]
    sys.exit(worker.main())


def test_one_goes_on_with_what_two_began_of_whom_one_was_killed(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "_start", lambda argv, environment, log: Forked(argv[-1], environment))
    steps: list[int] = []

    def evaluate(weights: Weights) -> float:
        """While the lead waits for the score of the second epoch, which is therefore not kept."""
        if Path(weights.path).name == "weights-2":
            os.kill(Forked.every[1].pid, signal.SIGKILL)
            Forked.every[1].wait()
        return 0.5

    def stepped(step: int, every: int, loss: float) -> None:
        steps.append(step)

    model, rows, held = opened("qwen2", place), lessons(ROWS), lessons(HELD)
    with pytest.raises(StudyError, match="process 2 of the 2 that share a tune was ended by SIGKILL"):
        SharedTrainer(model, 2).tune(rows, held, FULL, tmp_path, None, Events(evaluate=evaluate, on_step=stepped))
    assert all(process.poll() is not None for process in Forked.every)  # the other one has ended, or was ended
    assert steps == [1, 2, 3, 4, 5, 6]
    events = Events(evaluate=lambda weights: 0.5, on_step=stepped)
    trainer_for(model, "tiny").tune(rows, held, FULL, tmp_path, None, events)
    assert steps == [1, 2, 3, 4, 5, 6, 4, 5, 6]
    assert apart(tmp_path, place / "full") < NEAR
    assert {path.name for path in tmp_path.iterdir()} == {"trace.json", "weights-2"}


def lessons(of: Sequence[tuple[tuple[Message, ...], str]]) -> list[Lesson]:
    return [Lesson(messages, answer) for messages, answer in of]


STAND_IN = """
import json, os, pathlib, sys, time
place = pathlib.Path(sys.argv[-1])
order = json.loads((place / "order.json").read_text())
def fail(**body):
    about = {"kind": "RuntimeError", "ours": False, "lost": False, "said": "", **body}
    (place / "failed-1.json").write_text(json.dumps(about))
    sys.exit(1)
def tell(**what):
    with (place / "told.jsonl").open("a") as file:
        file.write(json.dumps(what) + "\\n")
"""
DONE = """
best = {"kind": "adapter", "sha256": "5a", "path": "weights-1", "ref": ""}
tell(step=[1, 2, 0.5])
tell(weights={**best, "path": str(place.parent / "weights-1")}, answer="score-1.json")
while not (place / "score-1.json").is_file():
    time.sleep(0.01)
epoch = {"epoch": 1, "train_loss": 0.5, "dev_loss": 0.4, "observation": "learning"}
epoch |= {"dev_metric": json.loads((place / "score-1.json").read_text()), "seconds": 1.0}
tell(epoch=epoch)
progress = {"key": "k", "epochs": [epoch], "best_epoch": 1, "best": best, "dropped": {}, "finished": True}
progress |= {"steps": 0, "loss": 0, "seconds": 0, "tokens": order["tokens"]}
(place.parent / "trace.json").write_text(json.dumps(progress))
"""


def stand_in(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be what is started for the processes."""
    script = folder / "stand_in.py"
    script.write_text(STAND_IN + code)
    monkeypatch.setenv(LAUNCH, f"'{sys.executable}' '{script}' {{processes}}")


def ordered(folder: Path, events: Events = Events()) -> Weights:  # noqa: B008  frozen
    trainer = SharedTrainer(Hf("pocket", device="cpu"), 3)
    return trainer.tune(lessons(ROWS), lessons(HELD), LoraRecipe(), folder, None, events).weights


def test_what_the_processes_tell_is_told_on_and_their_weights_are_measured_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, f"assert sys.argv[1:4] == ['3', '-m', '{MODULE}'], sys.argv" + DONE, monkeypatch)
    heard: list[object] = []

    def evaluate(weights: Weights) -> float:
        heard.append(Path(weights.path))
        return 0.75

    events = Events(
        evaluate=evaluate,
        on_epoch=lambda epoch: heard.append(epoch.dev_metric),
        on_step=lambda *step: heard.append(step),
    )
    folder = tmp_path / "tune"
    assert ordered(folder, events) == Weights("adapter", "5a", str(folder / "weights-1"))
    assert heard == [(1, 2, 0.5), folder / "weights-1", 0.75]
    assert [path.name for path in folder.iterdir()] == ["trace.json"]


def test_where_memory_runs_out_they_begin_anew_with_smaller_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cramped = (
        "known = (order['tokens'], order['twice'])\n"
        "if known == (0, False): fail(tokens=64, twice=False, ours=True)\n"
        "if known == (64, False): fail(tokens=64, twice=True, ours=True)\n"
        "assert known == (64, True)"
    )
    stand_in(tmp_path, cramped + DONE, monkeypatch)
    ordered(tmp_path / "tune")
    progress = read_progress(tmp_path / "tune")
    assert progress is not None
    assert progress.tokens == 64


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("fail(kind='TuningError', ours=True, said='no row fits')", TuningError, "^no row fits$"),
        ("fail(kind='StudyError', ours=True, said='the disk is full')", StudyError, "^the disk is full$"),
        ("fail(kind='ModelError', ours=True, said='it does not load')", ModelError, "^it does not load$"),
        (
            "fail(said='of another shape\\nmore')",
            TuningError,
            "ended \\(RuntimeError: of another shape\\); .*together-\\w+.new has what",
        ),
        (
            "fail(lost=True, said='[gloo/transport/pair.cc:537] closed by peer. This is typical')",
            StudyError,
            "lost each other \\(closed by peer; .*: run the same command",
        ),
        (
            "sys.exit(3)",
            StudyError,
            "command in CROSSOVER_LAUNCH ended \\(without a word; all of it is in .*: run the same",
        ),
        (
            "print('bound'); sys.exit('SomeError: port 1 is in use\\n=====')",
            StudyError,
            "LAUNCH ended \\(SomeError: port 1 is in use; all",
        ),
        (
            "os.kill(os.getpid(), 9)",
            StudyError,
            "LAUNCH was ended by SIGKILL, as happens where memory runs out: run the same",
        ),
        ("pass", TuningError, "ended without weights"),
    ],
)
def test_why_they_ended_is_one_sentence(
    code: str, kind: type[CrossoverError], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, code, monkeypatch)
    with pytest.raises(kind, match=said) as found:
        ordered(tmp_path / "tune")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("command", "said"), [("no-such-torchrun -n 2", "no program 'no-such-torchrun'"), ("srun 'x", "No closing quotation")]
)
def test_a_command_that_cannot_be_is_refused_before_anything_is_spent(
    command: str, said: str, pocket: Hf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAUNCH, command)
    with pytest.raises(OptionError, match=f"CROSSOVER_LAUNCH is .*{said}.*; valid: one that starts"):
        check_tuning({"pocket": pocket}, 2)


def test_a_limit_that_is_reached_ends_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "tell(step=[1, 2, 0.5])\ntime.sleep(60)", monkeypatch)

    def full(step: int, steps: int, loss: float) -> None:
        raise Killed

    with pytest.raises(Killed):
        ordered(tmp_path / "tune", Events(on_step=full))
    assert not [child for child in psutil.Process().children() if MODULE in child.cmdline()]


def test_what_cannot_be_divided_is_tuned_by_one_and_that_is_said(pocket: Hf, tmp_path: Path) -> None:
    recipe = SoftPromptRecipe(epochs=1, batch_size=8, tokens=4)
    made = trainer_for(pocket, "pocket", processes=2).tune(lessons(ROWS[:8]), lessons(HELD), recipe, tmp_path)
    assert made.said == (
        "a soft prompt is tuned by one process: its vectors belong to the embedding table, which would be divided",
    )


def test_a_study_says_so_and_that_the_number_changed_is_no_change_of_the_task(tmp_path: Path) -> None:
    examples = toy_examples()
    bench = toy_bench(tmp_path, examples[:8], examples[8:], tuning=TuningSpec(processes=2))
    try:
        made = bench.tune(toy_start(), SoftPromptRecipe(epochs=1, batch_size=8, tokens=4))
        assert made.provenance.note.startswith("a soft prompt is tuned by one process: its vectors")
        assert bench.tune(toy_start(), SoftPromptRecipe(epochs=1, batch_size=8, tokens=4)) == made
        other = bench.task.model_copy(update={"tuning": TuningSpec(processes=3), "seed": 1})
        assert changes(*(task.model_dump(mode="json") for task in (bench.task, other))) == ["seed: 0 → 1"]
    finally:
        bench.journal.close()


def test_a_pace_that_this_process_cannot_measure_is_not_noted(tmp_path: Path) -> None:
    examples = toy_examples()
    bench = toy_bench(tmp_path, examples[:8], examples[8:], tuning=TuningSpec(processes=2))
    try:
        assert Paces(bench, lambda said: None).of({}, {"lora": (LoraRecipe(), toy_start())}) == {"lora": 0.0}
        assert bench.journal.fact(f"pace of {bench.task.model}, tuning by lora") is None  # one process may measure it later
    finally:
        bench.journal.close()


def test_models_that_several_cannot_tune_are_refused_before_anything_is_spent(
    pocket: Hf, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign: Any = Foreign(pocket)
    check_tuning({"fake": object()}, 1)  # type: ignore[dict-item]
    check_tuning({"pocket": pocket, "fake": object()}, 2)  # type: ignore[dict-item]
    with pytest.raises(OptionError, match="processes is 2, and no model of the study is tuned here; valid: without it"):
        check_tuning({"fake": object()}, 2)  # type: ignore[dict-item]
    with pytest.raises(OptionError, match="processes is 2, and the model 'mine' is tuned by one; valid: 1, or a model of"):
        check_tuning({"mine": foreign, "pocket": pocket}, 2)
    monkeypatch.setattr(Hf, "opening", lambda self: ("hf", {}, "cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_tuning({"pocket": pocket}, 2)
    with pytest.raises(OptionError, match="processes is 3, and each wants a card of its own: this machine has 2; valid"):
        check_tuning({"pocket": pocket}, 3)
    monkeypatch.setenv(LAUNCH, f"'{sys.executable}' -m torch.distributed.run --nnodes 2")
    check_tuning({"pocket": pocket}, 3)
    monkeypatch.setattr(Hf, "opening", lambda self: ("hf", {}, "mps"))
    with pytest.raises(OptionError, match="the model 'pocket' is tuned on 'mps'; valid: 1, or"):
        check_tuning({"pocket": pocket}, 3)


def test_memory_that_runs_out_in_one_of_several_says_what_would_fit(
    pocket: Hf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("can't allocate memory")

    monkeypatch.setattr(loss, "packed_loss", full)
    monkeypatch.setattr(sft, "divide", lambda *_: None)
    monkeypatch.setattr(sft, "spread", lambda *_: None)
    options: dict[str, Any] = {"group": Group(0, 2), "rows": ROWS, "evaluate": lambda weights: 0.0}
    with pytest.raises(Cramped) as found:
        tune(pocket, tmp_path, LoraRecipe(**LORA), **options)
    assert (0 < found.value.tokens < 300, found.value.twice) == (True, False)
    with pytest.raises(Cramped) as found:
        tune(pocket, tmp_path, LoraRecipe(**LORA), room=sft.Room(1), **options)
    assert (found.value.tokens, found.value.twice) == (1, True)
    with pytest.raises(TuningError, match="does not hold a row of"):
        tune(pocket, tmp_path, LoraRecipe(**LORA), room=sft.Room(1, True), **options)


@given(st.lists(st.integers(2, 90), min_size=1, max_size=30), st.integers(1, 6), st.integers(1, 100))
def test_each_row_of_a_batch_is_met_once_in_as_many_passes_by_all(lengths: list[int], size: int, most: int) -> None:
    batch = [TokenRow(tuple(range(1000 * i, 1000 * i + length)), 1) for i, length in enumerate(lengths)]

    def parts(rows: Sequence[TokenRow]) -> list[list[TokenRow]]:
        return [list(rows[i : i + most]) for i in range(0, len(rows), most)]

    found = [passes(batch, parts, Group(rank, size)) for rank in range(size)]
    met = [row for own in found for part, weight in own for row in part if weight]
    assert sorted(met, key=lambda row: row.ids) == batch
    assert len({len(own) for own in found}) == 1
    assert all(part for own in found for part, _ in own)
    tokens = [sum(len(row.ids) for row in own) for own in shares(batch, size)]
    assert max(tokens) - min(tokens) <= max(lengths)


KINDS = (torch.float32, torch.bfloat16, torch.float64, torch.float16, torch.int64)
SHAPES = st.lists(st.integers(0, 3), max_size=3)


@settings(max_examples=30)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.tuples(SHAPES, st.sampled_from(KINDS)), max_size=6), st.text())
def test_a_file_written_tensor_by_tensor_is_read_by_the_library(
    tmp_path_factory: pytest.TempPathFactory, given_: dict[str, tuple[list[int], torch.dtype]], about: str
) -> None:
    tensors = {name: torch.randn(shape).to(kind) for name, (shape, kind) in given_.items() if name != "__metadata__"}
    path = tmp_path_factory.mktemp("stream") / "file.safetensors"
    save_one_by_one(tensors, lambda tensor: torch.split(tensor, 2) if tensor.dim() else [tensor], path, {"about": about})
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"about": about}
        assert set(file.keys()) == set(tensors)
        for name, tensor in tensors.items():
            assert torch.equal(file.get_tensor(name), tensor)
    found = mapped(path)
    assert all(torch.equal(found[name], tensor) and found[name].shape == tensor.shape for name, tensor in tensors.items())
    for tensor in found.values():
        tensor.zero_()
    del found
    assert not any(tensor.any() for tensor in load_file(path).values())


def test_what_several_have_is_gathered_and_saved_in_pieces(place: Path) -> None:
    pieces = json.loads((place / "pieces.json").read_text())
    assert all(size <= MOST or rows == 1 for size, rows in pieces)
    assert max(rows for _, rows in pieces) > 1
    assert not list(place.rglob("*.new"))


def test_no_kernel_is_tried_on_tensors_of_the_whole_size(place: Path) -> None:
    """PyTorch does that where a kernel does not say what it gives, as AdamW's fused one of divided tensors."""
    assert [json.loads(path.read_text()) for path in place.glob("whole-*.json")] == [[], []]


@pytest.mark.parametrize("dora", [False, True])
def test_an_adapter_is_merged_where_the_weights_lie(dora: bool, place: Path, tmp_path: Path) -> None:
    model, start = opened("qwen2", place), read_progress(place / "full")
    assert start is not None
    module: Any = modules.prepare(model, LoraRecipe(**ONCE, dora=dora), start.best)
    for name, parameter in modules.trainable(module).items():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    lie = {p.data_ptr() for name, p in module.named_parameters() if not p.requires_grad}
    modules.save(model, module, start.best, tmp_path / "kept")
    assert any("lora_A" in name for name, _ in module.named_parameters())  # training may go on
    modules.save(model, module, start.best, tmp_path / "spent", spent=True)
    assert {p.data_ptr() for _, p in module.base_model.model.named_parameters()} == lie
    kept, spent = (load_file(tmp_path / name / "model.safetensors") for name in ("kept", "spent"))
    assert all(torch.equal(kept[name], spent[name]) for name in kept)
    assert any(not torch.equal(value, weights_of(place / "full")[name]) for name, value in kept.items())


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS), max_size=3).map(tuple)
PAIRS = st.lists(st.tuples(MESSAGES, TEXTS), max_size=3)
ORDERS = st.one_of(
    st.builds(LoraRecipe, learning_rate=st.floats(1e-6, 1), targets=st.sampled_from(["all-linear", ("q_proj", "k_proj")])),
    st.builds(FullRecipe, weight_decay=st.floats(0, 1)),
)


@settings(max_examples=30)
@given(ORDERS, PAIRS, PAIRS, st.none() | st.just(Weights("adapter", "5a", "/somewhere")))
def test_an_order_is_read_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, recipe: Recipe, rows: Any, general: Any, start: Weights | None
) -> None:
    folder = tmp_path_factory.mktemp("order")
    (folder / "together").mkdir()
    order = Order(folder, ("hf", {"target": "pocket"}, "cpu"), recipe, rows, rows[:1], general, start, 7, True, 3)
    write_order(order)
    found = read_order(folder / "together")
    assert found == order
    assert content_hash([found.recipe, found.rows, found.start]) == content_hash([recipe, rows, start])  # the tune's key


def test_a_folder_without_an_order_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="holds no tune for several processes"):
        read_order(tmp_path)


def test_the_blocks_of_architectures_are_found(tmp_path: Path) -> None:
    for kind in ("llama", "gpt2", "bloom", "gemma3_text"):
        module = Hf(str(build(tmp_path / kind, kind)), device="cpu").module()
        assert len(blocks(module)) == 2, kind

"""What work asks of a cluster: small candidates share a card, cores are dealt, who begins with work of another follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.task import StrategySpec
from crossover.strategies.open import open_strategy
from crossover.study.ascent import Climb
from crossover.study.curve import Point
from crossover.study.curve_plan import Size
from crossover.study.joining import room_of
from crossover.study.ladder import Rung
from crossover.study.placing import PROCESS, WAITS, Room, needs, share
from crossover.study.works import Answers, Scene

GIB = 2**30


@dataclass
class Model:
    folder: Path
    local: bool = True


def climb(name: str, **options: Any) -> Climb:
    spec = StrategySpec(name=name, options=options)
    return Climb(Rung(name, spec, open_strategy(name, options)))


def scene(model: Model) -> Scene:
    return cast(
        Scene, SimpleNamespace(bench=SimpleNamespace(model_of=lambda spec: model), begin=SimpleNamespace(model="m"))
    )


@pytest.fixture
def small(tmp_path: Path) -> Model:
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(2 * GIB)
    return Model(tmp_path)


def test_small_candidates_share_a_card_by_what_is_done_with_them(small: Model) -> None:
    room = Room(cpus=16, smallest=8, gpus=2, card=80 * GIB)
    prompt, lora, full = needs([climb("few_shot"), climb("lora"), climb("full")], scene(small), room)
    assert (prompt.gpus, lora.gpus, full.gpus) == pytest.approx((0.05, 0.1, 0.25))
    assert needs([climb("full")], scene(small), Room(gpus=1, card=10 * GIB))[0].gpus == 1.0


def test_without_cards_memory_is_asked_for_and_never_more_than_a_node_has(small: Model) -> None:
    prompt, full = needs([climb("few_shot"), climb("full")], scene(small), Room(memory=16 * GIB))
    assert (prompt.resources()["memory"], full.resources()["memory"]) == (3 * GIB, 16 * GIB)
    served = needs([climb("few_shot")], scene(Model(small.folder, local=False)), Room(memory=GIB))[0]
    assert served.resources()["memory"] == PROCESS


def test_cores_are_dealt_among_what_is_started_together_and_who_waits_for_a_service_takes_few(small: Model) -> None:
    room = Room(cpus=64, smallest=16)
    assert [one.cpus for one in needs([climb("zero_shot"), climb("lora")], scene(small), room)] == [16, 16]
    assert {one.cpus for one in needs([climb("lora")] * 200, scene(small), room)} == {1}
    assert needs([Answers(1, "m", ())], scene(small), room)[0].cpus == 1
    [away] = needs([climb("few_shot")], scene(Model(small.folder, local=False)), room)
    assert (away.cpus, away.threads, away.gpus) == (WAITS, 1, 0.0)


def test_what_begins_with_all_that_another_does_comes_after_it(small: Model) -> None:
    found = needs([climb("lora"), climb("lora+few_shot"), climb("few_shot"), climb("full+few_shot")], scene(small), Room())
    follows = [(i, j) for i, one in enumerate(found) for j, other in enumerate(found) if one.follows(other)]
    assert follows == [(1, 0)]
    points = [Point(climb(name).rung, Size(n, n), 0, ()) for n in (20, 40) for name in ("lora", "lora+few_shot")]
    found = needs(points, scene(small), Room())
    assert [found[i].follows(found[j]) for i, j in ((1, 0), (3, 2), (1, 2), (3, 0))] == [True, True, False, False]
    other = needs([climb("lora", rank=4), climb("lora+few_shot")], scene(small), Room())
    assert not other[1].follows(other[0])


@given(st.floats(0, 1e12), st.integers(0, 10**11))
def test_a_share_is_enough_and_of_one_card(needed: float, card: int) -> None:
    found = share(needed, card)
    assert 0 < found <= 1
    assert found == 1 or found * card >= needed * (1 - 1e-9)


def test_cards_that_others_have_are_not_waited_for_before_anything_is_begun() -> None:
    class Lost(Exception): ...

    def cluster(ready: bool, found: int | Lost) -> Any:
        def get(asked: Any) -> int:
            if isinstance(found, Lost):
                raise found
            return found

        task = SimpleNamespace(options=lambda **given: SimpleNamespace(remote=lambda: "asked"))
        return SimpleNamespace(
            nodes=lambda: [{"Alive": True, "Resources": {"CPU": 4.0, "GPU": 2.0, "memory": 9.0}}],
            remote=lambda function: task,
            wait=lambda asked, timeout: (asked, []) if ready else ([], asked),
            cancel=lambda asked: None,
            get=get,
            exceptions=SimpleNamespace(RayError=Lost),
        )

    assert [room_of(cluster(*one)).card for one in ((True, GIB), (False, GIB), (True, Lost()))] == [GIB, 0, 0]
    assert room_of(cluster(False, 0)).gpus == 2

"""Between a study's process and those who work for it on a Ray cluster: what these ask and tell, in their order."""

from __future__ import annotations

import asyncio

from crossover.engine.store import Operation
from crossover.study.elsewhere import Outcome

Asked = tuple[int | None, str, list[Operation]]


class LetterBox:
    """An actor: who asks waits in it for an answer, which the study's process gives.

    Ray may begin an actor's calls in another order than they were made in, so each has its place among those of its owner.
    """

    def __init__(self) -> None:
        self._asked: list[Asked] = []
        self._early: dict[tuple[str, int], Asked] = {}  # what was told or asked behind something that has not come yet
        self._next: dict[str, int] = {}
        self._arrived = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Outcome]] = {}
        self._number = 0

    async def tell(self, owner: str, place: int, operations: list[Operation]) -> None:
        self._put(owner, place, (None, owner, operations))

    async def ask(self, owner: str, place: int, operations: list[Operation]) -> Outcome:
        self._number += 1
        number = self._number
        self._answers[number] = asyncio.get_running_loop().create_future()
        self._put(owner, place, (number, owner, operations))
        try:
            return await self._answers[number]
        finally:
            del self._answers[number]

    def _put(self, owner: str, place: int, asked: Asked) -> None:
        self._early[owner, place] = asked
        due = self._next.get(owner, 0)
        while (owner, due) in self._early:
            self._asked.append(self._early.pop((owner, due)))
            due += 1
            self._arrived.set()
        self._next[owner] = due

    async def take(self) -> list[Asked]:
        """All that has arrived, as soon as something has."""
        await self._arrived.wait()
        self._arrived.clear()
        asked, self._asked = self._asked, []
        return asked

    async def give(self, answers: list[tuple[int, Outcome]]) -> None:
        for number, outcome in answers:
            if number in self._answers and not self._answers[number].done():
                self._answers[number].set_result(outcome)

"""What a process that is not the study's own asks, counts and writes with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crossover.data.economics import Limits
from crossover.engine.carrier import Away, Carrier, Here
from crossover.engine.depot import Depot
from crossover.engine.link import AwayClaims, AwayJournal, AwayPurse, AwaySpool, Link


@dataclass(frozen=True)
class Desk:
    """`folder`: the study's, where this machine shares it, else one in its place."""

    folder: Path
    journal: AwayJournal
    purse: AwayPurse
    claims: AwayClaims
    spool: AwaySpool
    carrier: Carrier

    @classmethod
    def of(cls, link: Link, limits: Limits, folder: Path, shared: bool = True, depot: Depot | None = None) -> Desk:
        journal, purse = AwayJournal(link, folder), AwayPurse(link, limits)
        carrier = Here() if shared else Away(link, folder, depot)
        return cls(folder, journal, purse, AwayClaims(link), AwaySpool(link, folder), carrier)

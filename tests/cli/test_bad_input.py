"""Whatever a person gets wrong is answered in one sentence, with status 2, and leaves nothing behind."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import pytest

from crossover.engine import postgres, sqlite
from crossover.study import on_ray
from tests.cli.small import LABELS, Terminal, rows, table, task, write_task

RUN = ["run", "task.yaml", "--out", "study", "--quiet"]
JOURNAL = {".lock", "study.db", "study.db-wal", "study.db-shm"}  # a study that was stopped has begun its journal


@dataclass
class Place:
    """Where a case is built: an empty working directory."""

    path: Path
    finished: Path
    monkeypatch: pytest.MonkeyPatch
    held: ExitStack

    def write(self, name: str, content: str | bytes) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, **changes: Any) -> list[str]:
        """The command that runs a task which is right but for the changes."""
        write_task(self.path, **changes)
        return RUN

    def run_text(self, text: str | bytes) -> list[str]:
        """The command that runs a task file of this text, beside good rows."""
        self.run()
        self.write("task.yaml", text)
        return RUN

    def run_rows(self, content: str | bytes, name: str = "rows.csv", **changes: Any) -> list[str]:
        """The command that runs a good task on a data file of this content."""
        self.run(data=name, **changes)
        self.write(name, content)
        return RUN

    def model(self, config: dict[str, Any] | None, **files: bytes) -> list[str]:
        """The command that runs a good task on a model folder of these files."""
        (self.path / "model").mkdir()
        if config is not None:
            self.write("model/config.json", json.dumps(config))
        for name, content in files.items():
            self.write(f"model/{name.replace('__', '.')}", content)
        return self.run(model="./model")

    def done(self) -> Path:
        """A finished study in `study`, with its task and rows."""
        shutil.copytree(self.finished, self.path, dirs_exist_ok=True)
        return self.path / "study"


@dataclass(frozen=True)
class Case:
    build: Callable[[Place], list[str]]
    says: tuple[str, ...]


CASES: dict[str, Case] = {}


def bad(*says: str) -> Callable[[Callable[[Place], list[str]]], Callable[[Place], list[str]]]:
    """Enter a builder in the table, with the fragments that the sentence must have."""

    def enter(build: Callable[[Place], list[str]]) -> Callable[[Place], list[str]]:
        assert build.__name__ not in CASES
        CASES[build.__name__] = Case(build, says)
        return build

    return enter


# the task file


@bad("task.yaml, line 3, column 7: not valid YAML")
def yaml_syntax(at: Place) -> list[str]:
    return at.run_text("name: parcels\ninput: [text\noutput: label\n")


@bad("task.yaml holds a list", "valid is a YAML mapping")
def yaml_list(at: Place) -> list[str]:
    return at.run_text("- name: parcels\n- input: text\n")


@bad("task.yaml is empty")
def task_empty(at: Place) -> list[str]:
    return at.run_text("\n \n")


@bad("task.yaml, line 1", "NUL byte", "valid is UTF-8 text")
def task_binary(at: Place) -> list[str]:
    return at.run_text(b"\x7fELF\x02\x00\x00\x01")


@bad("there is no file tusk.yaml", "did you mean 'task.yaml'?")
def task_absent(at: Place) -> list[str]:
    at.run()
    return ["run", "tusk.yaml"]


@bad("tasks is a folder", "valid is a file")
def task_is_a_folder(at: Place) -> list[str]:
    (at.path / "tasks").mkdir()
    return ["run", "tasks"]


@bad("cannot be read", "File name too long")
def task_name_too_long(at: Place) -> list[str]:
    return ["run", "t" * 300 + ".yaml"]


@bad("task.yaml, line 8, key 'metrik': unknown key", "did you mean 'metric'?", "target")
def unknown_key(at: Place) -> list[str]:
    return at.run_text(task(strategies=None) + "seed: 1\nmetrik: accuracy\n")


@bad("key 'limits.minuts': unknown key", "did you mean 'minutes'?", "data_stays_here")
def unknown_limit(at: Place) -> list[str]:
    return at.run(limits={"minuts": 3})


@bad("task.yaml, line", "key 'target': received 'high'", "valid is a number from 0 to 1")
def target_is_a_word(at: Place) -> list[str]:
    return at.run(target="high")


@bad("key 'target': received 80", "valid is a number from 0 to 1")
def target_out_of_range(at: Place) -> list[str]:
    return at.run(target=80)


@bad("task.yaml, line 8, key 'input'", "it stands on line 4 already")
def key_twice(at: Place) -> list[str]:
    return at.run_text(task(strategies=None, seed=1) + "input: body\n")


@bad("task.yaml: the key 'output' is missing", "valid is a column")
def key_missing(at: Place) -> list[str]:
    return at.run(output=None)


@bad("key 'limits.minutes': received -5", "valid is a number from 0 up")
def minutes_negative(at: Place) -> list[str]:
    return at.run(limits={"minutes": -5})


@bad("key 'kind': received 'clasify'", "valid is classify, extract or generate")
def kind_unknown(at: Place) -> list[str]:
    return at.run(kind="clasify")


@bad("key 'name': received '../elsewhere'", "it names a folder")
def name_is_a_path(at: Place) -> list[str]:
    return at.run(name="../elsewhere")


# the data


@bad("there is no file row.csv", "did you mean 'rows.csv'?")
def data_absent(at: Place) -> list[str]:
    return at.run(data="row.csv")


@bad(".csv cannot be read", "File name too long")
def data_name_too_long(at: Place) -> list[str]:
    return at.run(data="r" * 300 + ".csv")


@bad("there is no file", "with a metric 'right'")
def metric_name_too_long(at: Place) -> list[str]:
    return at.run(metric="m" * 300 + ".py:right")


@bad("there is no file", "valid is another task file")
def task_to_forget_name_too_long(at: Place) -> list[str]:
    return at.run(forgetting=["f" * 300 + ".yaml"])


@bad("rows.xlsx: the name has '.xlsx'", "valid: .csv, .tsv, .jsonl")
def data_of_unknown_format(at: Place) -> list[str]:
    return at.run_rows("text,label\na,b\n", "rows.xlsx")


@bad("rows.csv is empty")
def data_empty(at: Place) -> list[str]:
    return at.run_rows("")


@bad("rows.csv has a header and no rows")
def data_header_only(at: Place) -> list[str]:
    return at.run_rows("text,label\n")


@bad("rows.csv, line 3: a NUL byte", "valid is UTF-8 text")
def data_binary(at: Place) -> list[str]:
    return at.run_rows(b"text,label\nfine,order\nnot \x00\x01\x02,order\n")


@bad("rows.csv, line 3: byte 0xe9 is not UTF-8", "save the file as UTF-8")
def data_latin_1(at: Place) -> list[str]:
    return at.run_rows("text,label\ntea,order\ncafé,order\n".encode("latin-1"))


@bad("rows.csv has no column 'txt'", "did you mean 'text'?", "valid: label, text")
def input_column_missing(at: Place) -> list[str]:
    return at.run(input="txt")


@bad("rows.csv has no column 'answer'", "valid: label, text")
def output_column_missing(at: Place) -> list[str]:
    return at.run(output="answer")


@bad("rows.csv has no column 'tittle'", "did you mean 'title'?")
def template_column_missing(at: Place) -> list[str]:
    pairs = [(f"{text},about {label}", label) for text, label in rows()]
    return at.run_rows(table(pairs, "text,title,label"), input="{tittle}\n{text}")


@bad("key 'input'", "'{' is not a placeholder", "write {column}")
def template_broken(at: Place) -> list[str]:
    return at.run(input="{text")


@bad("rows.csv, line 4: 3 fields, the header has 2", "double quotes")
def row_ragged(at: Place) -> list[str]:
    return at.run_rows(table(rows()[:2]) + "pear, please,order\n" + table(rows()[2:]))


@bad("rows.jsonl, line 2: not valid JSON", "at column")
def jsonl_broken(at: Place) -> list[str]:
    return at.run_rows('{"text": "a", "label": "order"}\n{"text": "b", "label": \n', "rows.jsonl")


@bad("rows.jsonl, line 2: received a list", "valid is an object")
def jsonl_no_object(at: Place) -> list[str]:
    return at.run_rows('{"text": "a", "label": "order"}\n["b", "order"]\n', "rows.jsonl")


@bad("rows.parquet is not a readable Parquet file")
def parquet_that_is_none(at: Place) -> list[str]:
    return at.run_rows("text,label\na,b\n", "rows.parquet")


@bad("every row has the output 'order'", "valid are two labels or more")
def one_label(at: Place) -> list[str]:
    return at.run_rows(table([(text, "order") for text, _ in rows()]), kind="classify")


@bad("the output 'billing' is not among the task's labels", "valid: delivery, order, returns", "rows.csv, line 4")
def label_unlisted(at: Place) -> list[str]:
    return at.run(labels=LABELS[:3])


@bad("rows.csv: 5 usable rows", "at least 6 labelled rows are needed")
def too_few_rows(at: Place) -> list[str]:
    return at.run_rows(table(rows()[:5]))


@bad("rows.csv: every row has a blank 'text' or a blank 'label'")
def every_row_blank(at: Place) -> list[str]:
    return at.run_rows(table([(text, " ") for text, _ in rows()]))


@bad("a label\\nin two lines", "is not among the task's labels")
def label_of_two_lines(at: Place) -> list[str]:
    return at.run_rows(table([*rows(), ("tea", '"a label\nin two lines"')]), labels=LABELS)


# strategies and metrics


@bad("key 'strategies', item 2: there is no strategy 'few_shoot'", "did you mean 'few_shot'?")
def strategy_unknown(at: Place) -> list[str]:
    return at.run(strategies=["zero_shot", "few_shoot"])


@bad("key 'strategies', item 1: there is no strategy 'lorra'", "did you mean 'lora'?")
def strategy_unknown_in_a_sequence(at: Place) -> list[str]:
    return at.run(strategies=["instruction+lorra"])


@bad("task.yaml, line 8", "item 1", "the sequence 'lora+soft_prompt'", "valid is one of the two")
def sequence_that_cannot_be(at: Place) -> list[str]:
    return at.run(strategies=["lora+soft_prompt"], model="no/such")  # told before any model is looked for


@bad("task.yaml, line 9", "item 2", "strategy 'distill' has no teacher", "as in few_shot+distill")
def distill_without_teacher(at: Place) -> list[str]:
    return at.run(strategies=["zero_shot", "distill"], model="no/such")


@bad("task.yaml, line 8", "item 1", "the task file has no key 'chain'")
def chain_behind_a_tune_without_steps(at: Place) -> list[str]:
    return at.run(strategies=["lora+chain"], model="no/such")


@bad("task.yaml, line 8", "item 1", "there is no file gone.json")
def given_behind_a_tune_without_file(at: Place) -> list[str]:
    return at.run(strategies=[{"lora+given": {"given": {"prompt": "gone.json"}}}], model="no/such")


@bad("task.yaml, line", "key 'limits.latency_p95_ms': received 'fast'; valid is a number")
def key_that_looks_like_a_password(at: Place) -> list[str]:
    return at.run(limits={"latency_p95_ms": "fast"})


@bad("key 'limits.latency_p95_mss': unknown key; did you mean 'latency_p95_ms'")
def key_that_looks_like_a_password_with_a_typo(at: Place) -> list[str]:
    return [*at.run(), "--set", "limits.latency_p95_mss=3"]


@bad("there is no model 'pockte'", "did you mean 'pocket'")
def reflecting_model(at: Place) -> list[str]:
    return at.run(strategies=["zero_shot", {"instruction+reflect": {"reflect": {"model": "pockte"}}}])


@bad("strategy 'autoprompt' needs the gradients and the words of a model, and 'fake' gives none")
def autoprompt_without_gradients(at: Place) -> list[str]:
    return at.run(strategies=["instruction+autoprompt"])


@bad("strategy 'few_shot' has no option 'shot'", "did you mean 'shots'?")
def option_unknown(at: Place) -> list[str]:
    return at.run(strategies=[{"few_shot": {"shot": [2]}}])


@bad("strategy 'few_shot', option 'shots': received 'many'", "valid is")
def option_of_wrong_type(at: Place) -> list[str]:
    return at.run(strategies=[{"few_shot": {"shots": "many"}}])


@bad("strategy 'few_shot', option 'shots': received [0]", "valid is 1 or more")
def option_out_of_range(at: Place) -> list[str]:
    return at.run(strategies=[{"few_shot": {"shots": [0]}}])


@bad("strategies", "few_shot", "valid is a mapping of options")
def options_are_no_mapping(at: Place) -> list[str]:
    return at.run(strategies=[{"few_shot": [4, 10]}])


@bad("the sequence 'instruction+few_shot' has no step 'lora'", "valid: instruction, few_shot")
def option_of_no_step(at: Place) -> list[str]:
    return at.run(strategies=[{"instruction+few_shot": {"lora": {"rank": 4}}}])


@bad("key 'metric': there is no metric 'acuracy'", "did you mean 'accuracy'?")
def metric_unknown(at: Place) -> list[str]:
    return at.run(metric="acuracy")


@bad("task.yaml: metric 'field_f1' does not suit kind 'classify'", "valid: accuracy")
def metric_unsuited(at: Place) -> list[str]:
    return at.run(kind="classify", metric="field_f1")


# models


@bad("there is no file", "~nosuchuser/m.py with a metric 'right'")
def metric_in_the_home_of_nobody(at: Place) -> list[str]:
    return at.run(metric="~nosuchuser/m.py:right")


@bad("~nosuchuser/m")
def model_in_the_home_of_nobody(at: Place) -> list[str]:
    return at.run(model="hf:~nosuchuser/m")


@bad("there is no model 'pockt'; did you mean 'pocket'? valid: pocket, smollm2")
def model_misspelt(at: Place) -> list[str]:
    return at.run(model="pockt")


@bad("there is no model 'opnai:some-name'; did you mean 'openai:some-name'? valid:")
def service_misspelt(at: Place) -> list[str]:
    return at.run(model="opnai:some-name")


@bad("'opnai:gpt-5-mini' here: it is the name of one that runs at a provider; valid is openai:gpt-5-mini, or SERVICE:")
def service_misspelt_of_a_known_name(at: Place) -> list[str]:
    return at.run(model="opnai:gpt-5-mini")


@bad("valid is openai:gpt-5, or SERVICE:gpt-5, with SERVICE one that speaks OpenAI's interface")
def model_of_a_provider(at: Place) -> list[str]:
    return at.run(model="gpt-5")


@bad("there is no model 'llama3:8b'; did you mean 'ollama:llama3:8b'? valid:")
def model_of_ollama(at: Place) -> list[str]:
    return at.run(model="llama3:8b")


@bad(
    "there is no model 'openai/gpt-4o:beta' here: it is the name of one",
    "valid is openai:gpt-4o:beta, or SERVICE:gpt-4o:beta",
)
def model_of_a_provider_with_a_tag(at: Place) -> list[str]:
    return at.run(model="openai/gpt-4o:beta")


@bad("there is no model 'gpt:4'", "valid: pocket, smollm2, an existing folder or .gguf file, a hub id")
def model_unknown(at: Place) -> list[str]:
    return at.run(model="gpt:4")


@bad("the fake model has no script 'sing'", "valid: echo")
def model_script_unknown(at: Place) -> list[str]:
    return at.run(model="fake:sing")


@bad("model has no config.json", "saved by transformers")
def model_without_config(at: Place) -> list[str]:
    return at.model(None, model__safetensors=b"")


@bad("model.gguf is damaged, or was cut off, in its metadata")
def model_of_a_broken_gguf(at: Place) -> list[str]:
    at.write("model.gguf", b"GGUF\x03\0\0\0")
    return at.run(model="model.gguf")


@bad("weights as .bin (pickle) only", "convert them to safetensors")
def model_of_pickles(at: Place) -> list[str]:
    return at.model({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, pytorch_model__bin=b"pickled")


@bad("model.safetensors is not a valid safetensors file")
def model_of_corrupt_weights(at: Place) -> list[str]:
    return at.model({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, model__safetensors=b"\x80" * 64)


@bad("is not a causal language model", "BertForMaskedLM")
def model_not_causal(at: Place) -> list[str]:
    return at.model({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, model__safetensors=b"")


@bad("strategy 'lora' tunes weights", "the model 'fake' cannot be tuned", "valid: ")
def model_that_cannot_be_tuned(at: Place) -> list[str]:
    return at.run(strategies=["zero_shot", "lora"])


@bad("key 'output': received 'label', and the input shows 'label'", "valid is a column that the input does not show")
def gold_in_the_template(at: Place) -> list[str]:
    return at.run(input="{text}: {label}")


@bad("key 'output': received 'label', and the input shows 'label'")
def gold_as_the_input(at: Place) -> list[str]:
    return at.run(input="label")


@bad("rows.csv, line 3: the double quote that opens there is closed on line 5")
def stray_quotes_that_swallow_rows(at: Place) -> list[str]:
    return at.run_rows('text,label\na,x\n"b,y\nc,x\nd",y\n', kind="classify")


@bad("10 of 10 inputs exceed the context window of 4096 tokens", "rows.csv, line")
def every_input_too_long(at: Place) -> list[str]:
    pairs = [(f"{n} " + "word " * 5000, LABELS[n % 2]) for n in range(10)]
    return at.run_rows(table(pairs), kind="classify")


# the study's folder


@bad("rows.csv/study cannot be written", "Not a directory", "--out")
def out_below_a_file(at: Place) -> list[str]:
    return [*at.run()[:2], "--quiet", "--out", "rows.csv/study"]


@bad("rows.csv cannot be written", "File exists", "--out")
def out_is_a_file(at: Place) -> list[str]:
    return [*at.run()[:2], "--quiet", "--out", "rows.csv"]


@bad("study is in use by another crossover process", "--out")
def out_in_use(at: Place) -> list[str]:
    (at.path / "study").mkdir()
    at.held.enter_context(filelock.FileLock(at.path / "study" / ".lock"))
    return at.run()


@bad("study holds a study of other data or splits", "--out")
def out_of_other_data(at: Place) -> list[str]:
    at.done()
    at.write("rows.csv", table(rows()[:30]))
    return RUN


@bad("study.db is not a Crossover journal", "move it away or name another folder")
def journal_that_is_no_database(at: Place) -> list[str]:
    at.write("study/study.db", "a diary, not a database\n" * 100)
    return at.run()


@bad("study.db", "not a Crossover journal")
def journal_of_another_program(at: Place) -> list[str]:
    (at.path / "study").mkdir()
    with sqlite3.connect(at.path / "study" / "study.db") as connection:
        connection.execute("CREATE TABLE facts (author TEXT)")
    connection.close()
    return at.run()


@bad("study.db cannot be written: the disk is full", "it continues")
def disk_full(at: Place) -> list[str]:
    """SQLite itself is held to so few pages that it answers SQLITE_FULL in the middle of the climb."""
    usual = sqlite._tune_connection

    def tight(connection: Any, record: Any) -> None:
        usual(connection, record)
        connection.execute("PRAGMA max_page_count=24")

    at.monkeypatch.setattr(sqlite, "_tune_connection", tight)
    return at.run()


@bad("File name too long")
def name_that_is_too_long_to_serve(at: Place) -> list[str]:
    return ["serve", "ä" * 200]


@bad("File name too long")
def name_that_is_too_long_to_advise_on(at: Place) -> list[str]:
    return ["advise", f"{'x' * 300}.yaml"]


# reading a study


def _no_study(*command: str) -> Callable[[Place], list[str]]:
    def build(at: Place) -> list[str]:
        (at.path / "study").mkdir()
        return [*command]

    return build


def _unfinished(*command: str) -> Callable[[Place], list[str]]:
    def build(at: Place) -> list[str]:
        (at.done() / "decision.json").unlink()
        return [*command]

    return build


def _damaged(text: str, *command: str) -> Callable[[Place], list[str]]:
    def build(at: Place) -> list[str]:
        (at.done() / "decision.json").write_text(text)
        return [*command]

    return build


@bad("line 3 of standard input is not UTF-8; valid is UTF-8 text")
def predict_of_input_that_is_not_utf_8(at: Place) -> list[str]:
    at.done()
    held = io.BytesIO(b"good\n\nbad \xff\xfe\n")
    at.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(held, "utf-8", "surrogateescape"))  # as in the C locale
    return ["predict", "study"]


@bad("the text is not UTF-8; valid is UTF-8 text")
def predict_of_a_text_that_is_not_utf_8(at: Place) -> list[str]:
    at.done()
    return ["predict", "study", b"bad \xff".decode(errors="surrogateescape")]


@bad("rows is neither a finished study (decision.json) nor an export (candidate.json) nor a model (config.json)")
def serve_of_some_folder(at: Place) -> list[str]:
    (at.path / "rows").mkdir()
    return ["serve", "rows"]


@bad("there is no model 'nothing'", "valid:")
def serve_of_nothing(at: Place) -> list[str]:
    return ["serve", "nothing"]


@bad("study holds a study without a verdict")
def serve_of_an_unfinished_study(at: Place) -> list[str]:
    return _unfinished("serve", "study")(at)


@bad("has no candidate 'nobody'", "valid:")
def serve_of_an_unknown_candidate(at: Place) -> list[str]:
    at.done()
    return ["serve", "study:nobody"]


@bad("'constant:a' is a control")
def serve_of_a_control(at: Place) -> list[str]:
    return ["serve", "constant:a"]


@bad("'pocket' is served already")
def serve_of_one_twice(at: Place) -> list[str]:
    return ["serve", "pocket", "pocket"]


@bad("--host 0.0.0.0 lets others ask: valid with a key, as --key-env VARIABLE")
def serve_for_others_without_a_key(at: Place) -> list[str]:
    return ["serve", "pocket", "--host", "0.0.0.0"]


@bad("--key-env NO_SUCH_KEY: there is no such environment variable, or it is empty")
def serve_with_a_key_that_is_not_there(at: Place) -> list[str]:
    return ["serve", "pocket", "--key-env", "NO_SUCH_KEY"]


@bad("--key-env A_KEY: the key has a character that no header bears; valid: ASCII, no spaces")
def serve_with_a_key_that_nobody_can_send(at: Place) -> list[str]:
    at.monkeypatch.setenv("A_KEY", "schl\u00fcssel")
    return ["serve", "pocket", "--key-env", "A_KEY"]


@bad("nowhere:0 cannot be listened on")
def serve_at_no_address(at: Place) -> list[str]:
    at.monkeypatch.setenv("A_KEY", "x")
    return ["serve", "pocket", "--host", "nowhere", "--port", "0", "--key-env", "A_KEY"]


@bad("rows.csv is a file; valid is a folder of studies, such as runs")
def studio_of_a_file(at: Place) -> list[str]:
    at.write("rows.csv", "a")
    return ["studio", "rows.csv"]


@bad("--host 0.0.0.0 lets others ask: valid with a key, as --key-env VARIABLE")
def studio_for_others_without_a_key(at: Place) -> list[str]:
    return ["studio", "--host", "0.0.0.0"]


@bad("nowhere:0 cannot be listened on")
def studio_at_no_address(at: Place) -> list[str]:
    at.monkeypatch.setenv("A_KEY", "x")
    return ["studio", "--host", "nowhere", "--port", "0", "--key-env", "A_KEY"]


READERS = {
    "show": ("show", "study"),
    "show_json": ("show", "study", "--json"),
    "report": ("report", "study"),
    "predict": ("predict", "study", "a text"),
    "export": ("export", "study", "out"),
    "export_for_llamacpp": ("export", "study", "out", "--for", "llamacpp"),
    "export_for_ollama": ("export", "study", "out", "--for", "ollama"),
    "export_for_vllm": ("export", "study", "out", "--for", "vllm"),
    "export_training_data": ("export", "study", "out", "--training-data", "openai"),
}
for reader, command in READERS.items():
    CASES[f"{reader}_of_no_study"] = Case(_no_study(*command), ("study holds no study", "name the folder of a run"))
    CASES[f"{reader}_of_an_unfinished_study"] = Case(
        _unfinished(*command), ("study holds a study without a verdict", "run it again and it continues")
    )
    for kind, text in {"half": '{"version": 1, "candi', "empty": "", "hollow": "{}", "list": "[]"}.items():
        CASES[f"{reader}_of_a_{kind}_decision"] = Case(
            _damaged(text, *command), ("decision.json is damaged", "run the study again")
        )


@bad("holds no study", "name the folder of a run")
def show_of_a_name_too_long(at: Place) -> list[str]:
    return ["show", "s" * 300]


@bad("study has a decision.json and no study.db", "copy the run's whole folder")
def show_without_its_journal(at: Place) -> list[str]:
    (at.done() / "study.db").unlink()
    return ["show", "study"]


@bad("decision.json is of version 2; valid is 1")
def show_of_a_later_version(at: Place) -> list[str]:
    path = at.done() / "decision.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    return ["show", "study"]


@bad("decision.json is damaged ('candidates' is a NoneType)", "run the study again")
def show_of_a_decision_with_another_type(at: Place) -> list[str]:
    path = at.done() / "decision.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"candidates": None}))
    return ["show", "study"]


@bad("decision.json is damaged (its verdict lacks 'kind')", "run the study again")
def show_of_a_decision_without_a_choice(at: Place) -> list[str]:
    path = at.done() / "decision.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"verdict": {}}))
    return ["show", "study"]


def _nameless(*command: str) -> Callable[[Place], list[str]]:
    def build(at: Place) -> list[str]:
        path = at.done() / "decision.json"
        decision = json.loads(path.read_text())
        del decision["candidates"][1]["name"]
        path.write_text(json.dumps(decision))
        return list(command)

    return build


for reader, command in (READERS | {"redecide": ("redecide", "study", "--set", "margin=0.1")}).items():
    CASES[f"{reader}_of_a_decision_without_a_name"] = Case(
        _nameless(*command), ("decision.json is damaged (candidate 2 lacks 'name')", "run the study again")
    )


@bad("history/redecided-1.json is damaged", "delete it, and decide again")
def redecide_beside_one_that_is_damaged(at: Place) -> list[str]:
    at.done()
    at.write("study/history/redecided-1.json", "{}")
    return ["redecide", "study", "--set", "margin=0.1"]


@bad("candidate.json is damaged", "run the study again")
def predict_with_a_damaged_candidate(at: Place) -> list[str]:
    for path in (at.done() / "candidates").glob("*/candidate.json"):
        path.write_text('{"model": "fake"}')
    return ["predict", "study", "a text"]


@bad("study has no candidate 'instuction'", "did you mean 'instruction'?", "majority")
def predict_with_an_unknown_candidate(at: Place) -> list[str]:
    at.done()
    return ["predict", "study", "a text", "--candidate", "instuction"]


@bad("received both a text and --file", "valid is one of them")
def predict_with_text_and_file(at: Place) -> list[str]:
    at.done()
    return ["predict", "study", "a text", "--file", "rows.csv"]


@bad("new.csv has no column 'text'", "valid: body")
def predict_without_the_input_column(at: Place) -> list[str]:
    at.done()
    at.write("new.csv", "body\nwhere is it\n")
    return ["predict", "study", "--file", "new.csv", "-c", "instruction"]


@bad("there is no file new.csv", "valid: rows.csv\n")
def predict_with_an_absent_file(at: Place) -> list[str]:
    at.done()
    return ["predict", "study", "--file", "new.csv", "-c", "instruction"]


@bad("out exists and is not an empty folder", "name a new one")
def export_into_a_full_folder(at: Place) -> list[str]:
    at.done()
    at.write("out/notes.txt", "mine")
    return ["export", "study", "out"]


@bad("rows.csv/out cannot be written", "Not a directory")
def export_below_a_file(at: Place) -> list[str]:
    at.done()
    return ["export", "study", "rows.csv/out"]


def _export(*options: str) -> Callable[[Place], list[str]]:
    def build(at: Place) -> list[str]:
        at.done()
        return ["export", "study", "out", *options]

    return build


for case, (options, says) in {
    "for_an_unknown_tool": (
        ("--for", "olama"),
        ("there is no export for 'olama'", "did you mean 'ollama'?", "valid: langchain, llamacpp, ollama, vllm"),
    ),
    "for_ollama_of_a_control": (("--for", "ollama", "-c", "majority"), ("'majority' is a control",)),
    "for_vllm_of_a_model_without_weights": (("--for", "vllm", "-c", "instruction"), ("'fake' is no folder of weights",)),
    "with_llamacpp_for_another": (
        ("--for", "vllm", "--llamacpp", "there"),
        ("the option llamacpp is for llamacpp or ollama; this export is for vllm",),
    ),
    "with_an_outtype_for_another": (
        ("--outtype", "f16"),
        ("the option outtype is for llamacpp; this export is for transformers",),
    ),
    "in_an_unknown_outtype": (
        ("--for", "llamacpp", "--outtype", "q3"),
        ("no precision 'q3' for GGUF", "valid: f32, f16, bf16, q8_0"),
    ),
    "for_llamacpp_of_a_control": (("--for", "llamacpp", "-c", "majority"), ("'majority' is a control",)),
    "of_an_unknown_format": (("--training-data", "opnai"), ("no training data format 'opnai'", "did you mean 'openai'?")),
    "of_a_controls_data": (("--training-data", "trl", "-c", "majority"), ("'majority' gives no training data",)),
    "of_an_unknown_candidates_data": (("--training-data", "trl", "-c", "instuction"), ("no candidate 'instuction'",)),
    "of_no_epochs": (("--training-data", "trl", "--epochs", "0"), ("--epochs: received 0", "valid is 1 or more")),
    "of_a_negative_price": (("--training-data", "trl", "--price", "-2"), ("--price: received -2",)),
    "to_two_places": (("--training-data", "trl", "--for", "vllm"), ("--training-data and --for", "valid is one of them")),
    "of_merged_data": (("--training-data", "trl", "--merge"), ("--training-data and --merge", "valid is one of them")),
    "with_a_price_of_nothing": (("--price", "2"), ("--price is for --training-data",)),
    "with_epochs_of_nothing": (("--epochs", "2"), ("--epochs is for --training-data",)),
}.items():
    CASES[f"export_{case}"] = Case(_export(*options), says)


@bad("the report cannot be written to rows.csv/report.html", "exists")
def report_below_a_file(at: Place) -> list[str]:
    at.done()
    return ["report", "study", "--out", "rows.csv/report.html"]


# init and list


@bad("there is no file row.csv", "did you mean 'rows.csv'?")
def init_of_an_absent_file(at: Place) -> list[str]:
    at.write("rows.csv", table(rows()))
    return ["init", "row.csv"]


@bad("task.yaml exists already", "--out", "--force")
def init_over_a_task(at: Place) -> list[str]:
    at.run()
    return ["init", "rows.csv"]


@bad("rows.csv: columns with content, besides 'id': text", "valid are two, an input and an output")
def init_of_one_column(at: Place) -> list[str]:
    at.write("rows.csv", "id,text\n1,tea\n2,milk\n")
    return ["init", "rows.csv"]


@bad("the file has no column 'lable'", "did you mean 'label'?")
def init_with_an_absent_output(at: Place) -> list[str]:
    at.write("rows.csv", table(rows()))
    return ["init", "rows.csv", "--output", "lable"]


@bad("input: received '{text'", "is not a placeholder")
def init_with_a_broken_template(at: Place) -> list[str]:
    at.write("rows.csv", table(rows()))
    return ["init", "rows.csv", "--input", "{text"]


@bad("rows.csv/task.yaml cannot be written")
def init_below_a_file(at: Place) -> list[str]:
    at.write("rows.csv", table(rows()))
    return ["init", "rows.csv", "--out", "rows.csv/task.yaml"]


@bad("there is nothing called 'strategy' to list", "did you mean 'strategies'?", "metrics")
def list_of_an_unknown_room(at: Place) -> list[str]:
    return ["list", "strategy"]


@bad("there is no metric 'acuracy'", "did you mean 'accuracy'?")
def list_of_an_unknown_name(at: Place) -> list[str]:
    return ["list", "metrics", "acuracy"]


@bad("--sizes 10;20", "valid are whole numbers of labels with commas between")
def curve_of_no_numbers(at: Place) -> list[str]:
    return ["curve", str(at.done()), "--sizes", "10;20"]


@bad("curve, sizes: 900 labels are more than can be drawn", "valid are up to")
def curve_beyond_the_rows(at: Place) -> list[str]:
    return ["curve", str(at.done()), "--sizes", "10,900"]


@bad("key 'curve.seeds': received 0", "valid is a whole number from 1 to 20")
def curve_without_a_seed(at: Place) -> list[str]:
    return ["curve", str(at.done()), "--seeds", "0"]


@bad("holds no study")
def curve_of_nothing(at: Place) -> list[str]:
    return ["curve", "runs/nowhere"]


@bad("task.yaml, line 11, key 'curve': received 3", "valid is true, false, or {sizes: [..], seeds: 3}")
def curve_that_is_a_number(at: Place) -> list[str]:
    return at.run_text(task() + "curve: 3\n")


@bad("key 'curve.sises': unknown key", "did you mean 'sizes'?")
def curve_with_an_unknown_key(at: Place) -> list[str]:
    return at.run(curve={"sises": [10]})


@bad("key 'curve.sizes'", "received [20, 20]", "a list of different whole numbers from 4 up")
def curve_with_a_size_twice(at: Place) -> list[str]:
    return at.run(curve={"sizes": [20, 20]})


@bad("key 'curve.sizes'", "item 2", "received 'many'")
def curve_with_a_size_in_words(at: Place) -> list[str]:
    return at.run(curve={"sizes": [20, "many"]})


# a journal elsewhere


@bad("the address of a journal holds a password", "set PGPASSWORD")
def journal_with_a_password(at: Place) -> list[str]:
    return [*at.run(), "--journal", "postgresql://me:hush@host/team"]


@bad("a journal's address is 'team'; valid is postgresql://")
def plan_with_a_journal_nowhere(at: Place) -> list[str]:
    return [*at.run(), "--plan", "--journal", "team"]


def _away(at: Place) -> str:
    pytest.importorskip("psycopg")
    at.monkeypatch.setattr(postgres, "BRIEF", 0.0)
    return "postgresql://127.0.0.1:9/team"


@bad("postgresql://127.0.0.1:9/team?study=study_", "cannot be reached or used", "refused")
def journal_that_is_away(at: Place) -> list[str]:
    return [*at.run(), "--journal", _away(at)]


@bad("postgresql://127.0.0.1:9/team?study=one cannot be reached or used", "refused")
def show_of_a_study_whose_journal_is_away(at: Place) -> list[str]:
    at.done()
    at.write("study/study.url", f"{_away(at)}?study=one\n")
    return ["show", "study"]


# workers elsewhere


@bad("--on: received 'dask'; valid is ray, for workers on this machine, or ray:HOST:PORT")
def run_on_what_is_no_engine(at: Place) -> list[str]:
    return [*at.run(), "--on", "dask"]


@bad("--on: received 'ray:host'; valid is ray, for workers on this machine, or ray:HOST:PORT")
def plan_on_an_address_without_a_port(at: Place) -> list[str]:
    return [*at.run(), "--plan", "--on", "ray:host"]


@bad("--on: received 'ray:host:²'; valid is ray, for workers on this machine, or ray:HOST:PORT")
def plan_on_a_port_that_is_no_number(at: Place) -> list[str]:
    return [*at.run(), "--plan", "--on", "ray:host:²"]


@bad("--on ray needs an optional part that is not installed: pip install 'crossover[ray]'")
def run_on_ray_without_it(at: Place) -> list[str]:
    at.monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    return [*at.run(), "--on", "ray"]


@bad("--on ray:127.0.0.1:9: no Ray cluster answers there", "refused")
def run_on_a_cluster_that_is_away(at: Place) -> list[str]:
    pytest.importorskip("ray")
    return [*at.run(), "--on", "ray:127.0.0.1:9"]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def spent(journal: Path) -> bool:
    with closing(sqlite3.connect(journal)) as connection:
        return bool(connection.execute("SELECT 1 FROM calls").fetchone())


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    name: str, crossover: Terminal, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as held:
        argv = CASES[name].build(Place(tmp_path, finished, monkeypatch, held))
        before = contents(tmp_path)
        said = crossover(*argv)
        after = contents(tmp_path)
    assert (said.status, said.out) == (2, ""), said
    assert said.err.startswith("crossover: ")
    assert said.err.endswith("\n")
    assert len(said.err.splitlines()) == 1, said.err
    for fragment in CASES[name].says:
        assert fragment in said.err
    begun = {path for path in after if Path(path).name in JOURNAL}
    if begun and not any(path.startswith("study/") for path in before):
        assert spent(tmp_path / "study" / "study.db"), "a folder of which nothing came is left"
    assert after.keys() - begun == before.keys() - begun
    assert all(after[path] == before[path] for path in after.keys() - begun)


def test_there_are_many_kinds_of_bad_input() -> None:
    assert len(CASES) >= 40


USAGE = {
    "unknown command": (["rnu"], "rnu"),
    "unknown option": (["run", "task.yaml", "--qiet"], "--qiet"),
    "missing argument": (["run"], "'task'"),
    "too many arguments": (["show", "a", "b"], "b"),
    "option without its value": (["report", "a", "--out"], "--out"),
    "unknown option before a command": (["--verison"], "--verison"),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_wrong_use_is_explained_without_a_traceback(name: str, crossover: Terminal) -> None:
    arguments, fragment = USAGE[name]
    said = crossover(*arguments)
    assert (said.status, said.out) == (2, "")
    assert fragment in said.err
    assert "Traceback" not in said.err


def test_a_full_disk_costs_nothing_that_was_finished(
    crossover: Terminal, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as full:
        argv = disk_full(Place(tmp_path, finished, full, ExitStack()))
        assert crossover(*argv).status == 2
    with sqlite3.connect("study/study.db") as connection:
        kept = connection.execute("SELECT key, made FROM calls ORDER BY number").fetchall()
    connection.close()
    assert kept
    assert crossover(*argv).status == 0
    with sqlite3.connect("study/study.db") as connection:
        assert connection.execute("SELECT key, made FROM calls ORDER BY number").fetchall()[: len(kept)] == kept
    connection.close()


def test_a_refused_study_does_not_hold_its_folder_to_the_refused_data(
    crossover: Terminal, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    at = Place(tmp_path, finished, monkeypatch, ExitStack())
    assert crossover(*every_input_too_long(at)).status == 2
    assert crossover(*at.run()).status == 0

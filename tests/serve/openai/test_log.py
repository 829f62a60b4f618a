"""The log of answers that a server writes where it is asked to."""

from __future__ import annotations

import json
import stat
import urllib.request
from pathlib import Path
from typing import Any

import openai
import pytest

from crossover.data.served import ServedLog
from crossover.errors import OptionError
from crossover.study.read import read_candidate
from crossover.study.run import run_study
from crossover.testing.server import serving
from tests.cli.small import write_task


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("logged")
    return run_study(write_task(place), place / "study").path


def test_each_answer_of_a_candidate_is_a_line_that_watch_reads(study: Path, tmp_path: Path) -> None:
    log = tmp_path / "served.jsonl"
    log.write_text('{"input": "half of a li')
    with serving(f"{study}:zero_shot", f"{study}:instruction", folder=tmp_path / "served", log=log) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        asked: Any = [{"role": "user", "content": "where is “it”?\nplease"}]
        first = client.chat.completions.create(model="parcels-zero_shot", messages=asked)
        chunks = list(client.chat.completions.create(model="parcels-instruction", messages=asked, stream=True))
        body = json.dumps({"input": "a fig too many", "model": "parcels-zero_shot", "id": "mine-7"}).encode()
        request = urllib.request.Request(f"{url}/predict", body, {"Content-Type": "application/json"})
        predicted = json.loads(urllib.request.urlopen(request).read())
    found = ServedLog(log)
    assert (found.more(), found.broken) == (3, [1])
    one, other, last = found.rows
    assert (one.id, one.input, one.output) == (first.id, asked[0]["content"], first.choices[0].message.content)
    assert (one.model, one.candidate) == ("parcels-zero_shot", read_candidate(study, "zero_shot")[0].id)
    assert (one.tokens_in, one.milliseconds, one.error) == (first.usage.prompt_tokens if first.usage else 0, 1.0, None)
    assert one.time.startswith("20")
    assert (other.id, other.output) == (
        chunks[0].id,
        "".join(c.choices[0].delta.content or "" for c in chunks if c.choices),
    )
    assert (last.id, last.input, last.output) == ("mine-7", "a fig too many", predicted["answer"])
    assert predicted["id"] == "mine-7"


def test_it_is_its_owners_alone_and_none_is_written_unasked(study: Path, tmp_path: Path) -> None:
    log = tmp_path / "served.jsonl"
    with serving(str(study), folder=tmp_path / "served", log=log):
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    with serving(str(study), folder=tmp_path / "other"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "served", "served.jsonl"]


def test_a_log_that_cannot_be_written_ends_it_before_it_serves(study: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(OptionError, match="cannot be written: No such file or directory"),
        serving(str(study), folder=tmp_path / "served", log=tmp_path / "absent" / "served.jsonl"),
    ):
        pass

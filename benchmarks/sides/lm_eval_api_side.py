"""EleutherAI's evaluation harness asking a service, in an environment of its own: python lm_eval_api_side.py JOB.json"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.tasks import TaskManager


def main() -> None:
    """Ask the job's prompts at its address, as many at a time as it says, and print the answers."""
    job = json.loads(Path(sys.argv[1]).read_text())
    settings = {
        "model": "m",
        "base_url": f"{job['url']}/chat/completions",
        "num_concurrent": job["slots"],
        "max_retries": 6,
    }
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "rows.jsonl"
        rows.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in job["prompts"]))
        task: dict[str, Any] = {
            "task": "job",
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(rows)}},
            "test_split": "test",
            "doc_to_text": "{{prompt}}",
            "doc_to_target": "x",
            "target_delimiter": "",
            "output_type": "generate_until",
            "generation_kwargs": {"until": ["\n\n"], "max_gen_toks": 8, "do_sample": False},
            "metric_list": [{"metric": "exact_match"}],
        }
        found = lm_eval.simple_evaluate(
            "local-chat-completions",
            model_args=settings,
            tasks=[task],
            task_manager=TaskManager(include_defaults=False),
            apply_chat_template=True,
            log_samples=True,
            bootstrap_iters=0,
        )
    samples = sorted(found["samples"]["job"], key=lambda sample: sample["doc_id"])
    sys.stdout.write(json.dumps({"texts": [sample["resps"][0][0] for sample in samples]}) + "\n")


if __name__ == "__main__":
    main()

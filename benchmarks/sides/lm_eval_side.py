"""EleutherAI's evaluation harness on a job, in an environment of its own: python lm_eval_side.py JOB.json"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager


def main() -> None:
    """Run the job as a task of the harness and print what it gave."""
    job = json.loads(Path(sys.argv[1]).read_text())
    model = HFLM(pretrained=job["model"], dtype=job["dtype"], device="cpu", batch_size=job["batch_size"])
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "rows.jsonl"
        rows.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in job["prompts"]))
        task: dict[str, Any] = {
            "task": "job",
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(rows)}},
            "test_split": "test",
            "doc_to_text": "{{prompt}}",
            "target_delimiter": "",
        }
        if job.get("labels"):
            ends = [label + job["end"] for label in job["labels"]]
            task |= {"output_type": "multiple_choice", "doc_to_choice": ends, "doc_to_target": 0}
            task |= {"metric_list": [{"metric": "acc"}]}
        else:
            limits = {"until": [job["end"]], "max_gen_toks": job["max_tokens"], "do_sample": False}
            task |= {"output_type": "generate_until", "doc_to_target": "x", "generation_kwargs": limits}
            task |= {"metric_list": [{"metric": "exact_match"}]}
        started = time.perf_counter()
        found = lm_eval.simple_evaluate(
            model, tasks=[task], task_manager=TaskManager(include_defaults=False), log_samples=True, bootstrap_iters=0
        )
        seconds = time.perf_counter() - started
    samples = sorted(found["samples"]["job"], key=lambda sample: sample["doc_id"])
    result: dict[str, Any] = {"seconds": seconds, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    if job.get("labels"):
        result["scores"] = [[float(choice[0]) for choice in sample["filtered_resps"]] for sample in samples]
    else:
        result["texts"] = [sample["resps"][0][0] for sample in samples]
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

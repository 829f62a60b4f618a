"""TRL's SFTTrainer on a job, in an environment of its own: python trl_side.py JOB.json"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer


class Clock(TrainerCallback):
    """When each step ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.times.append(time.perf_counter())


def main() -> None:
    """Train as the job says and print how long the steps took."""
    job = json.loads(Path(sys.argv[1]).read_text())
    low = job["dtype"] == "bfloat16"
    rows = Dataset.from_list([{"prompt": r["prompt"], "completion": r["completion"]} for r in job["rows"]])
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        options = SFTConfig(
            output_dir=scratch,
            per_device_train_batch_size=job["batch_size"],
            num_train_epochs=job["epochs"],
            learning_rate=job["learning_rate"],
            warmup_steps=0.05,
            lr_scheduler_type="linear",
            gradient_checkpointing=False,
            bf16=low,
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            logging_steps=1000,
            disable_tqdm=True,
            max_length=None,
            model_init_kwargs={"dtype": torch.bfloat16 if low else torch.float32},
            seed=0,
        )
        trainer = SFTTrainer(
            job["model"],
            args=options,
            train_dataset=rows,
            callbacks=[clock],
            peft_config=LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"),
        )
        trainer.train()
        if job.get("keep"):
            trainer.save_model(str(Path(job["keep"]) / "trl"))
    warm = job.get("warm", 1)
    result = {
        "seconds": clock.times[-1] - clock.times[warm - 1],
        "examples": (len(clock.times) - warm) * job["batch_size"],
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

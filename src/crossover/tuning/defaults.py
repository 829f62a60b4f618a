"""What a recipe is where its user did not say: how fast to learn, how long, how patiently."""

from __future__ import annotations

from crossover.models.base import Model, Tunable
from crossover.types import Kind

# Chosen so that LoRA gets 2e-3 at hidden size 256 and 1.2e-4 at 4096; full tuning wants steps about a fifth of that.
# Wider models want smaller steps (Yang et al. 2022, Tensor Programs V).
SCALE = {"lora": 0.5, "full": 0.1, "soft_prompt": 5.0}
SCALE_WRITTEN = SCALE | {"full": 0.05}  # measured on extraction: the larger steps learn the rows by heart
# Few rows need many epochs: it is steps that a model learns from, and more of them where answers are written.
STEPS = {"classify": 400}
STEPS_WRITTEN = 800
LEAST, MOST = 3, 20  # epochs


def default_rate(method: str, model: Model, kind: Kind | None) -> float:
    """The learning rate for a method, to two digits: a scale over the model's hidden size."""
    width = model.width if isinstance(model, Tunable) else 512
    scale = SCALE if kind == "classify" else SCALE_WRITTEN
    return float(f"{scale[method] / width:.2g}")


def default_epochs(rows: int, batch_size: int, kind: Kind | None) -> int:
    """Epochs that give about 400 steps for labels, 800 for written answers: 8 or 16 for 400 rows in batches of 8."""
    steps = STEPS.get(kind or "", STEPS_WRITTEN)
    return max(LEAST, min(MOST, round(steps * max(1, batch_size) / max(1, rows))))


def default_patience(epochs: int) -> int:
    """Epochs without a better dev score before stopping: a third of all, as short epochs say little one by one."""
    return max(2, round(epochs / 3))

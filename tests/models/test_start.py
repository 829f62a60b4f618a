"""A command that only answers starts without what it does not use, and leaves torch as it was."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from crossover.models.start import COMPILER, answering
with answering():
    from crossover.models.open import open_model
    from crossover.types import Decoding, Message, Request
    model = open_model("pocket")
    asked = Request((Message("user", "Is it red?"),), Decoding(labels=("yes", "no")))
    quick = model.complete([asked])[0]
    assert "torch._dynamo.convert_frame" not in sys.modules
    assert "torch.distributed.tensor" not in sys.modules
assert COMPILER not in sys.modules
import torch
assert torch.distributed.is_available()
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist() == [2.0, 2.0]
assert torch._dynamo.__file__, "the real one"
assert model.complete([asked])[0].label_scores == quick.label_scores
with answering():
    assert sys.modules[COMPILER].__file__, "what is there stays"
"""


def test_the_compiler_is_not_imported_and_can_be_used_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_else_is_asked_of_the_compiler_brings_in_the_real_one() -> None:
    script = (
        "from crossover.models.start import answering\nimport sys\nwith answering():\n"
        "    import torch\n    assert not torch._dynamo.is_compiling()\n    assert sys.modules['torch._dynamo'].__file__\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

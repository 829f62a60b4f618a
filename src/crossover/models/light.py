"""A quicker start: what transformers imports for object detectors is imported when one is trained, and not at every start.

Importing `transformers.modeling_utils` imports the losses of all models, and one of those takes a solver from
`scipy.optimize`: a tenth of all that is imported before a model can answer. A process that only answers does without what
spreads a model over machines too.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from types import ModuleType
from typing import Any

from crossover.models.start import answers_only

SOLVER, USER = "scipy.optimize", "transformers.loss.loss_utils"


class _Later(ModuleType):
    """Stands for a module while another is imported, which is given a solver that is looked up when it is called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by every import, such as whether it is a package
            raise AttributeError(name)
        if name != "linear_sum_assignment":
            return getattr(_real(), name)
        return lambda *given, **named: getattr(_real(), name)(*given, **named)


def _real() -> ModuleType:
    if isinstance(sys.modules.get(SOLVER), _Later):
        del sys.modules[SOLVER]
    return importlib.import_module(SOLVER)


if answers_only():
    import torch
    from transformers.utils.import_utils import is_torch_distributed_available

    available = torch.distributed.is_available
    torch.distributed.is_available = lambda: False
    try:
        is_torch_distributed_available()  # keeps what it finds, so that transformers is as where torch is built without
    finally:
        torch.distributed.is_available = available

if SOLVER not in sys.modules and USER not in sys.modules:
    sys.modules[SOLVER] = _Later(SOLVER)
    with contextlib.suppress(ImportError):  # of a release that has it elsewhere
        importlib.import_module(USER)
    if isinstance(sys.modules.get(SOLVER), _Later):
        del sys.modules[SOLVER]

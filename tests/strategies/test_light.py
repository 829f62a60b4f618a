"""Checking a strategy's options, which every command does first, loads no heavy library."""

from __future__ import annotations

import subprocess
import sys

from crossover import registry


def test_no_strategy_loads_torch_to_check_its_options() -> None:
    names = [name for name in registry.names("strategies") if name != "then"]
    code = (
        "import sys\nfrom crossover.strategies.open import open_strategy\n"
        f"for name in {names!r}:\n    try: open_strategy(name)\n    except Exception: pass\n"
        "    for heavy in ('torch', 'transformers', 'peft'):\n        assert heavy not in sys.modules, (name, heavy)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""Runs llama.cpp's converter in a process of its own: convert_script.py CONVERTER WAY ARGUMENTS...

The converter tells how a tokenizer divides text by a hash over its tokens, so it refuses every vocabulary that it has not
seen. WAY is what the tokenizer's own rules say, or empty: it stands where the converter knows none. Whether the tokens are
then those that were measured is checked on what was written.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

ASKED = "get_vocab_base_pre"  # the converter's method that knows the hashes


def main() -> None:
    """Convert; raises whatever the converter does."""
    converter, way, *arguments = sys.argv[1:]
    sys.path.insert(0, str(Path(converter).parent))
    name = Path(converter).stem
    spec = importlib.util.spec_from_file_location(name, converter)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if way:
        for other in [m for n, m in sys.modules.items() if n.split(".")[0] in (name, "conversion")]:
            for kind in [k for k in vars(other).values() if isinstance(k, type) and ASKED in vars(k)]:
                setattr(kind, ASKED, _knowing(vars(kind)[ASKED], way))
    sys.argv = [converter, *arguments]
    module.main()


def _knowing(asked: Any, way: str) -> Any:
    def known(self: Any, tokenizer: Any) -> str:
        try:
            return str(asked(self, tokenizer))
        except NotImplementedError:
            return way

    return known


if __name__ == "__main__":
    main()

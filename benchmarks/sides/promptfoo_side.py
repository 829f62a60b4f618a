"""promptfoo asking a service, with a Node of its own: python promptfoo_side.py JOB.json"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SILENT = dict.fromkeys(("DISABLE_TELEMETRY", "DISABLE_UPDATE", "DISABLE_REMOTE_GENERATION"), "1")


def main() -> None:
    """Ask the job's prompts at its address, as many at a time as it says, and print the answers."""
    job = json.loads(Path(sys.argv[1]).read_text())
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": job["url"], "apiKey": "none", "max_tokens": 8}}
    tests = [{"vars": {"text": prompt}} for prompt in job["prompts"]]
    binaries = Path(job["folder"]) / "node_modules" / ".bin"
    with tempfile.TemporaryDirectory() as scratch:
        config, out = Path(scratch) / "config.json", Path(scratch) / "out.json"
        config.write_text(json.dumps({"prompts": ["{{text}}"], "providers": [provider], "tests": tests}))
        options = ["-j", str(job["slots"]), "--no-cache", "--no-table", "--no-write", "--no-progress-bar", "-o", str(out)]
        subprocess.run(
            [binaries / "node", binaries / "promptfoo", "eval", "-c", str(config), *options],
            env={**os.environ, "PROMPTFOO_CONFIG_DIR": scratch, **{f"PROMPTFOO_{name}": on for name, on in SILENT.items()}},
            stdout=sys.stderr,
            check=True,
        )
        results = json.loads(out.read_text())["results"]["results"]
    results.sort(key=lambda result: result["testIdx"])
    sys.stdout.write(json.dumps({"texts": [result["response"]["output"] for result in results]}) + "\n")


if __name__ == "__main__":
    main()

"""DSPy's optimisers on a job, in an environment of their own: python dspy_side.py JOB.json

The model is asked over HTTP (`benchmarks/answers.py`). The adapter writes prompts as plainly as a small model needs, and
labels are chosen by log-probability, as on our side.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

import dspy
from dspy.teleprompt import BootstrapFewShotWithRandomSearch, MIPROv2

JOB = json.loads(Path(sys.argv[1]).read_text())


class Remote(dspy.BaseLM):
    """Only its name: the adapter does the asking."""

    def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("the adapter asks")


class Plain(dspy.Adapter):
    """Text: ...\\nLabel: as our prompts have it; fields of the optimiser's own signatures a line each."""

    def __call__(
        self, lm: Any, lm_kwargs: dict[str, Any], signature: Any, demos: list[Any], inputs: dict[str, Any]
    ) -> list[dict[str, str]]:
        outputs = list(signature.output_fields)
        labels = JOB["labels"] if outputs == ["label"] else None
        body = {"messages": self.format(signature, demos, inputs), "labels": labels}
        body |= {"temperature": lm_kwargs.get("temperature") or 0.0, "max_tokens": 96}
        request = urllib.request.Request(JOB["url"], json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            text = json.loads(reply.read())["text"]
        return [dict.fromkeys(outputs, text)]

    def format(self, signature: Any, demos: list[Any], inputs: dict[str, Any]) -> list[dict[str, str]]:
        def asked(given: Any) -> str:
            lines = [f"{name.capitalize()}: {given[name]}" for name in signature.input_fields if given.get(name)]
            return "\n".join([*lines, f"{next(iter(signature.output_fields)).capitalize()}:"])

        messages = [{"role": "system", "content": signature.instructions}]
        for demo in demos:
            answer = next((demo[name] for name in signature.output_fields if demo.get(name)), None)
            if answer is not None:
                messages.append({"role": "user", "content": asked(demo)})
                messages.append({"role": "assistant", "content": str(answer)})
        return [*messages, {"role": "user", "content": asked(inputs)}]

    def parse(self, signature: Any, completion: str) -> dict[str, str]:
        return dict.fromkeys(signature.output_fields, completion)


def right(example: Any, prediction: Any, trace: Any = None) -> bool:
    """The metric."""
    return bool(prediction.label == example.label)


def main() -> None:
    """Optimise as the job says and print the prompt that was found."""
    adapter = Plain()
    dspy.configure(lm=Remote("local"), adapter=adapter)
    rows = {
        name: [dspy.Example(text=text, label=label).with_inputs("text") for text, label in JOB[name]]
        for name in ("train", "dev")
    }
    student = dspy.Predict(dspy.Signature("text -> label", JOB["instruction"]))
    stdout, sys.stdout = sys.stdout, sys.stderr  # they print as they go
    if JOB["optimiser"] == "random_search":
        found = BootstrapFewShotWithRandomSearch(
            right,
            max_bootstrapped_demos=JOB["bootstrapped"],
            max_labeled_demos=JOB["labelled"],
            num_candidate_programs=JOB["programs"],
            num_threads=1,
        ).compile(student, trainset=rows["train"], valset=rows["dev"])
    else:
        found = MIPROv2(
            right,
            auto=None,
            num_candidates=JOB["candidates"],
            max_bootstrapped_demos=JOB["bootstrapped"],
            max_labeled_demos=JOB["labelled"],
            num_threads=1,
            seed=JOB["seed"],
        ).compile(
            student, trainset=rows["train"], valset=rows["dev"], num_trials=JOB["trials"], minibatch=False, seed=JOB["seed"]
        )
    sys.stdout = stdout
    messages = adapter.format(found.signature, found.demos, {"text": "{input}"})
    sys.stdout.write(json.dumps({"messages": messages}) + "\n")


if __name__ == "__main__":
    main()

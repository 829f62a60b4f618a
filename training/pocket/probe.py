"""How well the states that carry meanings tell unseen classes apart: python -m training.pocket.probe --work F --data D

Nearest label name and nearest of two examples a label, by cosine, over draws of ten Banking77 intents and of fifteen of
clinc150's banking ones; beside it MiniLM, the teacher, by itself. It says within seconds, long before the model can answer,
whether training goes the right way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers import AutoTokenizer

from training.pocket import model, teacher
from training.pocket.measures import draws
from training.pocket.measures.labels import BANKING, CLINC, SHOTS, Case

Vectors = NDArray[numpy.float32]
ROWS = 100
FORMS = {"text": "{}", "cue": "Text: {}\nLabel:"}


def main() -> None:
    """Print one line a draw and kind of state, in percent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder that training works in")
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77 and clinc150")
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    states = _states(given.work)
    kinds: dict[str, Callable[[Sequence[str]], Vectors]] = {
        "teacher": lambda texts: teacher.embed(texts, given.work / "probe.safetensors").astype(numpy.float32)
    }
    kinds |= {name: _in_form(states, form) for name, form in FORMS.items()}
    for case in (BANKING, CLINC):
        for seed in range(given.seeds):
            for name, embed in kinds.items():
                by_name, by_example = accuracies(case, given.data, seed, embed, states if name in FORMS else embed)
                sys.stdout.write(f"{case.name} {seed} {name:8s} name {by_name:5.1f}  two examples {by_example:5.1f}\n")


def _in_form(states: Callable[[Sequence[str]], Vectors], form: str) -> Callable[[Sequence[str]], Vectors]:
    return lambda texts: states([form.format(text) for text in texts])


def accuracies(
    case: Case, data: Path, seed: int, embed: Callable[[Sequence[str]], Vectors], names: Callable[[Sequence[str]], Vectors]
) -> tuple[float, float]:
    """Percent right by the nearest label name, its mean similarity subtracted, and by the nearest pair of examples."""
    drawn = draws.spelled(case.draw(data, seed, ROWS))
    labels = list(drawn.labels)
    gold = numpy.array([labels.index(e.output) for e in drawn.test])
    shown = [e.input for label in labels for e in [e for e in drawn.train if e.output == label][:SHOTS]]
    asked = embed([e.input for e in drawn.test])
    by_name = asked @ names(labels).T
    by_example = (asked @ embed(shown).T).reshape(len(asked), len(labels), SHOTS).mean(2)
    right = [100 * float((s.argmax(1) == gold).mean()) for s in (by_name - by_name.mean(0), by_example)]
    return right[0], right[1]


def _states(work: Path) -> Callable[[Sequence[str]], Vectors]:
    words = AutoTokenizer.from_pretrained(work / "tokenizer")
    loaded = model.load(work / "model")
    kept = load_file(work / "state.safetensors")
    weight, bias = kept["weights.head.weight"].float(), kept["weights.head.bias"].float()

    @torch.no_grad()
    def states(texts: Sequence[str]) -> Vectors:
        found = []
        for text in texts:
            ids = words(words.bos_token + text, return_tensors="pt", add_special_tokens=False)["input_ids"]
            state = loaded(input_ids=ids, output_hidden_states=True).hidden_states[model.READ][0, -1]
            found.append(torch.nn.functional.normalize(weight @ state + bias, dim=0))
        return numpy.asarray(torch.stack(found).numpy(), dtype=numpy.float32)

    return states


if __name__ == "__main__":
    main()

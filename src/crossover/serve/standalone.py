"""Answers inputs with an exported candidate, without Crossover: python predict.py "a text", or texts on standard input.

Needs torch and transformers; peft where there is a folder `adapter`, scikit-learn where there is `demonstrations.jsonl`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).parent


class Exported:
    """The model, its prompt and its way of answering, as they were measured."""

    def __init__(self, folder: Path = HERE) -> None:
        self.settings: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        source: Any = next((folder / n for n in ("model", "base") if (folder / n).is_dir()), self.settings["base"])
        self.tokenizer: Any = AutoTokenizer.from_pretrained(source)
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
        if (folder / "adapter").is_dir() and not (folder / "model").is_dir():
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, folder / "adapter")
        self.model: Any = model.eval()
        self.messages: list[dict[str, str]] = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
        self.pool: list[dict[str, str]] = []
        if (folder / "demonstrations.jsonl").is_file():
            from sklearn.feature_extraction.text import TfidfVectorizer

            lines = (folder / "demonstrations.jsonl").read_text(encoding="utf-8").splitlines()
            self.pool = [json.loads(line) for line in lines]
            self.vectorizer: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
            self.matrix: Any = self.vectorizer.fit_transform(d["input"] for d in self.pool)

    def conversation(self, text: str) -> list[dict[str, str]]:
        """The messages that ask for the answer to a text."""
        *before, last = self.messages

        def user(content: str) -> dict[str, str]:
            return {"role": "user", "content": last["content"].replace("{input}", content)}

        for shown in self._nearest(text):
            before += [user(shown["input"]), {"role": "assistant", "content": shown["output"]}]
        return [*before, user(text)]

    @torch.inference_mode()
    def answer(self, text: str) -> str:
        """One of the labels by log-probability, or free text."""
        how, turn = self.settings["decoding"], self.settings["turn"]
        turns = self.conversation(text)
        if not turn["takes_system"] and turns[0]["role"] == "system":
            system, first, *rest = turns
            turns = [{**first, "content": system["content"] + "\n\n" + first["content"]}, *rest]
        prompt = self.tokenizer.apply_chat_template(
            turns, chat_template=turn["template"], tokenize=False, add_generation_prompt=True, **turn["fixed"]
        )
        ids = self._ids(prompt + turn["prompt_lead"], turn["add_special_tokens"])
        if not how["labels"]:
            return self._write(ids, how, turn)
        bias = how["label_bias"] or [0.0] * len(how["labels"])
        scores = [round(self._score(ids, label, turn) - b, 6) for label, b in zip(how["labels"], bias)]  # noqa: B905
        return str(how["labels"][scores.index(max(scores))])

    def _ids(self, text: str, special: bool) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=special)["input_ids"])

    def _score(self, prompt: list[int], label: str, turn: dict[str, Any]) -> float:
        answer = self._ids(turn["answer_lead"] + label, False) + turn["end"]
        logits = self.model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
        chosen = logits.float().log_softmax(-1).gather(1, torch.tensor(answer)[:, None])
        return float(chosen.sum())

    def _write(self, prompt: list[int], how: dict[str, Any], turn: dict[str, Any]) -> str:
        given = torch.tensor([prompt])
        sampled = {"do_sample": True, "temperature": how["temperature"]} if how["temperature"] else {"do_sample": False}
        out = self.model.generate(
            input_ids=given, attention_mask=torch.ones_like(given), max_new_tokens=how["max_tokens"], **sampled
        )
        new, end = out[0, len(prompt) :].tolist(), turn["end"]
        for i in range(len(new)):
            if new[i : i + len(end)] == end:
                new = new[:i]
                break
        text = str(self.tokenizer.decode(new, skip_special_tokens=True)).strip()
        return text.split(turn["separator"])[0].strip() if turn["separator"] else text

    def _nearest(self, text: str) -> list[dict[str, str]]:
        if not self.pool:
            return []
        similarity = (self.matrix @ self.vectorizer.transform([text]).T).toarray().ravel().round(9)
        order = (-similarity).argsort(kind="stable")[: self.settings["shots"]]
        return [self.pool[int(i)] for i in order][::-1]


if __name__ == "__main__":
    exported = Exported()
    for line in sys.argv[1:] or sys.stdin.read().splitlines():
        sys.stdout.write(exported.answer(line) + "\n")

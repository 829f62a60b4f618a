"""Answers inputs with an exported candidate, without Crossover: python predict.py "a text", or texts on standard input.

Needs torch and transformers; peft where there is a folder `adapter`, scikit-learn where there is `demonstrations.jsonl`
(with a folder `embedding` sentence-transformers instead), llguidance where answers are held to a JSON schema. The model
runs in the precision it was measured in. Failed inputs are told on standard error, with status 1. With --json each line of
standard input is a JSON string (so a text may have several lines), and each answer an object with `answer` or `error`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

HERE = Path(__file__).parent


class Exported:
    """The model, its prompt and its way of answering, as they were measured."""

    def __init__(self, folder: Path = HERE) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        source: Any = next((folder / n for n in ("model", "base") if (folder / n).is_dir()), self.settings["base"])
        self.tokenizer: Any = AutoTokenizer.from_pretrained(source)
        gpu = torch.cuda.is_available()
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, self.settings["precision"]))
        if (folder / "adapter").is_dir():
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, folder / "adapter")
        self.model: Any = model.to("cuda" if gpu else "cpu").eval()
        self.soft: Any = None  # a soft prompt's vectors, which stand before everything else
        if getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False):
            self.soft = self.model.get_prompt(batch_size=1).detach()
            self.model = self.model.get_base_model()
        self.messages: list[dict[str, str]] = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
        self.pool: list[dict[str, Any]] = []
        if (folder / "demonstrations.jsonl").is_file():
            text = (folder / "demonstrations.jsonl").read_text(encoding="utf-8")
            self.pool = [json.loads(line) for line in text.split("\n") if line]
            self._build_index()

    def conversation(self, values: dict[str, str]) -> list[dict[str, str]]:
        """The messages that ask for the answer to a text, behind the answers of a chain's steps."""
        *before, last = self.messages

        def user(known: dict[str, str]) -> dict[str, str]:
            return {"role": "user", "content": _filled(last["content"], known)}

        for shown in self._nearest(values["input"]):
            before += [
                user({**dict(shown["steps"]), "input": shown["input"]}),
                {"role": "assistant", "content": shown["output"]},
            ]
        return [*before, user(values)]

    def answer(self, text: str) -> str:
        """One of the labels by log-probability, or free text. Raises `ValueError` for a text that is too long."""
        values = {"input": text}
        for step in self.settings["steps"]:
            *before, last = step["messages"]
            asked = [*before, {**last, "content": _filled(last["content"], values)}]
            values[step["name"]] = self._ask(asked, step["decoding"])
        return self._ask(self.conversation(values), self.settings["decoding"])

    @torch.inference_mode()
    def _ask(self, spoken: list[dict[str, str]], how: dict[str, Any]) -> str:
        turn, turns = self.settings["turn"], spoken
        if not turn["takes_system"] and turns[0]["role"] == "system":
            system, first, *rest = turns
            turns = [{**first, "content": system["content"] + "\n\n" + first["content"]}, *rest]
        prompt = self.tokenizer.apply_chat_template(
            turns, chat_template=turn["template"], tokenize=False, add_generation_prompt=True, **turn["fixed"]
        )
        ids = self._ids(prompt + turn["prompt_lead"], turn["add_special_tokens"])
        scored = [] if how["pattern"] else how["words"] or how["labels"]
        answers = [self._ids(turn["answer_lead"] + label, False) + turn["end"] for label in scored]
        window = self.settings["window"] - (0 if self.soft is None else self.soft.shape[1])
        if len(ids) + max(map(len, answers), default=1) > window:
            raise ValueError(f"the prompt has {len(ids)} tokens, the window is {window}")
        if not answers:
            limit, found = min(how["max_tokens"], window - len(ids)), []
            for draw in range(how["samples"]):
                asked = [[{"content": t["content"], "role": t["role"]} for t in spoken], how["seed"], draw]
                body = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
                seed = int(hashlib.sha256(body.encode()).hexdigest()[:12], 16)
                found.append(self._read(self._write(ids, limit, how, turn, seed), how))
            return Counter(found).most_common(1)[0][0]
        bias = how["label_bias"] or [0.0] * len(answers)
        scores = [round(score - b, 6) for score, b in zip(self._scores(ids, answers), bias)]  # noqa: B905
        return str(how["labels"][scores.index(max(scores))])

    def _ids(self, text: str, special: bool) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=special)["input_ids"])

    def _forward(self, ids: list[int], cache: Any = None) -> Any:
        given = torch.tensor([ids], device=self.model.device)
        if self.soft is None or cache is not None:
            return self.model(given, past_key_values=cache, use_cache=True)
        embedded = self.model.get_input_embeddings()(given)
        read = self.model(inputs_embeds=torch.cat([self.soft.to(embedded.dtype), embedded], 1), use_cache=True)
        read.logits = read.logits[:, self.soft.shape[1] :]
        return read

    def _scores(self, prompt: list[int], answers: list[list[int]]) -> list[float]:
        """The log-probability of each answer behind the prompt, which is read once where the architecture allows it."""
        read = self._forward(prompt)
        cache = getattr(read, "past_key_values", None)
        scores = []
        for answer in answers:
            if cache is None:
                logits = self._forward(prompt + answer).logits[0, len(prompt) - 1 : -1]
            else:
                logits = read.logits[0, -1:]
                if len(answer) > 1:
                    more = self._forward(answer[:-1], copy.deepcopy(cache)).logits[0]
                    logits = torch.cat([logits, more])
            chances = logits.float().cpu().log_softmax(-1).double()
            scores.append(float(chances[range(len(answer)), answer].sum()))
        return scores

    def _read(self, text: str, how: dict[str, Any]) -> str:
        """The answer in a reply: what the pattern finds last, and of labels the one that it is or names."""
        answer = text
        if how["pattern"]:
            for match in re.finditer(how["pattern"], text):  # the last one counts
                answer = ((match[1] if match.re.groups else match[0]) or "").strip()
            text = answer
        folded = text.casefold().strip(" .\"'`*")
        for label in how["labels"]:
            if folded == label.casefold():
                return str(label)
        named = [name for name in how["labels"] if re.search(rf"\b{re.escape(name.casefold())}\b", folded)]
        longest = [label for label in named if not any(label != o and label in o for o in named)]
        return str(longest[0]) if len(longest) == 1 else text

    def _write(self, prompt: list[int], limit: int, how: dict[str, Any], turn: dict[str, Any], seed: int) -> str:
        """Free text up to the end of the turn; settings of a generation_config.json are not applied."""
        stops = self.model.generation_config.eos_token_id
        stops = {stops} if isinstance(stops, int) else set(stops or ())
        draws = torch.Generator().manual_seed(seed)
        end, separator = turn["end"], turn["separator"]
        grammar = self._grammar(how["schema"]) if how["schema"] else None
        new: list[int] = []
        cache: Any = None
        while len(new) < limit:
            read = self._forward(prompt + new if cache is None else new[-1:], cache)
            cache = getattr(read, "past_key_values", None)
            logits = read.logits[0, -1].float().cpu()
            if grammar:
                bits = numpy.unpackbits(numpy.frombuffer(grammar.compute_bitmask(), numpy.uint8), bitorder="little")
                logits[torch.from_numpy(bits[: len(logits)] == 0)] = -torch.inf
            if how["temperature"]:
                chances = (logits.double() / how["temperature"]).softmax(-1).cumsum(-1)
                point = torch.rand(1, generator=draws, dtype=torch.float64) * chances[-1]
                new.append(min(int(torch.searchsorted(chances, point, right=True)), len(chances) - 1))
            else:
                new.append(int(logits.argmax()))
            if grammar:
                grammar.consume_token(new[-1])
                if grammar.is_stopped():
                    break
                continue
            if new[-1] in stops or new[-len(end) :] == end:
                break
            if separator and separator in self.tokenizer.decode(new).lstrip():
                break
        if new[-len(end) :] == end:
            new = new[: -len(end)]
        text = str(self.tokenizer.decode(new, skip_special_tokens=True)).strip()
        return text.split(separator)[0].strip() if separator else text

    def _grammar(self, schema: str) -> Any:
        """Says which tokens keep the answer within a JSON schema."""
        import llguidance
        import llguidance.hf

        style = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        styled = json.dumps({**json.loads(schema), "x-guidance": style})
        size = self.model.get_output_embeddings().weight.shape[0]
        table = llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=size)
        lark = f"start: / ?/ answer\nanswer: %json {styled}\n"
        return llguidance.LLMatcher(table, llguidance.LLMatcher.grammar_from_lark(lark))

    def _build_index(self) -> None:
        self.encoder: Any = None
        if (self.folder / "embedding").is_dir():
            from sentence_transformers import SentenceTransformer

            self.encoder = SentenceTransformer(str(self.folder / "embedding"), device="cpu", local_files_only=True)
            self.matrix: Any = self._embedded([shown["input"] for shown in self.pool])
            return
        from sklearn.feature_extraction.text import TfidfVectorizer

        inputs = [shown["input"] for shown in self.pool]
        self.vectorizer: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        try:
            self.matrix = self.vectorizer.fit_transform(inputs)
        except ValueError:  # no word in any of them
            self.vectorizer = TfidfVectorizer(analyzer="char")
            self.matrix = self.vectorizer.fit_transform(inputs)

    def _embedded(self, texts: list[str]) -> Any:
        return self.encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    def _nearest(self, text: str) -> list[dict[str, Any]]:
        if not self.pool:
            return []
        if self.encoder is not None:
            similarity = (self.matrix @ self._embedded([text])[0]).round(5)
        else:
            similarity = (self.matrix @ self.vectorizer.transform([text]).T).toarray().ravel().round(9)
        order = (-similarity).argsort(kind="stable")[: self.settings["shots"]]
        return [self.pool[int(i)] for i in order][::-1]


def _filled(template: str, values: dict[str, str]) -> str:
    """All names at once: a text may hold braces, and must never be read as a template."""
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)


def main() -> int:
    """Answer the arguments or standard input; the exit status."""
    logging.disable_progress_bar()
    structured = sys.argv[1:] == ["--json"]
    exported, failed = Exported(), False
    given = filter(str.strip, sys.stdin) if structured or not sys.argv[1:] else sys.argv[1:]
    for line in given:
        try:
            text = json.loads(line) if structured else line.rstrip("\r\n")
            if not isinstance(text, str):
                raise ValueError(f"received {line.strip()[:60]}, valid is a JSON string a line")
            answer = exported.answer(text)
            sys.stdout.write((json.dumps({"answer": answer}) if structured else answer) + "\n")
        except ValueError as error:
            failed = True
            if structured:
                sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
            sys.stderr.write(f"failed: {error}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

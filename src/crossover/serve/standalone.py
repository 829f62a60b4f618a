"""Answers inputs with an exported candidate, without Crossover: python predict.py "a text", or texts on standard input.

Needs torch and transformers; peft where there is a folder `adapter`, sentence-transformers where there is a folder
`embedding`, llguidance where answers are held to a JSON schema. The model runs in the precision it was measured in. Failed
inputs are told on standard error, with status 1. With --json each line of standard input is a JSON string (so a text may
have several lines), and each answer an object with `answer` or `error`.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from jinja2.exceptions import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from crossover.models.hf.chat import Chat
from crossover.models.hf.drawing import drawn_tokens
from crossover.scores import NO_NUMBERS, choose_none
from crossover.serve.answering import Answering, answer_lines
from crossover.types import Decoding, Reply, Request, content_hash

HERE = Path(__file__).parent


class Exported(Answering):
    """The model, its prompt and its way of answering, as they were measured."""

    def __init__(self, folder: Path = HERE) -> None:
        super().__init__(folder)
        self.settings: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        source: Any = next((folder / n for n in ("model", "base") if (folder / n).is_dir()), self.settings["base"])
        turn = self.settings["turn"]
        self.chat = Chat(AutoTokenizer.from_pretrained(source), **{**turn, "end": tuple(turn["end"])})
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

    def complete(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._reply(request) for request in requests]

    @torch.inference_mode()
    def _reply(self, request: Request) -> Reply:
        how = request.decoding
        try:
            ids = self.chat.prompt(request.messages)
        except TemplateError as error:
            return Reply(error=f"the chat template refuses the conversation: {error}")
        answers = [self.chat.answer(label) for label in how.labels]
        window, lead = self.settings["window"], 0 if self.soft is None else self.soft.shape[1]
        if lead + len(ids) + max(map(len, answers), default=1) > window:
            return Reply(error=f"the prompt has {lead + len(ids)} tokens, the window is {window}")
        seed = int(content_hash([request.messages, how.seed, request.repeat])[:12], 16)
        try:
            if answers:
                return Reply(label_scores=tuple(self._scores(ids, answers)))
            return Reply(self._write(ids, min(how.max_tokens, window - lead - len(ids)), how, seed))
        except ArithmeticError as error:
            return Reply(error=str(error))

    def _forward(self, ids: list[int], cache: Any = None) -> Any:
        given = torch.tensor([ids], device=self.model.device)
        if self.soft is None or cache is not None:
            return self.model(given, past_key_values=cache, use_cache=True)
        embedded = self.model.get_input_embeddings()(given)
        read = self.model(inputs_embeds=torch.cat([self.soft.to(embedded.dtype), embedded], 1), use_cache=True)
        read.logits = read.logits[:, self.soft.shape[1] :]
        return read

    def _scores(self, prompt: list[int], answers: list[list[int]]) -> list[float]:
        """The log-probability of each answer behind the prompt, which is read once where the architecture allows it.

        Raises `ArithmeticError` where they choose none.
        """
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
        if choose_none(scores):
            raise ArithmeticError(f"the model gives labels {NO_NUMBERS}")
        return scores

    def _write(self, prompt: list[int], limit: int, how: Decoding, seed: int) -> str:
        """Free text up to the end of the turn; settings of a generation_config.json are not applied.

        Raises `ArithmeticError` where the tokens' scores are no numbers.
        """
        stops = self.model.generation_config.eos_token_id
        stops = {stops} if isinstance(stops, int) else set(stops or ())
        draws = torch.Generator(self.model.device).manual_seed(seed)
        grammar = self._grammar(how.schema) if how.schema else None
        new: list[int] = []
        cache: Any = None
        while len(new) < limit:
            read = self._forward(prompt + new if cache is None else new[-1:], cache)
            cache = getattr(read, "past_key_values", None)
            logits = read.logits[0, -1].float()
            if not logits.max().isfinite():  # any token would pass as chosen by them
                raise ArithmeticError(f"the model gives tokens {NO_NUMBERS}")
            if grammar:
                bits = numpy.unpackbits(numpy.frombuffer(grammar.compute_bitmask(), numpy.uint8), bitorder="little")
                logits[torch.from_numpy(bits[: len(logits)] == 0).to(logits.device)] = -torch.inf
            if how.temperature:
                new.append(int(drawn_tokens(logits[None], [how.temperature], [how.top_p], [draws])))
            else:
                new.append(int(logits.argmax()))
            if grammar:
                grammar.consume_token(new[-1])
                if grammar.is_stopped():
                    break
                continue
            if new[-1] in stops or self.chat.ended(new):
                break
        return self.chat.text(new)

    def _grammar(self, schema: str) -> Any:
        """Says which tokens keep the answer within a JSON schema."""
        import llguidance
        import llguidance.hf

        style = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        styled = json.dumps({**json.loads(schema), "x-guidance": style})
        size = self.model.get_output_embeddings().weight.shape[0]
        table = llguidance.hf.from_tokenizer(self.chat.tokenizer, n_vocab=size)
        lark = f"start: / ?/ answer\nanswer: %json {styled}\n"
        return llguidance.LLMatcher(table, llguidance.LLMatcher.grammar_from_lark(lark))


def main() -> int:
    """Answer the arguments or standard input; the exit status."""
    logging.disable_progress_bar()
    return answer_lines(Exported())


if __name__ == "__main__":
    sys.exit(main())

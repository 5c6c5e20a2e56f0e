"""transformers in a generator's process: what waits is answered in one batch, each row with its own sampling."""

from pathlib import Path
from typing import Any

from pipelines.serving.champion.inbox import Asked, Inbox, Tell
from pipelines.serving.champion.text_so_far import TextSoFar
from resources.engines.batch_engine import context_length, dtype_name, left_padded, stop_token_ids

_ROWS = 16


class TransformersLoop:
    """A model of transformers in this process."""

    name = "transformers"

    def __init__(self, model: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(model)
        network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype_name()))
        self._network = network.to(self._device).eval()
        self._stop = stop_token_ids(Path(model))
        self.room = context_length(Path(model))

    def work(self, inbox: Inbox, tell: Tell) -> None:
        """Answer what waits, at most _ROWS requests; who comes meanwhile waits for the next batch."""
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        batch = inbox.take(_ROWS, wait=True)
        if not batch:
            return
        rows = [_Row(asked, self._decode, self._stop) for asked in batch]
        pad = self._stop[0] if self._stop else 0
        ids, mask = (
            torch.tensor(part, device=self._device) for part in left_padded([one.prompt for one in batch], pad)
        )
        running = _Running(rows, inbox, tell, ids.shape[1])
        with torch.inference_mode():
            self._network.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(one.sampling.max_tokens for one in batch),
                do_sample=False,  # `_Row.choose` leaves the one token that it has drawn
                temperature=None,
                top_p=None,
                top_k=None,
                repetition_penalty=1.0,
                eos_token_id=None,
                pad_token_id=pad,
                logits_processor=LogitsProcessorList([running.choose]),
                stopping_criteria=StoppingCriteriaList([running.over]),
            )
        running.finish()

    def _decode(self, ids: Any) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))


class _Running:
    """The rows of one batch while they are generated."""

    def __init__(self, rows: "list[_Row]", inbox: Inbox, tell: Tell, width: int) -> None:
        self._rows, self._inbox, self._tell, self._width = rows, inbox, tell, width

    def choose(self, ids: Any, scores: Any) -> Any:
        """Return scores of which each row's chosen token alone is possible."""
        import torch

        chosen = torch.full_like(scores, -float("inf"))
        for place, row in enumerate(self._rows):
            chosen[place, row.choose(ids[place : place + 1], self._width, scores[place : place + 1])] = 0
        return chosen

    def over(self, ids: Any, scores: Any, **_: Any) -> Any:
        """Tell each row's newest token, and say which rows are done."""
        import torch

        waiting = {row.asked.number for row in self._rows if not row.done}
        gone = self._inbox.left(waiting)
        for place, row in enumerate(self._rows):
            if row.asked.number in gone:
                row.done = True
            elif not row.done:
                self._told(row, row.take(int(ids[place, -1])))
        return torch.tensor([row.done for row in self._rows], device=ids.device)

    def finish(self) -> None:
        """End the rows that the batch's own end has cut."""
        for row in self._rows:
            if not row.done:
                row.done, row.finish = True, "length"
                self._told(row, row.text.rest())

    def _told(self, row: "_Row", piece: str) -> None:
        number = row.asked.number
        if piece:
            self._tell({"id": number, "text": piece})
        if row.done:
            self._tell({"id": number, "finish": row.finish, "tokens": row.tokens})
            self._inbox.ended(number)


class _Row:
    """One request in a batch: its choice of tokens, and where it ends."""

    def __init__(self, asked: Asked, decode: Any, stop: list[int]) -> None:
        import torch

        self.asked, self.text, self._stop = asked, TextSoFar(decode, asked.sampling.stop), stop
        self.done, self.finish, self.tokens = False, "", 0
        self._random = torch.Generator()
        if asked.sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(asked.sampling.seed)

    def choose(self, ids: Any, width: int, scores: Any) -> int:
        """Return the next token by this row's sampling; `ids` are [1, length], `scores` [1, tokens]."""
        import torch

        wanted, scores = self.asked.sampling, scores.float().cpu()
        if self.done:
            return 0
        made = ids[:, width:].cpu()
        if wanted.repetition_penalty != 1.0:
            from transformers import RepetitionPenaltyLogitsProcessor

            seen = ids[:, width - len(self.asked.prompt) :].cpu()
            scores = RepetitionPenaltyLogitsProcessor(wanted.repetition_penalty)(seen, scores)
        if made.numel() and (wanted.presence_penalty or wanted.frequency_penalty):
            counts = torch.bincount(made[0], minlength=scores.shape[1])[None]
            scores = scores - wanted.frequency_penalty * counts - wanted.presence_penalty * (counts > 0)
        if wanted.temperature == 0:
            return int(scores.argmax())
        for warper in _warpers(wanted):
            scores = warper(made, scores)
        return int(torch.multinomial(scores.softmax(-1), 1, generator=self._random))

    def take(self, token: int) -> str:
        """Return what can be told after this token; the row may be done with it."""
        self.tokens += 1
        if token in self._stop:
            self.done, self.finish = True, "stop"
            return self.text.rest()
        piece = self.text.add(token)
        if self.text.stopped:
            self.done, self.finish = True, "stop"
        elif self.tokens >= self.asked.sampling.max_tokens:
            self.done, self.finish = True, "length"
            piece += self.text.rest()
        return piece


def _warpers(wanted: Any) -> list[Any]:
    from transformers.generation.logits_process import (
        MinPLogitsWarper,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    made: list[Any] = [TemperatureLogitsWarper(float(wanted.temperature))]
    made += [TopKLogitsWarper(wanted.top_k)] if wanted.top_k > 0 else []
    made += [TopPLogitsWarper(float(wanted.top_p))] if wanted.top_p < 1 else []
    made += [MinPLogitsWarper(float(wanted.min_p))] if wanted.min_p > 0 else []
    return made

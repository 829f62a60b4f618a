"""What a trace says in a few words: is the tune learning, converging, overfitting or diverging?"""

from __future__ import annotations

from collections.abc import Sequence

from crossover.types import Epoch

CLEAR = 0.02  # a change of a loss by 2 % is one
RISE = 1.5  # a training loss above the lowest so far by this factor has gone off
NOISE = 0.05  # nats an answer token: a loss that is less than this above another is near enough to it
POINT = 0.01  # a change of the dev metric by one point is one


def observe(earlier: Sequence[Epoch], train_loss: float, dev_loss: float, dev_metric: float) -> str:
    """One line about an epoch, in the light of the earlier ones: a word, a colon, and the numbers that say so."""
    if not earlier:
        return f"learning: first epoch, dev loss {dev_loss:.3g}"
    last = earlier[-1]
    lowest, best = min(e.dev_loss for e in earlier if e.dev_loss is not None), max(e.dev_metric for e in earlier)
    if dev_metric >= best + POINT:
        return f"learning: dev metric rose from {best:.3f} to {dev_metric:.3f}"
    best_train = min(e.train_loss for e in earlier if e.train_loss is not None)
    if train_loss > max(RISE * best_train, best_train + NOISE):
        return f"diverging: train loss rose from {last.train_loss or 0.0:.3g} to {train_loss:.3g}"
    if dev_loss < lowest * (1 - CLEAR):
        return f"learning: dev loss fell from {lowest:.3g} to {dev_loss:.3g}"
    if dev_loss > max(lowest * (1 + CLEAR), lowest + NOISE) and train_loss < (last.train_loss or 0.0):
        gap = f"{dev_loss - train_loss:+.3g} from train to dev"
        return f"overfitting: dev loss {dev_loss:.3g} is above {lowest:.3g} while train loss still falls, {gap}"
    return f"converging: dev loss {dev_loss:.3g}, dev metric {dev_metric:.3f}, little change"

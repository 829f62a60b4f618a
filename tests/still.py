"""Imported last, what was imported before it is looked at by the garbage collector no more, in forked processes either."""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)

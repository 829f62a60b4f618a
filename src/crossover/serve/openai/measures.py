"""What the server counts, in Prometheus's text format."""

from __future__ import annotations

import threading
from collections import Counter

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds


class Measures:
    """Counts of requests, tokens and batches, and how long requests took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._tokens: Counter[str] = Counter()
        self._within: Counter[float] = Counter()
        self._seconds = 0.0
        self._batches = self._batched = 0

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route`: as the server writes it, never what a client sent."""
        with self._lock:
            self._requests[route, status] += 1
            self._seconds += seconds
            for bound in BOUNDS:
                self._within[bound] += seconds <= bound

    def tokens(self, prompt: int, completion: int) -> None:
        with self._lock:
            self._tokens["prompt"] += prompt
            self._tokens["completion"] += completion

    def batch(self, size: int) -> None:
        with self._lock:
            self._batches += 1
            self._batched += size

    def text(self, depth: int, ready: bool) -> str:
        with self._lock:
            every = sum(self._requests.values())
            lines = ["# TYPE crossover_requests_total counter"]
            for (route, status), count in sorted(self._requests.items()):
                lines.append(f'crossover_requests_total{{route="{route}",status="{status}"}} {count}')
            lines.append("# TYPE crossover_request_seconds histogram")
            lines += [f'crossover_request_seconds_bucket{{le="{b:g}"}} {self._within[b]}' for b in BOUNDS]
            lines.append(f'crossover_request_seconds_bucket{{le="+Inf"}} {every}')
            lines += [f"crossover_request_seconds_sum {self._seconds:.6f}", f"crossover_request_seconds_count {every}"]
            lines.append("# TYPE crossover_tokens_total counter")
            lines += [f'crossover_tokens_total{{kind="{kind}"}} {n}' for kind, n in sorted(self._tokens.items())]
            lines += ["# TYPE crossover_batches_total counter", f"crossover_batches_total {self._batches}"]
            lines += ["# TYPE crossover_batched_requests_total counter"]
            lines += [f"crossover_batched_requests_total {self._batched}"]
        lines += ["# TYPE crossover_waiting gauge", f"crossover_waiting {depth}"]
        lines += ["# TYPE crossover_ready gauge", f"crossover_ready {int(ready)}"]
        return "\n".join(lines) + "\n"

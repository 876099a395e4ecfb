"""A clock for what a fit or a prediction costs: what was done before counts with the time that it took then."""

import time

_saved = 0.0


def spent() -> float:
    """Seconds on a clock that only differences mean anything of, those included that earlier work has saved."""
    return time.perf_counter() + _saved


def save(seconds: float) -> None:
    """Count seconds of work that was not done again."""
    global _saved  # one clock a process
    _saved += seconds

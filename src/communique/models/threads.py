"""How many threads numeric libraries may use: the one place where that is decided."""

import os


def threads() -> int:
    """OMP_NUM_THREADS where it is set, else the cores this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

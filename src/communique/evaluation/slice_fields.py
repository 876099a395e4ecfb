"""Which slices a sentence belongs to: its genre, forum, actor, decade, length and phenomena, from its metadata."""

import numpy as np
import pandas as pd

FIELDS = ("genre", "forum", "actor", "decade", "length", "phenomenon")
LENGTHS = (15, 25, 40)  # words: the last of each bin; above them everything is one bin
NO_PHENOMENON = "no phenomenon"


def sliced_columns(metadata: pd.DataFrame) -> pd.DataFrame:
    """For each field what every sentence belongs to, as a list of values; an empty list where nothing is given."""
    columns = {name: metadata[name].map(_one) for name in metadata if name not in ("year", "text", "phenomena")}
    if "year" in metadata:
        columns["decade"] = metadata["year"].map(lambda year: [f"{int(year) // 10 * 10}s"] if pd.notna(year) else [])
    if "text" in metadata:
        columns["length"] = metadata["text"].map(lambda text: [length_bin(len(text.split()))])
    if "phenomena" in metadata:
        named = metadata["phenomena"].map(_several)
        anyone = named.map(bool).any()  # a file that names none at all has no such field
        columns["phenomenon"] = named.map(lambda values: values or ([NO_PHENOMENON] if anyone else []))
    return pd.DataFrame(columns)


def length_bin(words: int) -> str:
    """The name of the bin that a sentence of so many words falls into."""
    starts = (1, *(last + 1 for last in LENGTHS))
    for start, last in zip(starts, LENGTHS, strict=False):
        if words <= last:
            return f"{start}–{last} words"
    return f"over {LENGTHS[-1]} words"


def _one(value: object) -> list[str]:
    return [] if value is None or value == "" or value != value else [str(value)]


def _several(value: object) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return [str(part) for part in value] if isinstance(value, list | tuple | np.ndarray) else []

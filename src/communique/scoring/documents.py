"""Documents out of files: one format a reader, one Document type out, one document in memory at a time.

``check_inputs`` looks at everything before anything is written, so that a missing, empty, binary or broken
file is refused at once; ``read_documents`` then yields one document at a time. What is left out is counted
in a ReadingLog, never silently, save for the menus, banners and footers around the article of a web page.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from communique.errors import CommuniqueError
from communique.scoring.furniture import is_furniture
from communique.scoring.inputs import ReadingLog, expand, without_repeats
from communique.scoring.paragraphs import paragraphs
from communique.scoring.readers import html, pdf, tables, text, word
from communique.scoring.register import Register
from communique.scoring.source import Columns, Limits, Record, Source, check_size, normalise, whole

READERS: dict[str, ModuleType] = {
    "txt": text,
    "md": text,
    "html": html,
    "htm": html,
    "pdf": pdf,
    "docx": word,
    "csv": tables,
    "tsv": tables,
    "jsonl": tables,
    "parquet": tables,
    "xlsx": tables,
}


@dataclass(frozen=True)
class Document:
    """A text and what is known of it; all character offsets count in ``text``, which is in Unicode NFC."""

    id: str
    text: str
    metadata: dict[str, str]
    source: Path


class Place(NamedTuple):
    """Where a document stands in the inputs: the number of its file and of its row in it, both from 0."""

    source: int = 0
    record: int = 0


START = Place()


def check_inputs(
    inputs: Sequence[str | Path],
    *,
    text_column: str = "text",
    id_column: str | None = None,
    limits: Limits | None = None,
    log: ReadingLog | None = None,
    outputs: Collection[Path] = (),
    skip_unreadable: bool = False,
) -> list[Source]:
    """The files behind the inputs, each looked at; raises CommuniqueError where one cannot be read.

    The error names the first and counts the others; with ``skip_unreadable`` they are left out, counted and noted.

    A folder, also one that a glob matches, or a zip archive is searched for files of a known format, hidden ones left
    out; a file, one that a glob matches, or ``-`` (standard input) must be readable as it stands. A file that two
    inputs name is read once. What an earlier scoring wrote (``outputs``, resolved, and what a provenance file in the
    same folder tells of) is left out of folders and globs.
    """
    log, limits = log or ReadingLog(), limits or Limits()
    found = itertools.chain.from_iterable(expand(item, limits, log, outputs) for item in inputs)
    sources = without_repeats(found, log)
    if not sources:
        raise CommuniqueError("there is nothing to read: name a file, a folder, a glob or - for standard input")
    readable, refused = [], []
    for source in sources:
        try:
            _check(source, Columns(text_column, id_column))
        except CommuniqueError as error:
            refused.append(str(error))
        else:
            readable.append(source)
    if refused and not (skip_unreadable and readable):
        raise CommuniqueError(_refusal(refused, len(sources)))
    if refused:
        log.dropped["files that cannot be read"] += len(refused)
    for note in itertools.chain(refused, *(source.notes for source in readable)):
        log.note(note)
    return readable


def _check(source: Source, columns: Columns) -> None:
    check_size(source)
    source.fields = tuple(whole(name) for name in READERS[source.format].check(source, columns))
    if source.encoding != "utf-8-sig":
        source.notes.append(f"{source.path}: read as {source.encoding}, not UTF-8")


def _refusal(refused: Sequence[str], files: int) -> str:
    if files == 1:
        return refused[0]
    return f"{refused[0]} ({len(refused):,} of {files:,} files cannot be read; --skip-unreadable leaves them out)"


def read_documents(
    inputs: Sequence[str | Path] | Sequence[Source],
    text_column: str = "text",
    id_column: str | None = None,
    log: ReadingLog | None = None,
    skip_unreadable: bool = False,
) -> Iterator[Document]:
    """The documents of all inputs, one at a time; inputs not yet checked are checked first.

    A document's id is the file's name relative to the folder, glob or archive that found it; in a table it is the
    id column or the file's name and the row's number. An id that comes twice gets ``~2`` and a note.
    """
    log = log or ReadingLog()
    paths = [item for item in inputs if not isinstance(item, Source)]
    columns = Columns(text_column, id_column)
    options = {"text_column": text_column, "id_column": id_column}
    sources = check_inputs(paths, **options, log=log, skip_unreadable=skip_unreadable) if paths else []  # type: ignore[arg-type]
    sources += [item for item in inputs if isinstance(item, Source)]
    with Register() as register:
        for _, document in placed_documents(sources, columns, log, register):
            yield document


def placed_documents(
    sources: Iterable[Source], columns: Columns, log: ReadingLog, register: Register, start: Place = START
) -> Iterator[tuple[Place, Document]]:
    """The documents from ``start`` on, each with its place; ``register`` knows the ids that are taken."""
    for number, source in enumerate(sources):
        if number < start.source:
            source.share = 1
            continue
        for place, record in _records(source, number, columns, start):
            content = normalise(record.text)
            log.dropped.update(record.left_out)
            if not any(map(str.isalpha, content)):
                log.dropped["documents without text"] += 1
                continue
            if lines := sum(is_furniture(content[a:b]) for a, b in paragraphs(content)):
                log.dropped["lines that belong to the page (bylines, links, notices)"] += lines
            name = _unique(_name(source, record, columns), place, register, log)
            yield place, Document(name, content, _metadata(source, record), source.path)
        source.share = 1


def _records(source: Source, number: int, columns: Columns, start: Place) -> Iterator[tuple[Place, Record]]:
    places = (Place(number, record) for record in itertools.count())
    for place, record in zip(places, READERS[source.format].read(source, columns), strict=False):
        if place >= start:
            yield place, record


def _name(source: Source, record: Record, columns: Columns) -> str:
    if columns.id and record.key:
        return whole(record.key)
    return whole(f"{source.id}#{record.key}" if record.key else source.id)


def _unique(name: str, place: Place, register: Register, log: ReadingLog) -> str:
    """The id itself, or with the first ``~2``, ``~3`` … that is free."""
    unique, number = name, 2
    while not register.claim(unique, *place):
        unique, number = f"{name}~{number}", number + 1
    if unique != name:
        log.note(f"the id '{name}' came again; this document is called '{unique}'")
    return unique


def _metadata(source: Source, record: Record) -> dict[str, str]:
    metadata = {whole(name): normalise(value) for name, value in record.metadata.items()}
    return metadata if source.encoding == "utf-8-sig" else metadata | {"encoding": source.encoding}

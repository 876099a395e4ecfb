"""Files, folders, globs and standard input to documents: one format a reader, one Document type out.

``check_inputs`` looks at everything before anything is written, so that a missing, empty, binary or broken
file is refused at once; ``read_documents`` then yields one document at a time. What is left out is counted
in a ReadingLog, never silently.
"""

import glob
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import ModuleType

from communique.errors import CommuniqueError
from communique.scoring.readers import html, pdf, tables, text, word
from communique.scoring.source import (
    Columns,
    Limits,
    Record,
    Source,
    check_size,
    normalise,
    read_standard_input,
)

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
PACKABLE = frozenset({"txt", "md", "html", "htm", "csv", "tsv", "jsonl"})
KNOWN = ", ".join(f".{name}" for name in READERS)


@dataclass(frozen=True)
class Document:
    """A text and what is known of it; all character offsets count in ``text``, which is in Unicode NFC."""

    id: str
    text: str
    metadata: dict[str, str]
    source: Path


@dataclass
class ReadingLog:
    """What reading left out, by reason, and what a person should know of how the files were read."""

    dropped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def check_inputs(
    inputs: Sequence[str | Path],
    *,
    text_column: str = "text",
    id_column: str | None = None,
    limits: Limits | None = None,
    log: ReadingLog | None = None,
) -> list[Source]:
    """The files behind the inputs, each looked at; raises CommuniqueError for the first that cannot be read.

    A folder is searched for files of a known format, hidden ones left out; a file, a glob or ``-`` (standard
    input) must be readable as it stands. A file that two inputs name is read once.
    """
    log, limits = log or ReadingLog(), limits or Limits()
    sources = _without_repeats(itertools.chain.from_iterable(_expand(item, limits, log) for item in inputs), log)
    if not sources:
        raise CommuniqueError("there is nothing to read: name a file, a folder, a glob or - for standard input")
    columns = Columns(text_column, id_column)
    for source in sources:
        check_size(source)
        source.fields = READERS[source.format].check(source, columns)
        if source.encoding != "utf-8-sig":
            source.notes.append(f"{source.path}: read as {source.encoding}, not UTF-8")
        log.notes += source.notes
    return sources


def read_documents(
    inputs: Sequence[str | Path] | Sequence[Source],
    text_column: str = "text",
    id_column: str | None = None,
    log: ReadingLog | None = None,
) -> Iterator[Document]:
    """The documents of all inputs, one at a time; inputs not yet checked are checked first.

    A document's id is the file's name relative to the folder or glob that found it; in a table it is the id
    column or the file's name and the row's number. An id that comes twice gets ``~2`` and a note.
    """
    log = log or ReadingLog()
    paths = [item for item in inputs if not isinstance(item, Source)]
    sources = check_inputs(paths, text_column=text_column, id_column=id_column, log=log) if paths else []
    sources += [item for item in inputs if isinstance(item, Source)]
    return _documents(sources, Columns(text_column, id_column), log)


def _documents(sources: Iterable[Source], columns: Columns, log: ReadingLog) -> Iterator[Document]:
    taken: set[str] = set()
    for source in sources:
        for record in READERS[source.format].read(source, columns):
            content = normalise(record.text)
            if not any(map(str.isalpha, content)):
                log.dropped["documents without text"] += 1
                continue
            name = _unique(_name(source, record, columns), taken, log)
            yield Document(name, content, _metadata(source, record), source.path)


def _name(source: Source, record: Record, columns: Columns) -> str:
    if columns.id and record.key:
        return record.key
    return f"{source.id}#{record.key}" if record.key else source.id


def _unique(name: str, taken: set[str], log: ReadingLog) -> str:
    """The id itself, or with the first ``~2``, ``~3`` … that is free."""
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}~{number}", number + 1
    if unique != name:
        log.notes.append(f"the id '{name}' came again; this document is called '{unique}'")
    taken.add(unique)
    return unique


def _metadata(source: Source, record: Record) -> dict[str, str]:
    metadata = {name: normalise(value) for name, value in record.metadata.items()}
    return metadata if source.encoding == "utf-8-sig" else metadata | {"encoding": source.encoding}


# Which files are meant


def _expand(item: str | Path, limits: Limits, log: ReadingLog) -> Iterator[Source]:
    """The files behind one input, in the order of their names."""
    path = Path(item)
    if str(item) == "-":
        yield read_standard_input(limits)
    elif path.is_dir():
        yield from _folder(path, limits, log)
    elif not path.exists() and glob.has_magic(str(item)):
        yield from _glob(str(item), limits)
    else:
        yield _source(path, path.name, limits)


def _folder(folder: Path, limits: Limits, log: ReadingLog) -> Iterator[Source]:
    found = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_dir() or any(part.startswith(".") for part in relative.parts):
            continue
        if _format(path) is None:
            log.dropped["files of an unknown format"] += 1
            continue
        found += 1
        yield _source(path, relative.as_posix(), limits)
    if not found:
        raise CommuniqueError(f"{folder}: holds no file that can be read; the formats are {KNOWN}")


def _glob(pattern: str, limits: Limits) -> Iterator[Source]:
    root = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    paths = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if not path.is_dir())
    if not paths:
        raise CommuniqueError(f"{pattern}: no file matches; check the pattern, or quote it so that the shell leaves it")
    for path in paths:
        yield _source(path, path.relative_to(root).as_posix(), limits)


def _format(path: Path) -> str | None:
    """The format that a file's name claims, without ``gz``; None where it is unknown."""
    suffixes = [suffix[1:].lower() for suffix in PurePosixPath(path.name).suffixes[-2:]]
    if suffixes[-1:] == ["gz"]:
        return suffixes[0] if suffixes[0] in PACKABLE else None
    return suffixes[-1] if suffixes and suffixes[-1] in READERS else None


def _source(path: Path, name: str, limits: Limits) -> Source:
    kind = _format(path)
    if kind is None and path.exists():
        raise CommuniqueError(f"{path}: is of an unknown format; the formats are {KNOWN}, and .gz of the text formats")
    return Source(path, name, kind or "txt", packed=path.suffix.lower() == ".gz", limits=limits)


def _without_repeats(sources: Iterable[Source], log: ReadingLog) -> list[Source]:
    """Each file once, however many inputs name it."""
    unique: dict[Path, Source] = {}
    for source in sources:
        if unique.setdefault(source.path.resolve(), source) is not source:
            log.dropped["files named twice"] += 1
    return list(unique.values())

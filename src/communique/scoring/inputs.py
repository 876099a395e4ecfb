"""Which files are meant: folders, globs, zip archives and standard input, less what scoring itself wrote there."""

import glob
import itertools
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from communique.errors import CommuniqueError
from communique.scoring.archive import check_members, members
from communique.scoring.source import PACKINGS, Limits, Source, read_standard_input

FORMATS = ("txt", "md", "html", "htm", "pdf", "docx", "csv", "tsv", "jsonl", "parquet", "xlsx")
PACKABLE = frozenset({"txt", "md", "html", "htm", "csv", "tsv", "jsonl"})
KNOWN = ", ".join(f".{name}" for name in (*FORMATS, "zip"))
PROVENANCE = ".provenance.json"
OWN = "earlier outputs of scoring"
UNKNOWN = "files of an unknown format"


@dataclass
class ReadingLog:
    """What reading left out, by reason, and what a person should know of how the files were read.

    Only the first ``MOST`` notes are kept; ``further`` counts the rest.
    """

    MOST = 100
    dropped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    further: int = 0

    def note(self, text: str) -> None:
        """Keep a note, or count it where there are many."""
        if len(self.notes) < self.MOST:
            self.notes.append(text)
        else:
            self.further += 1

    def take(self) -> "ReadingLog":
        """What was logged since this was last asked, which is forgotten here."""
        taken = ReadingLog(self.dropped, self.notes, self.further)
        self.dropped, self.notes, self.further = Counter(), [], 0
        return taken

    def add(self, other: "ReadingLog") -> None:
        """Log what another log holds."""
        self.dropped.update(other.dropped)
        for text in other.notes:
            self.note(text)
        self.further += other.further

    def to_dict(self) -> dict[str, Any]:
        """The log as plain data."""
        return {"dropped": dict(self.dropped), "notes": list(self.notes), "further": self.further}

    def restore(self, stored: dict[str, Any]) -> None:
        """Put the log back as ``to_dict`` gave it."""
        self.dropped.clear()
        self.dropped.update(stored["dropped"])
        self.notes[:] = stored["notes"]
        self.further = stored["further"]


def provenance_path(out: Path) -> Path:
    """Where the provenance of a table lies."""
    return out.with_name(f"{out.name}{PROVENANCE}")


def expand(item: str | Path, limits: Limits, log: ReadingLog, own: Collection[Path]) -> Iterator[Source]:
    """The files behind one input, in the order of their names; ``own`` are resolved paths that scoring wrote."""
    path = Path(item)
    if str(item) == "-":
        yield read_standard_input(limits)
    elif path.is_dir():
        yield from _folder(path, limits, log, own)
    elif not path.exists() and glob.has_magic(str(item)):
        yield from _glob(str(item), limits, log, own)
    elif path.suffix.lower() == ".zip":
        yield from _archive(path, path.name, limits, log)
    else:
        yield _source(path, path.name, limits)


def without_repeats(sources: Iterable[Source], log: ReadingLog) -> list[Source]:
    """Each file once, however many inputs name it."""
    unique: dict[Path, Source] = {}
    for source in sources:
        if unique.setdefault(source.path.resolve(), source) is not source:
            log.dropped["files named twice"] += 1
    return list(unique.values())


def _folder(folder: Path, limits: Limits, log: ReadingLog, own: Collection[Path]) -> Iterator[Source]:
    for path in _known(str(folder), _foreign(sorted(_visible(folder)), log, own), log):
        yield from _file(path, path.relative_to(folder).as_posix(), limits, log)


def _visible(folder: Path) -> Iterator[Path]:
    """The files below a folder, less those that are hidden below it."""
    return (path for path in folder.rglob("*") if not path.is_dir() and not _hidden(path.relative_to(folder)))


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _known(item: str, paths: list[Path], log: ReadingLog, named: Collection[Path] = ()) -> list[Path]:
    """The files of a known format, and those that were ``named`` themselves; raises CommuniqueError without any."""
    known = [path for path in paths if path in named or _format(path) or path.suffix.lower() == ".zip"]
    log.dropped.update({UNKNOWN: len(paths) - len(known)} if len(known) < len(paths) else {})
    if not known:
        raise CommuniqueError(f"{item}: holds no file that can be read; the formats are {KNOWN}")
    return known


def _glob(pattern: str, limits: Limits, log: ReadingLog, own: Collection[Path]) -> Iterator[Source]:
    """The files that match, and what lies in the folders that match."""
    root = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    matched = {path: path.is_dir() for path in map(Path, glob.glob(pattern, recursive=True))}
    named = {path for path, folder in matched.items() if not folder}
    inside = itertools.chain.from_iterable(_visible(path) for path, folder in matched.items() if folder)
    paths = _foreign(sorted(named.union(inside)), log, own)
    if not paths:
        raise CommuniqueError(f"{pattern}: no file matches; check the pattern, or quote it so that the shell leaves it")
    for path in _known(pattern, paths, log, named):
        yield from _file(path, path.relative_to(root).as_posix(), limits, log)


def _file(path: Path, name: str, limits: Limits, log: ReadingLog) -> Iterator[Source]:
    """The one source that a file is, or the members of an archive."""
    if path.suffix.lower() == ".zip":
        yield from _archive(path, name, limits, log)
    else:
        yield _source(path, name, limits)


def _archive(path: Path, name: str, limits: Limits, log: ReadingLog) -> Iterator[Source]:
    """The members of a known format, named after the archive; one archive inside another is not opened."""
    check_members(path)
    found = 0
    for member, size in members(path):
        kind = _format(PurePosixPath(member))
        if kind is None:
            log.dropped[f"{UNKNOWN} in archives"] += 1
            continue
        found += 1
        packed = PurePosixPath(member).suffix[1:].lower() in PACKINGS
        inside = f"{name}/{member}"
        yield Source(path / member, inside, kind, packed, limits, archive=path, size=size)
    if not found:
        raise CommuniqueError(f"{path}: holds no file that can be read; the formats are {KNOWN}")


def _format(path: PurePosixPath | Path) -> str | None:
    """The format that a file's name claims, without ``gz``, ``bz2`` or ``xz``; None where it is unknown."""
    suffixes = [suffix[1:].lower() for suffix in PurePosixPath(path.name).suffixes[-2:]]
    if suffixes and suffixes[-1] in PACKINGS:
        return suffixes[0] if suffixes[0] in PACKABLE else None
    return suffixes[-1] if suffixes and suffixes[-1] in FORMATS else None


def _source(path: Path, name: str, limits: Limits) -> Source:
    kind = _format(path)
    if kind is None and path.exists():
        raise CommuniqueError(
            f"{path}: is of an unknown format; the formats are {KNOWN}, and .gz, .bz2 or .xz of the text formats"
        )
    return Source(path, name, kind or "txt", packed=path.suffix[1:].lower() in PACKINGS, limits=limits)


def _foreign(paths: list[Path], log: ReadingLog, own: Collection[Path]) -> list[Path]:
    """The paths less what scoring wrote: ``own``, and what any provenance file in the same folders tells of."""
    folders = {path.parent for path in paths}
    told = itertools.chain.from_iterable(sorted(folder.glob(f"*{PROVENANCE}")) for folder in folders)
    written = {path for provenance in told for path in earlier_outputs(provenance)} | set(own)
    kept = [path for path in paths if path.resolve() not in written] if written else paths
    if len(kept) < len(paths):
        log.dropped[OWN] += len(paths) - len(kept)
    return kept


def earlier_outputs(provenance: Path) -> set[Path]:
    """A provenance file, the table beside it and the page that it names; nothing where no scoring wrote the file."""
    try:
        content = json.loads(provenance.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(content, dict) or "communique" not in content:
        return set()
    table = provenance.with_name(provenance.name.removesuffix(PROVENANCE))
    page = [provenance.parent / content["page"]] if content.get("page") else []
    return {path.resolve() for path in (provenance, table, *page)}

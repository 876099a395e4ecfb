"""What has come before: document ids that are taken, and sentences that an earlier document printed.

Both are kept as 8-byte digests in an SQLite file, so that memory stays flat however long the corpus; two different
sentences share a digest with a probability of one in 10^7 among a million, and one in 40 among a billion.
"""

import re
import sqlite3
import unicodedata
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from communique.errors import CommuniqueError

# A shorter sentence ("I thank you.") is said again, not reprinted.
LEAST_WORDS = 5
_WORD = re.compile(r"\w+")
_TABLES = """
CREATE TABLE IF NOT EXISTS names (digest INTEGER PRIMARY KEY, source INTEGER, record INTEGER);
CREATE TABLE IF NOT EXISTS sentences (digest INTEGER PRIMARY KEY, document TEXT, sentence INTEGER);
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), content TEXT);
"""


class Register:
    """Names and sentences seen, in the file ``path``; without one in a file of the system's that goes with it.

    Asking twice for the same place gives the same answer, so that a document can be read again after an interrupt.
    Nothing lasts that is not committed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.database = sqlite3.connect(path or "", isolation_level="DEFERRED")
        try:
            self.database.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            self.database.close()
            raise CommuniqueError(f"{path}: is damaged ({error}); give --force to begin anew") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.database.close()

    def claim(self, name: str, source: int, record: int) -> bool:
        """Take a document's id for the text at this place; False where another place has it."""
        digest = _digest(name)
        self.database.execute("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", (digest, source, record))
        found = self.database.execute("SELECT source, record FROM names WHERE digest = ?", (digest,)).fetchone()
        return bool(found == (source, record))

    def first(self, text: str, document: str, sentence: int) -> str:
        """Where an earlier document has the same sentence, as ``document:sentence``; nothing where none has.

        The same words count as the same sentence, whatever their case, accents' encoding and punctuation.
        """
        words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
        if len(words) < LEAST_WORDS:
            return ""
        digest = _digest(" ".join(words))
        place = (digest, document, sentence)
        if self.database.execute("INSERT OR IGNORE INTO sentences VALUES (?, ?, ?)", place).rowcount:
            return ""
        query = "SELECT document, sentence FROM sentences WHERE digest = ?"
        earlier, number = self.database.execute(query, (digest,)).fetchone()
        return "" if earlier == document else f"{earlier}:{number}"

    @property
    def state(self) -> str | None:
        """The text last committed with ``commit``."""
        found = self.database.execute("SELECT content FROM state").fetchone()
        return found[0] if found else None

    def commit(self, state: str) -> None:
        """Make what was seen last, together with ``state``: all of it or, at a power cut, nothing."""
        try:
            self.database.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", (state,))
            self.database.commit()
        except sqlite3.OperationalError as error:
            said = f"{self.path}: cannot be written ({error}); make room and repeat the command to go on"
            raise CommuniqueError(said) from error


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)

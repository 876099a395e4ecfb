"""What a text tells by itself: its sentences, their languages and holders; several texts at once where that helps.

Splitting and looking for holders is most of the work of a fast model. Documents do not depend on one another there, so
they are read ahead by processes of their own and given back in their order.
"""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import NamedTuple

from communique.errors import CommuniqueError
from communique.scoring.documents import Document, Place
from communique.scoring.holder import NOBODY, Holder, holders
from communique.scoring.inputs import ReadingLog
from communique.scoring.language import ENGLISH, languages
from communique.scoring.sentences import Sentence, split

# Documents that wait for each process: enough to keep it busy, few enough for memory to stay flat.
AHEAD = 8


class Reading(NamedTuple):
    """A sentence with what its document tells of it."""

    sentence: Sentence
    language: str
    holder: Holder


class ReadDocument(NamedTuple):
    """A document that was read, where it stands, and what was logged on the way to it."""

    place: Place
    document: Document
    readings: list[Reading]
    log: ReadingLog


def read(text: str, metadata: Mapping[str, str]) -> list[Reading]:
    """The sentences of a text in their order."""
    sentences = split(text)
    spoken = languages([sentence.text for sentence in sentences])
    held = holders(text, sentences, metadata)
    return [
        # the rules read English
        Reading(sentence, language, holder if language == ENGLISH or holder.source == "speaker" else NOBODY)
        for sentence, language, holder in zip(sentences, spoken, held, strict=True)
    ]


def read_all(documents: Iterable[tuple[Place, Document]], log: ReadingLog, workers: int = 1) -> Iterator[ReadDocument]:
    """Every document read, in order; ``log`` is where ``documents`` notes what it leaves out.

    With one worker a document is read when it is due; with more, that many processes read a few ahead. Raises
    CommuniqueError where a process is killed from outside.
    """
    if workers < 2:
        for place, document in documents:
            yield ReadDocument(place, document, read(document.text, document.metadata), log.take())
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _beside_parent)
    try:
        yield from _ahead(pool, documents, log, AHEAD * workers)
    except BrokenProcessPool as error:
        raise CommuniqueError(
            "a process that read documents was killed, by lack of memory perhaps; "
            "repeat the command to go on, with OMP_NUM_THREADS=1 to read in one process"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _ahead(
    pool: ProcessPoolExecutor, documents: Iterable[tuple[Place, Document]], log: ReadingLog, most: int
) -> Iterator[ReadDocument]:
    waiting: deque[tuple[Place, Document, Future[list[Reading]], ReadingLog]] = deque()
    for place, document in documents:
        waiting.append((place, document, pool.submit(read, document.text, document.metadata), log.take()))
        if len(waiting) > most:
            yield _due(*waiting.popleft())
    while waiting:
        yield _due(*waiting.popleft())


def _due(place: Place, document: Document, readings: Future[list[Reading]], log: ReadingLog) -> ReadDocument:
    return ReadDocument(place, document, readings.result(), log)


def _beside_parent() -> None:
    """Leave interrupts to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)

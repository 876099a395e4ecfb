"""How much a PDF page draws, counted before it is drawn: a megabyte of file may hold hours of instructions."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pymupdf

PIECE = 1 << 20
_FILTER = re.compile(r"/(\w+)")


def drawn(page: "pymupdf.Page", most: int) -> int:
    """Bytes of the page's instructions and of the forms it places, unpacked; counting stops soon after ``most``."""
    total = 0
    for number in {*page.get_contents(), *(form[0] for form in page.get_xobjects())}:
        if total <= most:
            total += _unpacked(page.parent, number, most - total)
    return total


def _unpacked(pdf: "pymupdf.Document", number: int, most: int) -> int:
    """The length of a stream behind its filters; of a filter that packs little, or is not known, the length before."""
    content = pdf.xref_stream_raw(number) or b""
    for name in _FILTER.findall(pdf.xref_get_key(number, "Filter")[1]):
        if name not in FILTERS or len(content) > most:
            break
        try:
            content = FILTERS[name](content, most)
        except (ValueError, binascii.Error):  # damaged: read as far as the library can
            break
    return len(content)


def _inflated(content: bytes, most: int) -> bytes:
    """The content unpacked, no more than one piece above ``most``."""
    unpack, found, left = zlib.decompressobj(), bytearray(), content
    try:
        while left and not unpack.eof and len(found) <= most:
            found += unpack.decompress(left, PIECE)
            left = unpack.unconsumed_tail
    except zlib.error:
        pass
    return bytes(found)


def _from_hex(content: bytes, most: int) -> bytes:
    digits = b"".join(content.split(b">")[0].split())
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _from_ascii85(content: bytes, most: int) -> bytes:
    return base64.a85decode(content.split(b"~>")[0].strip().removeprefix(b"<~"))


FILTERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "FlateDecode": _inflated,
    "Fl": _inflated,
    "ASCIIHexDecode": _from_hex,
    "AHx": _from_hex,
    "ASCII85Decode": _from_ascii85,
    "A85": _from_ascii85,
}

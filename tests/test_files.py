"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from communique.errors import CommuniqueError
from communique.files import all_or_nothing, write_texts


def test_texts_are_put_in_their_places_with_the_folders_on_the_way(tmp_path: Path) -> None:
    texts = {tmp_path / "page.html": "Größe\n", tmp_path / "new" / "table.tex": ""}
    write_texts(texts)
    assert {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*")} == texts


def test_nothing_is_left_behind_where_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    with pytest.raises(CommuniqueError, match=r"file/table\.tex: cannot be written"):
        write_texts({tmp_path / "page.html": "page", tmp_path / "file" / "table.tex": "table"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _interrupted(out: Path, other: Path, stop: type[BaseException]) -> None:
    with all_or_nothing(out, other) as (first, _):
        first.write_text("new", encoding="utf-8")
        raise stop


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_what_was_there_stays_until_all_is_written(tmp_path: Path, stop: type[BaseException]) -> None:
    out = tmp_path / "table.csv"
    out.write_text("old", encoding="utf-8")
    with pytest.raises(stop):
        _interrupted(out, tmp_path / "other.csv", stop)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"table.csv": "old"}

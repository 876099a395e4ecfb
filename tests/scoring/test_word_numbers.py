"""Numbers that Word counts by itself: each paragraph reads as it is seen, whatever list or style numbers it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from communique.scoring.documents import read_documents

docx = pytest.importorskip("docx")
NAMES = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def level(at: int, form: str, pattern: str, more: str = "", start: int | str = 1) -> str:
    return (
        f"<w:lvl w:ilvl='{at}'><w:start w:val='{start}'/><w:numFmt w:val='{form}'/>{more}"
        f"<w:lvlText w:val='{pattern}'/></w:lvl>"
    )


def write(
    path: Path, levels: str, items: Sequence[tuple[str, int] | None], overrides: str = "", styles: str = ""
) -> None:
    """A document whose ``items`` name a list ("7" or "8", of one kind; "9" of another) and a level of it."""
    from docx.oxml import parse_xml

    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.clear()
    for kind in (70, 90):
        numbering.append(parse_xml(f"<w:abstractNum {NAMES} w:abstractNumId='{kind}'>{levels}</w:abstractNum>"))
    for number, kind, more in ((7, 70, ""), (8, 70, overrides), (9, 90, "")):
        content = f"<w:abstractNumId w:val='{kind}'/>{more}"
        numbering.append(parse_xml(f"<w:num {NAMES} w:numId='{number}'>{content}</w:num>"))
    if styles:
        document.styles.element.append(parse_xml(styles))
    for item in items:
        paragraph = document.add_paragraph("Item")
        if item and item[1] < 0:
            paragraph.style = document.styles[item[0]]
        elif item:
            place = f"<w:ilvl w:val='{item[1]}'/><w:numId w:val='{item[0]}'/>"
            paragraph._p.get_or_add_pPr().append(parse_xml(f"<w:numPr {NAMES}>{place}</w:numPr>"))
    document.save(str(path))


def labels(path: Path) -> list[str]:
    (document,) = read_documents([path])
    return [line.removesuffix("Item").rstrip() for line in document.text.split("\n\n")]


OUTLINE = level(0, "decimal", "%1.") + level(1, "lowerLetter", "(%2)") + level(2, "lowerRoman", "%3)")


def test_levels_count_apart_and_start_again_under_the_next_higher_item(tmp_path):
    levels = [0, 1, 1, 2, 2, 1, 0, 1, 2]
    write(tmp_path / "a.docx", OUTLINE, [("7", at) for at in levels])
    assert labels(tmp_path / "a.docx") == ["1.", "(a)", "(b)", "i)", "ii)", "(c)", "2.", "(a)", "i)"]


def test_text_between_items_stops_no_count_and_another_kind_of_list_counts_anew(tmp_path):
    write(tmp_path / "a.docx", OUTLINE, [("7", 0), None, ("7", 0), ("8", 0), ("9", 0), ("0", 0), ("7", 0)])
    assert labels(tmp_path / "a.docx") == ["1.", "", "2.", "3.", "1.", "", "4."]


def test_a_list_may_say_where_it_starts_and_how_it_is_written(tmp_path):
    start = "<w:lvlOverride w:ilvl='0'><w:startOverride w:val='5'/></w:lvlOverride>"
    write(tmp_path / "a.docx", OUTLINE, [("7", 0), ("8", 0), ("8", 0)], start)
    assert labels(tmp_path / "a.docx") == ["1.", "5.", "6."]
    other = f"<w:lvlOverride w:ilvl='0'>{level(0, 'upperRoman', 'Part %1:')}</w:lvlOverride>"
    write(tmp_path / "a.docx", OUTLINE, [("8", 0), ("8", 0)], other)
    assert labels(tmp_path / "a.docx") == ["Part I:", "Part II:"]


DECIMAL = level(0, "decimal", "%1.") + level(1, "decimal", "%1.%2.") + level(2, "decimal", "%1.%2.%3.")


def starts(**levels: int) -> str:
    """Overrides by which a list starts each of its ``levels`` (l0, l1 ...) at a number."""
    return "".join(
        f"<w:lvlOverride w:ilvl='{at[1:]}'><w:startOverride w:val='{start}'/></w:lvlOverride>"
        for at, start in levels.items()
    )


@pytest.mark.parametrize(
    ("overrides", "items", "found"),
    [
        (starts(l0=1, l1=1, l2=1), "81 81 80 81", "1.1. 1.2. 2. 2.1."),
        (starts(l0=1, l1=1, l2=1), "70 70 81 81 70", "1. 2. 1.1. 1.2. 2."),
        (starts(l0=1, l1=1, l2=1), "70 71 80 81 80 81 82", "1. 1.1. 1. 1.1. 2. 2.1. 2.1.1."),
        (starts(l1=5), "80 81 81 80 81", "1. 1.5. 1.6. 2. 2.5."),
        (starts(l1=5), "70 71 81 81 70 71", "1. 1.1. 1.5. 1.6. 2. 2.1."),
        (starts(l0=4), "70 71 81 81 80", "1. 1.1. 4.1. 4.2. 5."),
        (starts(l7=3), "80 81", "1. 1.1."),
        ("", "72 71 70", "1.1.1. 1.2. 2."),
    ],
)
def test_each_level_of_a_list_starts_where_the_list_says_whatever_level_comes_first(overrides, items, found, tmp_path):
    places = [(item[0], int(item[1])) for item in items.split()]
    write(tmp_path / "a.docx", DECIMAL, places, overrides)
    assert labels(tmp_path / "a.docx") == found.split()


@pytest.mark.parametrize(
    ("form", "start", "found"),
    [
        ("decimal", 3, ["3", "4"]),
        ("decimalZero", 9, ["09", "10"]),
        ("lowerLetter", 26, ["z", "aa"]),
        ("upperLetter", 1, ["A", "B"]),
        ("lowerRoman", 8, ["viii", "ix"]),
        ("upperRoman", 1949, ["MCMXLIX", "MCML"]),
        ("bullet", 1, ["", ""]),
        ("none", 1, ["", ""]),
    ],
)
def test_each_form_of_number_is_written_as_word_writes_it(form, start, found, tmp_path):
    write(tmp_path / "a.docx", level(0, form, "%1", start=start), [("7", 0), ("7", 0)])
    assert labels(tmp_path / "a.docx") == found


@pytest.mark.parametrize(
    ("form", "start", "found"),
    [
        ("lowerLetter", 780, ["z" * 30, "781"]),
        ("upperLetter", 0, ["0", "A"]),
        ("lowerRoman", 0, ["0", "i"]),
        ("upperRoman", 32_767, ["M" * 32 + "DCCLXVII", "32768"]),
        ("lowerRoman", 999_999_998, ["999999998", "999999999"]),
        ("lowerLetter", 2_147_483_647, ["0", "a"]),
        ("lowerRoman", 2_147_483_647, ["0", "i"]),
        ("decimal", "9" * 5000, ["0", "1"]),
    ],
)
def test_a_number_without_letters_is_plain_and_an_endless_start_is_as_if_not_given(form, start, found, tmp_path):
    write(tmp_path / "a.docx", level(0, form, "%1.", start=start), [("7", 0), ("7", 0)])
    assert labels(tmp_path / "a.docx") == [f"{each}." for each in found]


def test_an_endless_start_of_one_list_starts_nothing_anew(tmp_path):
    start = f"<w:lvlOverride w:ilvl='0'><w:startOverride w:val='{'9' * 5000}'/></w:lvlOverride>"
    write(tmp_path / "a.docx", OUTLINE, [("7", 0), ("8", 0)], start)
    assert labels(tmp_path / "a.docx") == ["1.", "2."]


def test_a_number_may_hold_those_above_it_in_legal_form_or_go_on_without_restart(tmp_path):
    legal = level(0, "upperRoman", "%1.") + level(1, "decimal", "%1.%2", "<w:isLgl/>")
    write(tmp_path / "a.docx", legal, [("7", 0), ("7", 0), ("7", 1), ("7", 1)])
    assert labels(tmp_path / "a.docx") == ["I.", "II.", "2.1", "2.2"]
    running = level(0, "upperRoman", "%1.") + level(1, "decimal", "%2.", "<w:lvlRestart w:val='0'/>")
    write(tmp_path / "a.docx", running, [("7", 0), ("7", 1), ("7", 0), ("7", 1)])
    assert labels(tmp_path / "a.docx") == ["I.", "1.", "II.", "2."]


@pytest.mark.parametrize(
    ("value", "found"), [("", "1."), ("1", "1."), ("true", "1."), ("0", "I."), ("false", "I."), ("off", "I.")]
)
def test_legal_form_may_be_switched_off(value, found, tmp_path):
    switch = f"<w:isLgl w:val='{value}'/>" if value else "<w:isLgl/>"
    write(tmp_path / "a.docx", level(0, "upperRoman", "%1.", switch), [("7", 0)])
    assert labels(tmp_path / "a.docx") == [found]


def test_a_style_numbers_its_paragraphs_and_those_of_styles_made_from_it(tmp_path):
    kept = "<w:pPr><w:numPr><w:ilvl w:val='1'/><w:numId w:val='7'/></w:numPr></w:pPr>"
    style = (
        f"<w:style {NAMES} w:type='paragraph' w:styleId='Op'><w:name w:val='Op'/>"
        f"<w:basedOn w:val='Normal'/>{kept}</w:style>"
    )
    write(tmp_path / "a.docx", OUTLINE, [("7", 0), ("Op", -1), ("Op", -1)], styles=style)
    assert labels(tmp_path / "a.docx") == ["1.", "(a)", "(b)"]


def test_a_paragraph_proposed_for_deletion_counts_for_nothing(tmp_path):
    from docx.oxml import parse_xml

    write(tmp_path / "a.docx", OUTLINE, [("7", 0), ("7", 0), ("7", 0)])
    document = docx.Document(str(tmp_path / "a.docx"))
    gone = document.paragraphs[1]
    gone._p.get_or_add_pPr().append(parse_xml(f"<w:rPr {NAMES}><w:del w:id='1'/></w:rPr>"))
    run = parse_xml(f"<w:del {NAMES} w:id='2'><w:r><w:delText>Item</w:delText></w:r></w:del>")
    gone._p.replace(gone.runs[0]._r, run)
    document.save(str(tmp_path / "a.docx"))
    assert labels(tmp_path / "a.docx") == ["1.", "2."]

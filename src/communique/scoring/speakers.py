"""Who speaks in a transcript: the name and colon that open a paragraph."""

import re
from collections import Counter
from collections.abc import Sequence

_ROLE = (
    r"Q|A|QUESTION|ANSWER|MODERATOR|PARTICIPANT|Question|Answer|Reporter|Journalist|Correspondent|Moderator|Interviewer"
    r"|(?:The\s+)?(?:[A-Z][a-z]+\s+){0,3}(?:Spokes(?:person|man|woman)|Minister|President|Chair(?:man|woman|person)?"
    r"|Secretary(?:-General)?|Ambassador|Chancellor)|(?:AMBASSADOR|SECRETARY|PRESIDENT|MINISTER)"
)
_HONORIFIC = r"(?:Mr|Mrs|Ms|Dr|H\.?E|Amb|MR|MRS|MS|Sir|Dame|Lord)\.?"
_NAME = r"(?:\s+(?:[A-Z][\w.’'-]*|of|the|for|and|de|al|el|bin|van|von)){0,6}"
_ASIDE = r"(?:\s*\([^)\n]{1,60}\)){0,2}"
_END = r"\s*:(?=\s|$)\s*"
_ROLE_TAG = re.compile(rf"(?P<speaker>(?:(?:{_ROLE}){_NAME}|{_HONORIFIC}\s+[A-Z][^\s,]*{_NAME}){_ASIDE}){_END}")
_ANY_TAG = re.compile(rf"(?P<speaker>[A-Z][\w.’'-]*{_NAME}{_ASIDE}){_END}")
_NO_SPEAKER = re.compile(
    r"(?:note|sources?|read|see|photo|title|date|place|subject|background|url|tags?|contact|updated|annex|re|ps)\b",
    re.IGNORECASE,
)


def speaker_tags(text: str, spans: Sequence[tuple[int, int]]) -> dict[int, tuple[str, int]]:
    """Which paragraphs open with a speaker: the paragraph's start, to the name and where the speech begins.

    A role or an honorific makes a tag by itself; another name does in a text that has such a tag, or where it
    comes more than once.
    """
    roles = {start: match for start, end in spans if (match := _ROLE_TAG.match(text, start, end))}
    rest = ((start, _ANY_TAG.match(text, start, end)) for start, end in spans if start not in roles)
    names = {start: match for start, match in rest if match and not _NO_SPEAKER.match(match["speaker"])}
    if not roles:
        counts = Counter(match["speaker"] for match in names.values())
        names = {start: match for start, match in names.items() if counts[match["speaker"]] > 1}
    return {start: (" ".join(m["speaker"].split()), m.end()) for start, m in (roles | names).items()}

"""Who speaks in a transcript: the name and colon that open a paragraph."""

import re
from collections import Counter
from collections.abc import Sequence

from communique.scoring.attribution import NO_SPEAKER

_ROLE = (
    r"Q|A|QUESTION|ANSWER|MODERATOR|PARTICIPANT|Question|Answer|Reporter|Journalist|Correspondent|Moderator|Interviewer"
    r"|(?:The\s+)?(?:[A-Z][a-z]+\s+){0,3}(?:Spokes(?:person|man|woman)|Minister|President|Chair(?:man|woman|person)?"
    r"|Secretary(?:-General)?|Ambassador|Chancellor)|(?:AMBASSADOR|SECRETARY|PRESIDENT|MINISTER)"
)
_HONORIFIC = r"(?:Mr|Mrs|Ms|Dr|H\.?E|Amb|MR|MRS|MS|Sir|Dame|Lord)\.?"
_NAME = r"(?:\s+(?:[A-Z][\w.’'-]*|of|the|for|and|de|al|el|bin|van|von)){0,6}"
_ASIDE = r"(?:\s*\([^)\n]{1,60}\)){0,2}"
_SPOKE = re.compile(r"\s*\(\s*(?:spoke|interpretation)\b[^)]*\)")
_ENDED = re.compile(r"[.!?…:;,\"'”’)\]–—-]\s*$")
_END = r"\s*:(?=\s|$)\s*"
# In a transcript tags open at least this share of the paragraphs; in a report, a label ("Access:") comes now and then.
TRANSCRIPT = 0.03
# What somebody says, in English or a neighbouring language, and a list with a name before each entry does not.
_SPEAKS = re.compile(
    r"\b(?:I|[Ww]e|[Yy]ou|[Mm]e|[Uu]s|[Mm]y|[Oo]ur|[Yy]our|[Ii]ch|[Ww]ir|[Uu]ns|Sie|[Jj]e|[Nn]ous|[Vv]ous|[Yy]o|[Nn]os)\b|\?"
)
_ROLE_TAG = re.compile(rf"(?P<speaker>(?:(?:{_ROLE}){_NAME}|{_HONORIFIC}\s+[A-Z][^\s,]*{_NAME}){_ASIDE}){_END}")
_ANY_TAG = re.compile(rf"(?P<speaker>[A-Z][\w.’'-]*{_NAME}{_ASIDE}){_END}")


def speaker_tags(text: str, spans: Sequence[tuple[int, int]]) -> dict[int, tuple[str, int]]:
    """Which paragraphs open with a speaker: the paragraph's start, to the name and where the speech begins.

    A role or an honorific makes a tag by itself; another name does in a text that has such a tag, where it comes
    more than once, or where it puts a question to one that does, if such tags are frequent as in a transcript. A
    headline ("Prime Minister: no deal") has none.
    """
    roles = {start: match for start, end in spans if (match := _ROLE_TAG.match(text, start, end))}
    rest = ((start, _ANY_TAG.match(text, start, end)) for start, end in spans if start not in roles)
    names = {start: match for start, match in rest if match and not NO_SPEAKER.match(match["speaker"])}
    counts = Counter(match["speaker"] for match in [*roles.values(), *names.values()])
    headlines = {start for start, end in spans if not _ENDED.search(text[start:end])}
    roles = {start: m for start, m in roles.items() if counts[m["speaker"]] > 1 or start not in headlines}
    if not roles:
        speaking = {
            names[start]["speaker"] for start, end in spans if start in names and _SPEAKS.search(text, start, end)
        }
        known = {speaker for speaker, count in counts.items() if count > 1 and speaker in speaking}
        asked = {start for start, end in spans if known and text[start:end].endswith("?")}
        names = {start: m for start, m in names.items() if m["speaker"] in known or start in asked}
    if len(roles) + len(names) < TRANSCRIPT * len(spans):
        names = {}
    return {start: (_speaker(m["speaker"]), m.end()) for start, m in (roles | names).items()}


def _speaker(tag: str) -> str:
    """The name in a tag, without the language that a record says was spoken."""
    return " ".join(_SPOKE.sub("", tag).split())

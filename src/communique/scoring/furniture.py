"""Lines that belong to the page and not to the text: bylines, "Read also", share bars, notices of cookies and rights.

Extraction leaves some of them behind, and texts copied from a page bring them along. Only whole paragraphs are left
out, short ones, and only those whose wording leaves no doubt.
"""

import re

# Longer paragraphs say something.
MOST_WORDS = 30
_NAMES = r"(?:[A-Z][\w.’'-]+(?:,| and|\s|$)\s*){2,10}"
_TIME = r"\d{1,2}[:.]\d{2}"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_OPENINGS = re.compile(
    r"""(?:read\ (?:also|more|next)|also\ read|see\ also|more\ on\ this|related(?:\ (?:news|stories|articles|topics))?
    |recommended|you\ may\ also\ like|most\ (?:read|popular|viewed)|latest\ news|advertisement|sponsored|tags?|topics?
    |keywords|photo(?:graph)?s?(?:\ (?:by|credit))?|image(?:\ credit)?|picture|file\ photo|caption|video|watch|credits?
    |(?:header|featured?|cover|lead|title)\ (?:image|photo|picture)
    |follow\ us|share(?:\ (?:this|on|to|via)\b.*)?|print(?:\ version)?|download\ pdf|subscribe|newsletter|sign\ up
    |contact|press\ contact|media\ contact|e-?mail|tel|phone|fax|webmaster|back\ to\ top|font\ size)\s*(?::.*|\.|$)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ANYWHERE = re.compile(
    r"""^(?:©|\(c\)\s*\d{4}|copyright\b).*|.*\ball\ rights\ reserved\b.*|^skip\ to\ (?:main\ )?content$
    |.*\b(?:uses?|using|accept)\s(?:\w+\s){0,2}cookies?\b.*|.*\bcookie\ (?:policy|settings|preferences)\b.*
    |^\W*(?:(?:share|tweet|print|e-?mail|facebook|twitter|telegram|whatsapp|linkedin|on|this|article|page|pdf|download)
        \b\W*)+$
    |^(?:follow|join)\ us\ on\b.*|^sign\ up\ (?:for|to)\b.*|^subscribe\ to\ our\b.*|^click\ here\b.*|^last\ updated\b.*
    |.*\b(?:enable|activate|turn\ on)\ javascript\b.*
    |^for\ information\ media\b.*|^(?:terms\ of\ use|privacy\ policy)\b[^.]*$
    |^\(?(?:additional\ )?(?:reporting|writing|editing)\ by\ [A-Z].*
    |^additional\ reporting\b.{2,80}\bcontributed\ to\ this\b.*|^\(?ends?\)?\W*$|^courtesy\ of\ [^.!?]{2,40}$
    |^(?:write\ to\ .{2,60}\ at\ )?\W?[\w.+-]+@[\w-]+\.[\w.-]+\W?$|^\d+\ min(?:ute)?s?\ read\b.*
    |^loading\b.{0,30}(?:\.{3}|…)$|^more\ (?:must-reads\ |stories\ |news\ |articles\ )?from\ [^.!?:]{2,30}$
    |^this\ (?:story|article|post)\ (?:has\ been|was)\ (?:last\ )?updated\b.*|^\d+\s?[-–]\s?\d+\ of\ [\d,]+\ results\W*$
    |^\{\{.*\}\}\W*$|(?:[^|.!?\d]{1,30}\|){4,}[^|.!?\d]{1,30}
    |^accept\ (?:all|cookies)\b.*|^when\ (?:quoting|citing)\b.*\brequired\W*$""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_PERSON = r"[A-Z][\w.’'-]+(?: [A-Z][\w.’'-]+){1,4}"
_CONTRIBUTED = re.compile(
    rf"\(?(?!.*\b(?:States|Nations|Members|Parties|Countries|Delegations|Experts|Agencies)\b){_PERSON}"
    rf"(?:(?:, and|,| and) {_PERSON}){{0,6}}(?: in [A-Z][\w ,]{{2,40}})?"
    r" contributed to this (?:report|story|article)\W*"
)
_BYLINE = re.compile(
    rf"(?:By|BY|(?:Written|Reported|Posted|Interviewed|Interview|Analysis|Story|Text|Blog entry) by):?\s+{_NAMES}"
    r"(?:\|.*|Follow @\w+.*)?"
)
_STAMP = re.compile(
    rf"(?:(?:published|updated|posted|last updated|created|on|date)\W*)*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}|{_MONTH}\s+\d{{1,2}}|\d{{4}}-\d{{2}}-\d{{2}}|"
    rf"\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}})"
    rf"(?:,?\s+\d{{4}})?[\s,|–—-]*(?:(?:at\s+)?{_TIME}(?::\d{{2}})?\s*(?:[ap]\.?m\.?)?\s*(?:[A-Z]{{2,4}})?)\b.{{0,40}}",
    re.IGNORECASE,
)


_AGO = re.compile(r".{0,60}\b\d+\s+(?:minute|hour|day|week|month)s?\s+ago\b[^.!?]{0,60}", re.IGNORECASE)
_CAPTION = re.compile(
    r".*(?:^|[.!?)(/|]\s*)(?:Photo(?:graph)?|Image|Picture|Credit)s?(?: credit| by)?\s?:\s[^.!?]{2,60}"
)
_POSTED = re.compile(
    rf"(?:published|posted|(?:last )?updated|created)(?: on)?:?\s+[^.!?]{{0,12}}"
    rf"(?:{_MONTH}|\d{{1,2}}[./])[^.!?]{{0,40}}",
    re.IGNORECASE,
)


_PATTERNS = (_OPENINGS, _ANYWHERE, _CONTRIBUTED, _BYLINE, _STAMP, _AGO, _POSTED, _CAPTION)


def is_furniture(paragraph: str) -> bool:
    """Whether a paragraph of a text belongs to the page around it."""
    line = " ".join(paragraph.split())
    if len(line.split()) > MOST_WORDS:
        return False
    return any(pattern.fullmatch(line) for pattern in _PATTERNS)

"""The words by which a text says whose stance a sentence is: verbs of saying and of taking a stance, and what is none.

A verb comes with what must follow it, where it means something else otherwise ("called for", not "called at noon").
"""

import re


def words(listed: str) -> frozenset[str]:
    """The words of a line, to look words up in."""
    return frozenset(listed.split())


SAY = words(
    """say tell add state announce declare explain report claim argue maintain insist stress emphasise emphasize
    underline underscore highlight assert allege contend observe remark comment reply answer respond reiterate repeat
    warn predict suggest acknowledge admit concede confirm deny disclose reveal tweet write quip complain caution
    believe think doubt fear conclude testify note indicate assure inform recall lament joke hint estimate reckon post
    proclaim counter retort quote affirm reaffirm recommend clarify signal"""
)
STANCE = words(
    """reject condemn denounce deplore welcome hail praise applaud commend support endorse oppose criticise criticize
    slam blast decry protest demand urge appeal plead request propose favour favor want seek defend recognise recognize
    express voice convey thank congratulate regret apologise apologize dismiss refuse refute accuse blame disagree
    agree commit appreciate vow pledge promise swear threaten prefer advocate reserve hope regard consider mourn
    salute lambast rebuke disapprove approve disavow renounce honour honor credit fault undertake encourage invite rebut
    chide decline ridicule discourage back object"""
)
# A verb that tells of a stance only before these words.
BEFORE = {
    "call": r"(?:on|upon|for|it|him|her|them|the|his|its|their|this|that|a|an|[A-Z]|“)",
    "appeal": r"(?:for|to)\b",
    "stand": r"(?:by|behind|with|ready|firm|against|up|together)\b",
    "hold": r"(?:that|the view|the opinion|the position)\b",
    "take": r"(?:the view|the position|note|issue|exception)\b",
    "make": r"(?:it )?(?:clear|plain)\b",
    "point": r"(?:out|to)\b",
    "rule": r"out\b",
    "share": r"(?:the|this|that|these|those) (?:view|concern|position|opinion)",
    "pay": r"(?:tribute|homage)\b",
    "raise": r"(?:concerns?|objections?|doubts?)\b",
    "lodge": r"(?:an? )?(?:\w+ )?(?:protest|complaint)\b",
    "align": r"(?:itself|himself|herself|themselves)\b",
    "speak": r"(?:out )?(?:against|in favour of|in favor of)\b",
    "come": r"out (?:against|in favour of|for)\b",
    "push": r"for\b",
    "press": r"for\b",
    "hit": r"(?:back|out)\b",
    "lash": r"out\b",
    "set": r"out (?:its|his|her|their) position\b",
    "remain": r"(?:\w+ly )?(?:committed|convinced|concerned|opposed|ready|hopeful|confident)\b",
    "have": r"(?:confidence|no doubt|no intention|serious doubts|strong reservations)\b",
    "quote": r"(?:.{2,60} )?as (?:saying|telling)\b",
    "reserve": r"(?:its|his|her|their|the|judgement|judgment)\b",
    "claim": r"(?!responsibility|victory|\w+ lives)",
    "add": r"(?:that|in|on|later|“)|$",
    "undertake": r"to\b",
    "approve": r"of\b",
    "threaten": r"(?:to|that|with|retaliation|reprisals)\b|$",
    "state": r"(?:that|in|its|his|her|clearly|categorically|openly)\b|$",
    "refuse": r"(?!to comment|to say|comment|to be named)",
    "decline": r"(?:the|an|any|its|his|her|their)\b",
    "report": r"(?!to\b|for\b|on\b)",
    "post": r"(?:on|that)\b",
    "respond": r"(?:that|by saying)\b|$",
    "answer": r"(?:that|by saying)\b|$",
    "commit": r"(?:itself|himself|herself|themselves|to)\b",
    "back": r"(?!down\b|away\b|out\b|to\b|in\b)",
    "object": r"to\b|that\b",
    "indicate": r"(?:that|its|his|her|their)\b",
    "estimate": r"(?:that|the)\b",
    "repeat": r"(?:that|its|his|her|their|the|calls?)\b",
    "seek": r"(?!refuge\b|shelter\b|asylum\b)",
    "see": r"(?:no (?:reason|need|point|alternative|grounds)|.{3,60}? as\b)",
    "describe": r".{3,60}? as\b",
    "dismiss": r"(?!\w+ minister\b)",
    "find": r"(?:it|this|that|the \w+) (?:un\w+|deplor\w+|regrett\w+|strange|odd|hard)\b",
    "ask": r"(?:for|that|the .{2,60} to|[A-Z].{2,60} to)\b",
    "look": r"forward\b",
    "issue": r"an? (?:\w+ ){0,2}(?:statement|communiqu\w+|appeal|warning|apology)\b",
    "dispute": r"(?:the|that|this|these|those|its|his|her|their|any|by|[A-Z]|“)",
    "attach": r"(?:great|particular|special|the|high)\b.{0,30}importance",
}
# What a form of "be" is followed by where it tells of a stance.
BEING = re.compile(
    r"(?:firmly |strongly |deeply |fully |also |still |not |now |very |gravely |seriously )*"
    r"(?:against\b|opposed to|committed to|convinced\b|concerned\b|alarmed\b|appalled\b|outraged\b|grateful\b|"
    r"in favour of|in favor of|ready to|prepared to|determined to|willing to|confident\b|adamant\b|dissatisfied\b|"
    r"of the (?:view|opinion)|hopeful\b|dismayed\b|saddened\b|worried\b|sceptical\b|skeptical\b|not convinced|"
    r"calling (?:for|on)|urging\b|demanding\b|seeking\b|sorry\b)"
)
IRREGULAR = {
    "say": "said said", "tell": "told told", "write": "wrote written", "think": "thought thought",
    "swear": "swore sworn", "seek": "sought sought", "stand": "stood stood", "hold": "held held",
    "take": "took taken", "make": "made made", "pay": "paid paid", "speak": "spoke spoken", "come": "came come",
    "hit": "hit hit", "set": "set set", "undertake": "undertook undertaken", "see": "saw seen", "find": "found found",
    "have": "had had", "plead": "pleaded pleaded", "rebut": "rebutted rebutted", "admit": "admitted admitted",
    "commit": "committed committed", "slam": "slammed slammed", "quip": "quipped quipped", "rule": "ruled ruled",
    "signal": "signalled signalled",
}  # fmt: skip
# Words that open an adjunct before the subject.
ADJUNCTS = words(
    """in on at after before during under with without despite for by from since as following amid speaking asked
    addressing citing noting earlier later meanwhile yesterday today instead however moreover finally also still hours
    days weeks months last this once according to over through responding writing visiting meeting opening standing
    quoting mr mrs ms madam excellencies thus therefore again then nevertheless indeed throughout if when while although
    though because unless until should whereas within against among like unlike upon given faced pressed monday tuesday
    wednesday thursday friday saturday sunday but and so yet"""
)
BE = words("is are was were be been being am 's 're")
HAVE = words("has have had having")
# "Oland will reject it" tells Oland's stance, "Oland should reject it" the writer's.
MODAL = words("will would shall do does did cannot won't wouldn't don't doesn't didn't")
DUTY = words("should can could may might must ought")
KEEP = words("keep keeps kept")
ADVERBS = words(
    """also again not never always already strongly firmly categorically repeatedly once now still then later further
    both rightly openly publicly flatly sharply swiftly quickly immediately formally officially explicitly jointly
    consistently deeply resolutely vehemently unequivocally therefore thus however long often recently simply clearly
    merely only privately angrily warmly sincerely all even just reportedly unanimously angrily promptly today yesterday
    too have had has initially previously separately reluctantly bluntly quietly duly earlier since strenuously solemnly
    n't"""
) - {"have", "had", "has"}
# Finite verbs that tell of no stance; a clause whose first verb is one of these, or ends in -ed, takes none.
ACTS = words(
    """met left came went took gave made held fell rose became began won lost ran grew kept brought bought sent spent
    built led drew broke chose flew drove hit cut put let set read sat stood lay shut shot fought found felt got caught
    taught paid sold saw shook struck sank spoke wore withdrew overthrew arose chairs meets visits signs holds leaves
    takes makes gives goes comes keeps remains becomes begins includes contains shows plays lies sits runs leads lives
    works hit hits killed dies die lie sit run go come hold take make keep give leave receives hosts costs"""
)
PERSONAL = words("he she it they")
FIRST = words("i we my our")
# What "my" and "our" make the speaker's own side; "our neighbours" are others.
OWN_SIDE = words(
    """delegation country government nation people peoples side state republic region continent party ministry
    position view belief countries governments delegations leaders president minister union group organisation"""
)
# Never a subject that holds a stance.
EMPTY = words(
    """there here nothing nobody none what who whoever which that this these those one everyone everything something
    someone somebody anyone no how why when where if while although though because since unless until whether you your
    should would could can may might must do does did is are was were has have had will shall together including along
    especially particularly such numerous let please but and or nor so yet"""
)
DETERMINERS = words("the a an this these those some many several most its his her their my our your")
VAGUE = words("each few many others most all another several ten")
# Words for people and bodies that can hold a stance.
ACTORS = words(
    """government governments ministry ministries secretary secretaries president presidents premier premiers king queen
    prince princess envoy envoys delegation delegations delegate delegates spokespeople official officials authority
    authorities side sides party parties council court courts tribunal committee commission assembly parliament
    parliaments congress senate house cabinet administration embassy consulate mission bank army armies military police
    forces troops militants insurgents general chief chiefs head heads junta regime opposition coalition union unions
    group groups grouping bloc alliance organisation organization organisations organizations agency agencies company
    companies firm firms country countries nation nations state states kingdom republic people peoples public citizens
    families family relatives victims women men youth analysts experts diplomats diplomat deputies mps allies ally
    critics counterparts counterpart colleague colleagues friends friend person man woman mother father brother church
    patriarch pope imam clerics monks source sources community society societies institution institute body bodies
    office department directorate bureau staff team teams faction factions movement movements front militia militias
    tribe tribes clan clans navy patrol signatories co-chairs presidency chair prelates mps rival rivals judge judges
    participants elite elites neighbours neighbor neighbors partner partners electorate majority minority delegates
    laureate foundation association federation confederation secretariat fund museum university crew residents accused
    nationalist communists socialists conservatives liberals greens leadership command headquarters candidate
    candidates representative representatives operative operatives executive executives captive detainee detainees
    host hosts them both rebel rebels rank-and-file guard guards coastguard cooperative mothers fathers thousands
    hundreds dozens millions couple trio"""
)
# Endings of such words, of words that have these endings and are none, and of abstractions.
AGENT = re.compile(r"(?:(?:[a-z]{2}(?:er|or|ist|ian|ant))s?|m[ae]n|person|people)$")
NO_AGENT = words(
    """order orders power powers paper papers matter matters number numbers water waters factor factors sector sectors
    error errors terror border borders weather disaster disasters character letter letters chapter centre center
    centres register behaviour behavior labour labor manner offer offers border danger hunger summer winter river rivers
    corridor corridors tender charter chamber anger barrier barriers career corner cover dinner effort quarter quarters
    shoulder computer computers container containers harbor horror humor mirror motor reactor reactors shelter shelters
    slaughter stadium murder murders fever transfer transfers encounter encounters server servers tanker tankers cancer
    gender cluster clusters bunker bunkers warrant warrants grant grants covenant covenants restaurant giant consider
    november december september october brother specimen regimen acumen omen semen burden"""
)
ABSTRACT = re.compile(
    r"(?:ment|tion|sion|ity|ness|ism|ance|ence|ing|ship|cy|ure|dom|hood|age|th|ty|ics|ies|fare|gress|tions|ments|ings)$"
)
# Names that end as abstractions or adverbs do.
NAMES = words(
    """france italy beijing nanjing peking florence provence constance commonwealth north south portsmouth plymouth
    smith booth roth heath keith barth forsyth horvath kenneth elizabeth ruth garth judith page farage gage savage
    cartage carthage king fleming harding manning browning keating golding jinping vance lance spence pence lawrence
    terrence clarence laurence clement nancy percy lucy clancy darcy quincy doherty flaherty rafferty getty beatty
    hegarty fogarty moriarty davies menzies jeffries kelly reilly connolly donnelly healy daly kimberly beverly sully
    guinness inverness mcclure"""
)
# Texts and abstractions: they carry what somebody said, and are nobody.
NO_ACTOR = words(
    """report reports statement statements poll polls survey study article articles letter letters resolution
    resolutions communiqué communique declaration document documents text draft treaty agreement accord law decree
    charter decision decisions plan plans offer offers vote votes talks ruling rulings measure measures sanctions
    embargo embargoes tariffs step steps move moves attack attacks raid bombing war wars conflict conflicts crisis
    prices price figures data evidence results result election elections call calls remarks comments words speech
    proposal proposals visit deal truce ceasefire blockade response reaction note book film facts history law laws
    constitution convention protocol covenant pact compact manifesto agenda paragraph chapter section budget trade
    shares growth dispute negotiations summit meeting session question questions paper papers footage video images map
    idea situation tensions tension theme message goal goals programme programmes program system systems act bill
    amendment principle principles world century year years today peace justice terrorism development conference
    assembly-line violence warming climate pandemic thanks dialogue multilateralism globalization globalisation
    disarmament human rights right charter's fact facts work task efforts effort process progress experience"""
)
# Who passes words on; never the holder where somebody is quoted.
OUTLETS = re.compile(
    r"\b(?:Reuters|AFP|Agence France-Presse|AP|Associated Press|Xinhua|TASS|Interfax|BBC|CNN|NWA|Al Jazeera|Bloomberg|"
    r"(?:[Ss]tate|[Ll]ocal|[Nn]ational|[Pp]ublic|[Ff]oreign|[Pp]rivate)(?:-run)? "
    r"(?:media|television|TV|radio|news agency|broadcaster)|"
    r"news agency|News Agency|newspapers?|broadcaster|station|the channel|"
    r"correspondent|reporters?|journalists?|[A-Z]\w+ (?:Times|Post|Herald|Courier|Chronicle|Gazette|Tribune|Mail|"
    r"Journal|Star|Telegraph|Observer|Radio|TV|News|Daily|Weekly|Wire|Press|Broadcasting)|Radio [A-Z]\w+)\b"
    r"(?! (?:union|association|federation|minister|[Ss]ecretary|[Oo]ffice|[Oo]fficer|[Aa]ttach|[Ss]pokes))"
)
ROLE = re.compile(
    r"\b(?:minister|secretary|president|chancellor|premier|ambassador|spokes\w+|envoy|general|director|chief|governor|"
    r"mayor|judge|king|queen|prince|pope|patriarch|commander|negotiator|lawyer|rival|leader|chair\w*|representative|"
    r"commissioner|coordinator|professor|official|diplomat|analyst|head|senator|captain|bishop|adviser|deputy|doctor|"
    r"surgeon|economist|lawmaker|veteran|member|author|expert|farmer|resident|witness|activist)\b",
    re.IGNORECASE,
)
QUESTIONER = re.compile(
    r"(?:Q|QUESTION|Question|Reporter|REPORTER|Journalist|Correspondent|Moderator|MODERATOR|Interviewer|Host|Presenter|"
    r"Anchor|Participant|PARTICIPANT)\b"
)
WHEN = (
    r"(?:(?:late |early )?(?:on|last|this|next|since) )?"
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?: (?:morning|afternoon|evening|night))?|"
    r"(?:on|in) (?:(?:19|20)\d{2}\b|(?:\d{1,2} )?"
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?: \d{1,2})?(?:,? \d{4})?)|yesterday|today|tonight|(?:earlier|later) (?:this|that|last|on) \w+|"
    r"(?:last|this) (?:week|month|year|morning|evening|autumn|spring|summer|winter)"
)


def _forms(lemma: str) -> dict[str, str]:
    """The forms of a verb: its base, the form in -s, the past, the participle, the form in -ing."""
    stem = lemma[:-1] if lemma.endswith("e") else lemma
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        third, past = f"{lemma[:-1]}ies", f"{lemma[:-1]}ied"
    else:
        third = f"{lemma}es" if lemma.endswith(("s", "sh", "ch", "x", "o")) else f"{lemma}s"
        past = f"{stem}ed"
    first, participle = IRREGULAR.get(lemma, f"{past} {past}").split()
    third = "has" if lemma == "have" else third
    past_form = "past" if participle == first else "participle"
    return {lemma: "base", third: "third", first: "past", participle: past_form, f"{stem}ing": "ing"}


# Every form of every verb above: its lemma and which form it is.
VERBS = {form: (lemma, kind) for lemma in sorted(SAY | STANCE | set(BEFORE)) for form, kind in _forms(lemma).items()}

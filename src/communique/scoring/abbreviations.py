"""The words after which a full stop needs a second look, and the words that start sentences."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Stand before a name: a full stop after one of these never ends a sentence.
TITLES = _words(
    """adm amb assoc atty brig capt cmdr col cpl cpt dep dr eng fr ft gen gov h.e hon hr lt ltc maj messrs mr mrs ms
    mt mx pres prof rep reps rev rt sen sens sgt st supt"""
)
# Stand before a number or a document's symbol; elsewhere the same letters end a sentence ("The answer is no.").
BEFORE_NUMBER = _words("no nos art arts para paras sec secs sect p pp vol vols ch fig figs res doc ref ser cl reg op")
# Never the last word of a sentence.
WITHIN = _words("e.g i.e cf viz al approx ca incl resp v vs")
# May end a sentence: they do when the next word is one that starts sentences.
EITHER = _words(
    """co corp inc ltd plc jr sr etc dept univ govt jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed
    thu thur thurs fri sat sun a.m p.m ph.d b.a m.a ave blvd bros"""
)
STARTERS = _words(
    """a after all also although an and any as asked at because before both but by despite during each earlier either
    even every few finally first following for from further furthermore given he her here hers his how however i if in
    indeed instead it its last later let many meanwhile more moreover most much my neither never nevertheless no nobody
    none nor not nothing now of on once one only or other others our over perhaps please rather second several she
    since so some such that the their then there therefore these they this those though through thus to today together
    tomorrow two under unfortunately until we what when where whether which while who why with without yes yesterday yet
    you your"""
)
SPEECH = _words("said says asked asks added told replied answered wondered exclaimed continued declared demanded")

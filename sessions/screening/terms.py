"""Words that judge or diagnose, with plainer ones in their place. Pure; the words are data.

A peer's note says what was seen and said. This is a hint and never holds a note up. What stands in
quotation marks is somebody's own words and is left alone: people may call themselves what they like.
A further language is one more table below.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sessions.screening.words import composed, is_shouted, languages_of, words_of

JUDGING: Final = "judging"
CLINICAL: Final = "clinical"


@dataclass(frozen=True, slots=True)
class Term:
    """A word found in a text, where it stands, and what could be said instead."""

    start: int
    end: int
    said: str
    kind: str
    instead: str


# Words as patterns: each alternative is whole words; "~" stands for a hyphen, a space or nothing.
_ENGLISH: Final = (
    (JUDGING, r"non~compliant|non~compliance|uncompliant|non~adherent|non~adherence", "chose not to …, or what they said about it"),
    (JUDGING, r"(?:not|isn't|wasn't|more|less|fully) compliant|medication compliance|med compliant", "takes, or does not take, …"),
    (JUDGING, r"manipulat(?:ive|ing|ed|es?|ion)|manipulatively", "what they asked for or did"),
    (JUDGING, r"attention~seeking|seeks attention|seeking attention|attention~seeker", "wanted to be heard"),
    (JUDGING, r"drug~seeking|med~seeking|medication~seeking", "asked for medicine for …"),
    (JUDGING, r"resistant|resistive|oppositional|defiant|uncooperative|non~cooperative|unwilling", "said no to …, did not want to …"),
    (JUDGING, r"(?:refused|refuses|refusing)", "said no to …, chose not to …"),
    (JUDGING, r"unmotivated|not motivated|lazy|lacks motivation|lack of motivation", "was tired, had other things in mind"),
    (JUDGING, r"in denial|denies|denied (?:any|si|hi|having|using|drinking|thoughts|feeling)", "said that …"),
    (JUDGING, r"lacks insight|lack of insight|poor insight|limited insight|no insight", "sees it another way: …"),
    (JUDGING, r"high~functioning|low~functioning", "what they do well, and where they want support"),
    (JUDGING, r"treatment~resistant|help~rejecting|frequent flyer", "has tried several things; has come often"),
    (JUDGING, r"difficult (?:client|patient|person|participant)|problem (?:client|patient)", "what was hard, and for whom"),
    (JUDGING, r"inappropriate|inappropriately|acting out|acted out|acts out", "what they said or did"),
    (JUDGING, r"hostile|belligerent|combative", "raised their voice, or what was seen"),
    (JUDGING, r"suffers? from|suffering from|suffered from|afflicted (?:with|by)|victim of", "lives with …"),
    (JUDGING, r"relapsed|relapses|relapse|fell off the wagon|falls? off the wagon", "used again, or: a return to use"),
    (JUDGING, r"addicts?|junk(?:ie|y)s?|druggies?|crackheads?|alcoholics?(?! anonymous)|drunks|substance abusers?|drug abusers?|abusers?", "a person who uses …, a person in recovery"),
    (JUDGING, r"substance abuse|drug abuse|alcohol abuse|drug habit", "substance use"),
    (JUDGING, r"(?:is|was|been|being|got|gets|getting|stay|stays|stayed|staying|remain|remains|remained|keeps|kept|tested|tests|came back|days|weeks|months|years) clean(?! (?:up|the|his|her|their|out|off))|clean time|clean and sober|clean (?:from|off) \w+", "not using, in recovery for …"),
    (JUDGING, r"(?:tested|tests|came back|is|was) dirty|dirty (?:urines?|tests?|drops?|screens?|ua|uas|needles?)", "the test showed …; used needles"),
    (JUDGING, r"crazy|insane|psycho|lunatic|mentally ill|the mentally ill|the homeless|schizophrenics|psychotics|borderlines|bipolars", "the person first: lives with …"),
    (JUDGING, r"committed suicide|failed suicide|successful suicide|suicide gesture|suicidal gesture|parasuicid\w+", "died by suicide; tried to end their life"),
    (JUDGING, r"wheelchair~bound|confined to a wheelchair|handicapped|retarded", "uses a wheelchair; lives with a disability"),
    (JUDGING, r"enabler|codependent|co~dependent", "what they do for each other"),
    (CLINICAL, r"diagnos(?:is|es|ed|ing|e)|prognosis|symptomatology|psychopathology|pathological|pathology", "leave it to the clinicians; what did the person say?"),
    (CLINICAL, r"bipolar(?: disorder)?|schizophreni(?:a|c)|schizoaffective|borderline personality|personality disorder|(?:major )?depressive disorder|anxiety disorder|psychosis|psychotic|manic|mania|hypomani(?:a|c)|dissociat(?:ive|ed|ing)|delusion(?:s|al)?|hallucinat(?:ing|ions?|ed)|paranoi(?:d|a)|narcissis(?:t|tic|m)|sociopath(?:ic)?", "what the person said or did, in plain words"),
    (CLINICAL, r"decompensat(?:ed|ing|ion)|dysregulat(?:ed|ion)|labile|flat affect|blunted affect|affect (?:was|is) \w+|mood congruent|perseverat(?:ed|ing|ion)|tangential|ideation|psychomotor|comorbid\w*|symptomatic|asymptomatic|presented with|presents with|maladaptive|cognitive distortions?", "what was seen and said, in plain words"),
    (CLINICAL, r"treatment plan|intervention was|interventions (?:were|included)|clinically|assessed|assessment of", "what you did together"),
)  # fmt: skip
_SPANISH: Final = (
    (JUDGING, r"incumplid[oa]s?|incumplimiento|no cumple con|no adherente|falta de adherencia", "eligió no …, o lo que dijo"),
    (JUDGING, r"manipulador(?:a|es|as)?|manipulativ[oa]s?|manipul(?:a|ó|aba|ando)", "lo que pidió o hizo"),
    (JUDGING, r"(?:llama|llamar|llamando|busca|buscar|buscando) (?:la )?atención|llamad[oa]s? de atención", "quería que la escucharan"),
    (JUDGING, r"resistente|oposicionista|desafiante|poco cooperativ[oa]|no coopera(?:tiv[oa])?|se (?:niega|negó|rehúsa|rehusó) a", "dijo que no a …, no quiso …"),
    (JUDGING, r"desmotivad[oa]s?|floj[oa]s?|perezos[oa]s?|vag[oa]s?|falta de motivación", "estaba cansada, tenía otra cosa en mente"),
    (JUDGING, r"en negación|niega", "dijo que …"),
    (JUDGING, r"sin conciencia de enfermedad|falta de insight|poco insight", "lo ve de otra manera: …"),
    (JUDGING, r"inapropiad[oa]s?|conflictiv[oa]s?|problemátic[oa]s?|hostil(?:es)?|agresiv[oa]s?", "lo que dijo o hizo"),
    (JUDGING, r"sufre de|padece(?: de)?|víctima de", "vive con …"),
    (JUDGING, r"recay(?:ó|eron|endo)|recaídas?", "volvió a consumir"),
    (JUDGING, r"adict[oa]s?|drogadict[oa]s?|drogad[oa]s?|alcohólic[oa]s?|borrach[oa]s?|toxicóman[oa]s?|yonquis?", "una persona que consume …, en recuperación"),
    (JUDGING, r"abuso de (?:sustancias|drogas|alcohol)", "consumo de …"),
    (JUDGING, r"(?:está|estaba|estuvo|sigue|días|meses|años|salió) limpi[oa]|(?:salió|está) suci[oa]", "sin consumir, en recuperación desde …"),
    (JUDGING, r"loc[oa]s?|demente|trastornad[oa]s?|enferm[oa]s? mental(?:es)?|esquizofrénic[oa]s?|psicótic[oa]s?", "primero la persona: vive con …"),
    (JUDGING, r"se suicidó|intento fallido|minusválid[oa]s?|retrasad[oa]s?|discapacitad[oa]s?", "murió por suicidio; vive con una discapacidad"),
    (CLINICAL, r"diagnóstic(?:o|os|ad[oa]s?)|diagnosticad[oa]s?|pronóstico|sintomatología|patológic[oa]s?|patología", "déjelo a los clínicos; ¿qué dijo la persona?"),
    (CLINICAL, r"(?:trastorno )?bipolar|esquizofrenia|trastorno (?:de|límite|depresivo)\w*|psicosis|delirios?|delirante|alucinacion(?:es)?|alucin(?:a|aba|ando)|paranoi(?:a|de|co|ca)|manía|maníac[oa]|narcisista|disociad[oa]|disociativ[oa]", "lo que dijo o hizo, en palabras sencillas"),
    (CLINICAL, r"descompensad[oa]s?|afecto plano|afecto aplanado|ideación|lábil|comórbid\w*|se presenta con", "lo que se vio y se dijo"),
)  # fmt: skip
# Capitals only, and only in a text that is not all capitals.
_SHORT: Final = r"SI|HI|MDD|GAD|BPD|PTSD|ADHD|OCD|SUD|AUD|OUD|DSM|ETOH|A&Ox\d|TEPT|TDAH|TLP"
_QUOTED: Final = re.compile(
    r"“[^”\n]{0,500}”|\"[^\"\n]{0,500}\"|«[^»\n]{0,500}»|„[^“”\n]{0,500}[“”]"
)
TABLES: Final = {"en": _ENGLISH, "es": _SPANISH}
# What somebody says of themselves in their own words is theirs.
_OF_ONESELF: Final = re.compile(r"\b(?:i|i'm|im|me|my|myself|yo|soy|estoy|me|mi)\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str, str]]:
    made = []
    for table in TABLES.values():
        for kind, words, instead in table:
            pattern = words.replace("~", r"[-‐‑ ]?")
            made.append((re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), kind, instead))
    return made


def terms_in(text: str, *, own_words: bool = False) -> list[Term]:
    """Judging and clinical words outside quotation marks, in order, none inside another.

    With `own_words` the text is what the participant said: lines that speak as "I" are left alone.
    The places count the letters of `composed(text)`.
    """
    text = composed(text)
    exempt = [match.span() for match in _QUOTED.finditer(text)]
    if own_words:
        exempt += [m.span() for m in re.finditer(r"[^.!?\n]+", text) if _OF_ONESELF.search(m[0])]
    found = [
        Term(*match.span(), match.group(), kind, instead)
        for pattern, kind, instead in _patterns()
        for match in pattern.finditer(text)
    ]
    if not is_shouted(text):
        found += [
            Term(*match.span(), match.group(), CLINICAL, "write it out, in plain words")
            for match in re.finditer(rf"(?<!\w)(?:{_SHORT})(?!\w)", text)
            if not (match.group() == "SI" and _spanish(text))
        ]
    kept: list[Term] = []
    for term in sorted(found, key=lambda t: (t.start, -t.end)):
        if any(start <= term.start and term.end <= end for start, end in exempt):
            continue
        if not kept or term.start >= kept[-1].end:
            kept.append(term)
    return kept


def _spanish(text: str) -> bool:
    """Whether the rest of the text is, so that SI is a yes or an if."""
    return languages_of(words_of(re.sub(r"\bSI\b", "", text))) == ("es",)

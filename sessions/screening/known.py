"""The words around names, as data: what is an ordinary word, a place, a month. Add to it freely."""

from typing import Final


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In these dictionaries, but people who write them small mostly mean somebody.
CHIEFLY_NAMES: Final[dict[str, frozenset[str]]] = {
    "en": _set("""
        abbey ally angelica barney billy bob bobby brad carol charlie chuck clement clementine
        dolly ed eddy fanny fritz gabby garret harry jack jasper jay jean jenny jimmy joey john
        johnny josh larry lea lolly lorry mac margarita marge maria martin mick mickey midge mike
        molly moll nelson newton nick noel patsy peter phoebe randy rick rob rod roger ron sally sheila
        sherry sonny sully ted teddy terry timothy tom tony val veronica victor wally willy zed
        kevin jason ken dave steve paul ann anne mary jane lisa linda sandra donna juan jose
        """),
    "es": _set("""
        juan luis pedro lucia carmen pepe pancho ramon marcos marta marina mateo jorge margarita
        mariana patricia diego enrique esteban francisco angelica ben benjamin carla charles claudia
        cilla curtis dan diana dina elena frances franklin gilbert helena henry india james jane jo
        june lena leo linda lila lina lisa marcia margarita maria martin martina max maxwell miranda
        mona napoleon nelson newton orlando pamela paul paula pete rafa rita rob ron salome serena
        simon teresa tina trina val valentina vina victor viola virginia vivian julian julia ana
        """) - {"dan", "lena", "lila", "lina", "linda", "mona", "cilla", "india", "serena", "viola"},
}  # fmt: skip

# Written with a capital, and nobody on a roster: no misspelling of a name.
PROPER: Final = _set("""
    monday tuesday wednesday thursday friday saturday sunday
    lunes martes miercoles jueves viernes sabado domingo
    january february march april may june july august september october november december
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
    christmas easter thanksgiving halloween ramadan eid hanukkah diwali juneteenth kwanzaa lent passover
    navidad pascua adviento god dios christ cristo allah bible biblia quran koran torah buddha
    english spanish french german arabic russian chinese vietnamese korean portuguese hindi somali
    italian polish ukrainian swahili tagalog creole latin latino latina latinx hispanic american mexican
    cuban haitian african asian indian native european irish greek turkish persian hebrew jewish muslim
    christian catholic baptist lutheran methodist mormon buddhist hindu
    america mexico cuba haiti canada china india japan korea vietnam russia ukraine poland germany
    france spain italy greece turkey iran iraq syria egypt kenya somalia nigeria ghana ethiopia eritrea
    honduras guatemala salvador nicaragua panama colombia venezuela ecuador peru bolivia chile
    argentina brazil paraguay uruguay jamaica dominican rico puerto espana alemania francia italia
    alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho
    illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota
    mississippi missouri montana nebraska nevada hampshire jersey york carolina dakota ohio oklahoma
    oregon pennsylvania rhode tennessee texas utah vermont virginia washington wisconsin wyoming
    portland boston chicago houston phoenix philadelphia dallas austin seattle denver detroit atlanta
    miami orlando tampa oakland sacramento fresno tucson omaha tulsa brooklyn queens bronx manhattan
    harlem albany buffalo newark camden trenton richmond norfolk baltimore cleveland columbus
    cincinnati toledo pittsburgh memphis nashville louisville milwaukee madison minneapolis paso angeles london paris berlin madrid barcelona havana lima bogota
    hanoi saigon moscow kyiv beijing shanghai cairo baghdad damascus beirut tehran
    zoom google facebook instagram tiktok youtube netflix spotify amazon walmart target costco uber lyft
    apple android whatsapp medicaid medicare narcan suboxone methadone naloxone vivitrol zoloft prozac
    lexapro ativan xanax seroquel abilify lithium lamictal tylenol advil
    alanon naranon anonymous smart wrap wellness recovery harbor
    """)

MONTHS: Final = _set(
    "january february march april may june july august september october november december enero "
    "febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre summer winter "
    "spring autumn verano invierno primavera otono"
)
BEFORE_A_MONTH: Final = _set(
    "in since until till this next last every each early late mid during through end before after by en desde hasta "
    "este proximo pasado cada durante mes month"
)
OF: Final = frozenset({"of", "de"})
BEFORE_OF: Final = _set(
    "third fourth fifth end start beginning middle month first second last rest fin final inicio principio mediados mes"
)

# Two letters that are hardly somebody.
ABBREVIATIONS: Final = _set("""
    aa ab ac ad ae af ag ai al am an ap aq ar as at au av ax ba bc bf bk bp bs ca cb cc cd ce cm co cp cs ct
    cv da db dc dd de di dj dl dm do dr ds dt dv dx ea ed ee eg ek el em en eq er es et eu ex fb fl fm fu fx
    fy ga go gp ha he hi hq hr hs ht hx hz ia id ie if ii il im in io ip iq ir is it iv iz ky la lb le lo
    lp lt ma mb md me mg mi mm mn mo mr ms mt mv my na nc nd ne ng nh nj nm no np nv ny oc od of
    oh ok on op or os ot ox oz pa pc pe pg ph pi pm po pp pr ps pt px qa rd re rh ri rn rx sa sc sd se sf si
    so sp sq sr st su ta tb tc td te ti tn to tv tx ua ud uk un up us ut uv va vi vp vs vt wa we wi wv wy xl
    xx ya ye yo
    """)

# Whoever does this is a person, even where the word before is an ordinary one.
SPEAKS: Final = _set("""
    said says told tells asked asks replied answered answers mentioned thinks thought felt feels laughed
    cried smiled nodded arrived talked talks spoke speaks sat listened volunteered apologized
    dijo dice conto cuenta pregunto pregunta respondio contesto menciono piensa penso siente sintio
    lloro sonrio llego hablo habla escucho
    """)
OFFERS: Final = SPEAKS | _set(
    """
    brought offered offers agreed agrees joined joins wanted wants liked likes shared shares
    remembered remembers wrote chose tried called texted visited sang knew knows heard met
    trajo quiere queria compartio comparte ofrecio recordo escribio
    """
)
ACTS: Final = OFFERS | _set("""
    was is has had did does got gets came comes went goes left leaves took takes gave gives made makes
    brought brings led leads began begins kept keeps knew knows saw sees found finds heard hears met ran
    wants wanted likes liked shared shares joined joins offered offers agreed agrees helped helps
    remembered remembers wrote writes read reads chose chooses stayed stays showed shows tried tries
    started starts seemed seems needed needs worked works called calls texted visited drew sang walked
    hasn didn doesn isn wasn can could would should might will who whose
    fue es era estaba esta tiene tenia hizo hace vino viene fue va salio sale tomo trajo llevo
    quiere queria gusta compartio comparte ayudo ayuda ofrecio recordo escribio eligio empezo parece parecia
    puede podria quien
    """)
# What people do and things hardly: of somebody who left, an ordinary word needs as much.
DONE_BY_PEOPLE: Final = OFFERS | _set(
    "came comes went goes stayed stays ran tried tries walked worked calls vino viene fue vuelve volvio"
)
# "Wood and the others"
OTHERS: Final = _set("others rest group otros otras demas grupo")
VERBS_END: Final = ("ed", "es", "ts", "ds", "ks", "ps", "ns", "ys", "rs", "ms")
# After "was" and "is", what speaks of a thing.
OF_A_THING: Final = _set(
    "when where how why the a an our his her their its my one what something important topic theme word el la los un una "
    "nuestro nuestra su lo tema palabra importante"
)
POINTS: Final = _set(
    "the a an this that these those his her their my our your its some any no every each el la los las un "
    "una unos unas este esta ese esa su sus mi mis tu tus nuestro nuestra del al algun ningun cada mucho "
    "mucha more less much great good new big small"
)
# Before a word with a capital: it is spoken of as a thing.
ARTICLES: Final = _set(
    "the a an his her their my our your its el la los las un una este esta su sus mi tu nuestro "
    "nuestra del al"
)
# After a name of a place or an undertaking.
PLACES: Final = _set("""
    center centre church house street avenue ave road rd st blvd boulevard drive lane hospital clinic
    hall park school group workshop project foundation college university library shelter county city
    river lake beach bridge station mall market store cafe garden gardens building room program
    ministries mission chapel parish apartments inn hotel day night morning circle club court plaza
    """)
# Who is spoken of by name without being in the group.
KIN: Final = _set("""
    sister brother son daughter mother father mom dad mum wife husband partner aunt uncle cousin niece
    nephew grandma grandpa grandmother grandfather grandson granddaughter girlfriend boyfriend fiance
    fiancee stepson stepdaughter stepmother stepfather godson godmother roommate landlord boss manager
    neighbor neighbour teacher coach pastor priest doctor dr nurse therapist counselor dentist lawyer
    judge sponsor named called llamado llamada llama dog cat puppy kitten horse bird singer author president
    hermana hermano hijo hija madre padre mama papa esposa esposo mujer marido tia tio prima primo
    sobrina sobrino abuela abuelo nieto nieta novia novio suegra suegro cunada cunado jefe jefa vecina
    vecino maestra maestro pastora doctora dra enfermera enfermero terapeuta abogada abogado perro
    perra gato gata
    """)
PARTICLES: Final = _set("af al av bin bint da dal das de degli dei del della den der des di do dos du e el la las le los of san "
    "santa st ten ter van vel von vom y zu zum zur o mc mac abu ben ibn")  # fmt: skip

# Shortened before a name: the point after them ends no sentence.
SHORTENED: Final = _set("dr dra mr mrs ms sr sra srta st sta prof lic ing vs")
# Small words that tell a language.
BEGINS: Final[dict[str, frozenset[str]]] = {
    "en": _set(
        "the and was were with for her his they of to in he she that is had a on at it not we about "
        "said has be do so no my up us if as an by or"
    ),
    "es": _set(
        "el la los las que de y en con por para una un se su fue lo del al sus es como muy mas dijo "
        "ha esta le al me te nos si no ni mi tu"
    ),
}

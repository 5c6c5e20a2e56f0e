"""English."""

from pipelines.text.languages.language import Language, Names, Prompts, Questions

STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be because been before being both but by can could did do does doing
    down during each few for from further had has have having he her here hers him his how i if in into is it its
    itself just let me more most my no nor not now of off on once only or other our ours out over own per same she
    should so some such than that the their theirs them then there these they this those through to too under until
    up very was we were what when where which while who whom whose why will with would you your yours
    """.split()
)


def _stem(word: str) -> str:
    """Cut the plural (Harman's S-stemmer, 1991): enough to match "warehouses" with "warehouse"."""
    if len(word) < 4 or not word.endswith("s") or not word.isalpha():
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    return word if word.endswith(("us", "ss", "aes", "ees", "oes", "is")) else word[:-1]


_TITLES = ("mr", "mrs", "ms", "dr", "prof", "sir", "dame")
_MONTHS = ("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec")

_ANSWERED = (
    (
        "Why do leaves turn yellow in autumn?",
        "In autumn trees stop making chlorophyll, and the yellow pigments beneath it begin to show.",
    ),
    ("How long does it take to boil an egg hard?", "An egg is hard after ten minutes in boiling water."),
    (
        "Who painted the ceiling of the Sistine Chapel?",
        "Michelangelo painted the Sistine Chapel's ceiling between 1508 and 1512.",
    ),
    ("How many moons does Mars have?", "Mars has two small moons, which are called Phobos and Deimos."),
    ("What is the longest river in South America?", "The Amazon is longer than any other river of South America."),
    (
        "Why does a piano go out of tune?",
        "Changes in humidity swell and shrink a piano's soundboard, and the strings lose their pitch.",
    ),
    (
        "When was the printing press invented?",
        "Johannes Gutenberg built his first printing press in Mainz around 1440.",
    ),
    (
        "What do bees live on in winter?",
        "Through the winter bees sit in a tight cluster and eat the honey that they stored.",
    ),
    (
        "How do adults learn to swim?",
        "Those who learn to swim late first practise floating and breathing out under water.",
    ),
    ("What causes the tides of the sea?", "The pull of the moon and the sun raises and lowers the sea twice a day."),
    (
        "How many players of a volleyball team are on the court?",
        "In volleyball six people of each side stand on the court.",
    ),
    ("What helps against a sore throat?", "Warm drinks with honey and plenty of rest soothe a sore throat."),
    ("How does a microscope enlarge things?", "The lenses of a microscope bend light so that small things look large."),
    ("Which language is spoken in Brazil?", "Nearly all people in Brazil speak Portuguese."),
    (
        "How are bridges made safe against earthquakes?",
        "Rubber bearings between deck and pillars let a bridge sway in an earthquake without breaking.",
    ),
    ("Why does bread rise?", "Yeast turns the sugar of the dough into gas, whose bubbles lift the bread."),
)

ENGLISH = Language(
    code="en",
    name="English",
    characters="A-Za-zÀ-ɏ",
    grammar=STOP_WORDS,
    stop_words=STOP_WORDS,
    back_references=("It", "Its", "He", "His", "She", "Her", "They", "Their", "This", "These"),
    stem=_stem,
    abbreviations=frozenset(
        ("mr", "mrs", "ms", "dr", "prof", "st", "mt", "e.g", "i.e", "eg", "ie", "vs", "cf", "approx", "resp", "incl")
    ),
    abbreviations_before_numbers=frozenset(
        ("no", "nos", "nr", "art", "p", "pp", "vol", "sec", "ch", "fig", "tel", "ext", "ca", "abt", *_MONTHS)
    ),
    answered=_ANSWERED,
    refusal="The sources do not hold an answer to this.",
    prompts=Prompts(
        answer_task="Answer the question from the sources in one short sentence. Use only their words and numbers.",
        sources="Sources:",
        question="Question: ",
        answer="Answer:",
        summary_task=(
            "Summarise the facts below in two short sentences. Use only what the facts say and keep the names."
        ),
        facts="Facts:",
        members="About: ",
        summary="Summary:",
        report_task=(
            "Report on the numbered facts below, in English. Say only what they say; copy names and numbers. "
            'Answer with JSON alone: {"title":"a few words with the main names",'
            '"summary":"two to four sentences on what holds the facts together",'
            '"rating":0 to 10 (how much a reader would miss this),'
            '"findings":[{"text":"one sentence","facts":[numbers of its facts]}]}. '
            "At most five findings, most important first."
        ),
    ),
    questions=Questions(
        asking_words=frozenset(
            """
            many much long often quickly high kind type sort name number amount happen time town city country place
            year person present currently together
            """.split()
        ),
        collection_words=frozenset(
            """
            summarise summarize summary summaries overview outline describe give document documents text texts article
            articles file files source sources corpus collection dataset archive whole entire all these
            """.split()
        ),
        gap=(
            r"\b(?:in|on|at|of|for|to|with|by|from|the|a|an|and|or|is|are|was|were|does|do|did|has|have|had|be|been|"
            r"that|which|who|whom|what|when|where|how|our|its|their|before|after)\b"
        ),
        number_word=(
            r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|eighteen|twenty|thirty|"
            r"forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|lifetime|once|twice|half)\b"
        ),
        number=(
            r"\bhow (?:many|much|long|high|big|large|old|often|far|heavy|quickly|fast|soon)\b|\bwhen\b|"
            r"\b(?:which|what) (?:year|date|month|temperature|percentage|share|price|time|floor area)\b|"
            r"\bcosts?\b|\bprice\b"
        ),
        year=r"\b(?:which|what) year\b",
        name=(
            r"\b(?:which|what) (?:\w+ )?"
            r"(?:town|city|country|place|company|firm|carrier|supplier|maker|project|site)\b|\bwhere\b"
        ),
        person=r"^\s*(?:by |to |from |with )?(?:who|whom|whose)\b",
        whole=(
            r"\b(?:kinds? of|main|overall|in general|common|altogether|summar\w+|themes?|divided|which \w+s|"
            r"(?:does|did|has) the company|the company (?:do|did))\b"
        ),
        # As the global questions of Edge and others (2024) and the "data-global" ones of BenchmarkQED ask.
        corpus=(
            r"\b(?:main|major|key|overall|common|recurring|prevalent|central|important|dominant|top(?: \w+)?) "
            r"(?:themes?|topics?|subjects?|issues?|trends?|patterns?|concerns?|ideas?|findings?|areas?|problems?)\b|"
            r"\b(?:themes|topics|trends|patterns)\b|"
            r"\b(?:summar(?:y|ies|i[sz]e[sd]?)|overview|outline)\b.*"
            r"\b(?:documents?|corpus|collection|data ?set|texts|articles|files|archive|everything|all|these)\b|"
            r"\bin common\b|\b(?:across|throughout) (?:all|the|these|this)\b|"
            r"\b(?:all|these|the (?:whole|entire)) (?:the |of the )?"
            r"(?:documents|texts|articles|files|sources|collection|corpus|data ?set)\b"
        ),
        comparison=(
            r"\b(?:both|compared?|versus|vs|than)\b|\bthe same\b|\bdifferences? between\b|"
            r"^(?:which|who|what|are|were|was|is|do|does|did)\b.*\b(?:,|or)\b.*\?|^(?:are|were|do|did|have)\b.* and "
        ),
        hops=(
            r"\b(?:that|which|whose|where|when|who)\b(?<!^which)(?<!^where)(?<!^when)(?<!^who)(?<!^whose)|"
            # The maker of a thing, where the question asks for something about the maker; kin of kin.
            r"^(?!(?:who|what) (?:is|was|are|were) the \w+ of\b).*\bthe \w+(?:er|or|ist) of\b|"
            r"\b\w+-in-law\b|\b(?:grand|step)(?:fathers?|mothers?|sons?|daughters?|parents?|child(?:ren)?)\b|"
            r"\bof (?:the |an? )?[\w ]{2,40}? of\b|[’']s? [\w ]{2,40}?[’']s?\b|\bof [\w .,-]{2,40}?[’']s\b"
        ),
        counted=r"\bhow many (\w+)(?: (metres|meters|kilometres|\w+))?",
        growth=r"\b(?:grow\w*|grew|growth|increas\w+|decreas\w+|declin\w+|rise|rose|risen|fall|fell|fallen|drop\w*)\b",
        difference=(
            r"\bdifference\b|"
            r"\bhow (?:much|many) (?:\w+ ){0,2}(?:more|less|fewer|higher|lower|heavier|lighter|longer|larger|cheaper)\b"
        ),
        ratio=r"\bratio\b|\bhow many times\b|\btimes as (?:many|much)\b",
        earlier_year=r"\b(?:(?:the )?(?:last|previous|prior|past) year|the year before)\b",
        this_year=r"\b(?:this year|the current year|to this one)\b",
        reworded={"could": "can", "may": "can", "please": "", "the": "", "a": "", "an": ""},
    ),
    names=Names(
        titles=_TITLES,
        company_endings=("holding", "holdings", "group"),
        inside=("of", "the", "for", "de", "la", "von", "van", "der", "den"),
        person=r"\b[A-ZÀ-Þ][\w’'-]+ (?:[A-Z]\. )?[A-ZÀ-Þ][\w’'-]+",
        also_called=frozenset(
            (
                "aka", "a.k.a", "also called", "also known as", "better known as", "commonly known as",
                "known as", "known also as", "formerly", "formerly known as", "previously", "previously known as",
                "formerly called", "originally", "originally named", "now known as", "née", "nee", "born",
                "abbreviated", "abbreviated as", "abbreviated to", "abbreviation", "short for", "for short",
                "or simply",
                "hereinafter", "hereafter", "referred to as", "hereinafter referred to as", "alias", "nicknamed",
            )
        ),
        calendar=frozenset(
            """
            january february march april may june july august september october november december
            monday tuesday wednesday thursday friday saturday sunday
            """.split()
        ),
    ),
)  # fmt: skip

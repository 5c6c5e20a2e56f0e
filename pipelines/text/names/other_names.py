"""What countries are called besides in English: short and official names.

General knowledge, as any dictionary of English has it; nothing here is from a corpus.
"""

_OTHERS = """
united_states=us,u.s,usa,u.s.a,united_states_of_america,america
united_kingdom=uk,u.k,great_britain,britain,united_kingdom_of_great_britain_and_northern_ireland
united_arab_emirates=uae,u.a.e european_union=eu,e.u united_nations=un,u.n
china=prc,people's_republic_of_china north_korea=democratic_people's_republic_of_korea south_korea=republic_of_korea
soviet_union=ussr,u.s.s.r,union_of_soviet_socialist_republics czechia=czech_republic russia=russian_federation
germany=federal_republic_of_germany
"""


def _names(text: str) -> dict[str, str]:
    pairs = (pair.split("=") for pair in text.split())
    return {other.replace("_", " "): land.replace("_", " ") for land, others in pairs for other in others.split(",")}


OTHER_NAMES = _names(_OTHERS)
"""From "usa" to "united states"."""
STATE_FORMS = (
    "kingdom of", "republic of", "federal republic of", "commonwealth of", "principality of",
    "grand duchy of", "sultanate of", "socialist republic of", "islamic republic of", "federation of",
)  # fmt: skip
"""What stands before a country's name in its official one."""
SHARED_BY_STATES = frozenset({"china", "korea", "congo", "the congo", "vietnam", "yemen"})
"""Names that two states bear or bore: "Republic of China" is not China."""

"""What a text says between two names of one thing, in both languages: also known as, (or …), （英语：…）.

General vocabulary, beside `also_called` of the languages; the patterns are of small letters.
"""

_HOW = (
    "(?:also|more|better|best|most|commonly|sometimes|often|otherwise|popularly|locally|officially|formerly|previously|"
    "originally|usually|generally|now|then|today|later|alternatively|variously|widely|simply|informally|formally|"
    "occasionally|colloquially|historically|internationally|professionally|currently|initially|earlier|once) "
)
_BE = "(?:(?:is|are|was|were|has been|had been) )?"
_AS = "(?:(?:until|since|from|before|in) [\\w ]{2,14} )?as"
_SPELT = "(?:spelled|spelt|styled|stylized|stylised|rendered|transliterated|romanized|romanised|written|translated)"
_TONGUES = """
    afrikaans albanian amharic arabic armenian azerbaijani basque belarusian bengali bosnian breton bulgarian
    burmese cantonese catalan cherokee chinese croatian czech danish dutch english esperanto estonian finnish
    french galician georgian german greek gujarati hausa hawaiian hebrew hindi hungarian icelandic igbo
    indonesian irish italian japanese kannada kazakh khmer korean kurdish kyrgyz lao latin latvian lithuanian
    macedonian malagasy malay malayalam maltese mandarin maori marathi mongolian nepali norwegian odia pashto
    persian polish portuguese punjabi quechua romanian russian sanskrit serbian sindhi sinhala slovak slovene
    slovenian somali spanish swahili swedish tagalog tajik tamil tatar telugu thai tibetan tigrinya turkish
    turkmen ukrainian urdu uyghur uzbek vietnamese welsh xhosa yiddish yoruba zulu pinyin romanization
    romanisation transliteration
""".split()
"""Languages by the names that ISO 639 has in English, and ways to write one in another's letters."""
_LANGUAGES = (
    f"(?:(?:simplified|traditional|old|ancient|classical|modern|middle|medieval|standard) )*(?:{'|'.join(_TONGUES)})"
)
_CHINESE_LANGUAGES = (
    "(?:英|法|德|日|俄|韩|中|泰|藏|梵|印地|意大利|西班牙|葡萄牙|阿拉伯|拉丁|希腊|希伯来|波斯|土耳其|蒙古|维吾尔|越南|外)"
    "[语文]"
)
CALLED_IN_CHINESE = frozenset("又作 亦作 也作 或称 也写作 现称 现名 今称".split())
IN_BRACKETS = frozenset("or also now later then called dubbed nicknamed renamed 或 又 亦 现".split())
"""What says so at the beginning of a bracket alone: (or South Gondar)."""
OF_A_TIME = frozenset(("now", "then", "later", "现"))
"""What says of a place in what country it lies today, as often as how it is called: Vitebsk, Russian Empire (now …)."""
CALLED = (
    f"{_BE}(?:{_HOW})*(?:known|referred to|designated|abbreviated|{_SPELT}) (?:{_HOW})*{_AS}|"
    "(?:is|are|was|were) (?:called|nicknamed|dubbed|renamed)"
)
SET_OFF = (
    f"(?:and |but )?(?:(?:{_HOW})+(?:called|nicknamed|dubbed|renamed|termed|titled)|named {_AS}|"
    f"(?:{_HOW})*{_SPELT}(?: as)?|abbreviated(?: as| to)?|shortened to)|"
    "(?:lit|literally|nickname|english title)|"
    "(?:common|real|birth|stage|pen|trade|brand|full|legal|native|original|former|english) names?(?: is| was)?|"
    f"{_CHINESE_LANGUAGES}(?:名|名称|全称|简称|缩写|原名)"
)
"""What says so behind a comma or in a bracket: ", nickname Bertha"."""
LANGUAGES = f"(?:in |from )?{_LANGUAGES}|{_CHINESE_LANGUAGES}"
"""Languages as they stand before a name with a colon: (Thai: …)."""

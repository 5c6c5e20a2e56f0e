"""What a question asks for: its terms, its names, the kind of thing that answers it."""

import re
from itertools import pairwise

from pipelines.text.characters import HAN, HAN_CHARACTER
from pipelines.text.languages.english import STOP_WORDS as ENGLISH_STOP_WORDS
from pipelines.text.terms import root, terms

# What a question says about the shape of its answer, not about its subject.
_ASKING_WORDS = (
    "many much long often quickly high kind type sort name number amount happen time town city country place year "
    "person present currently together 年份 哪些 哪一 分别 多 多久 多大 多长 时间 一共 哪年 何时 哪 第几 少 来 城市 "
    "地方 类型 现在 目前 人"
)


# Pairs do not reach over the words that bind or over marks: "the shop in Oslo" holds no "shop oslo".
_GAP = re.compile(
    r"[,;:()“”\"，；：、（）]|\b(?:in|on|at|of|for|to|with|by|from|the|a|an|and|or|is|are|was|were|does|do|did|has|have|had|be|been|"
    r"that|which|who|whom|what|when|where|how|our|its|their|before|after)\b|[的在和与是及]|多少|几|哪",
    re.IGNORECASE,
)


_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


_NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|eighteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|lifetime|once|twice|half)\b|[一二两三四五六七八九十百千万半]+",
    re.IGNORECASE,
)


_ENGLISH_PERSON = re.compile(r"\b[A-ZÀ-Þ][\w’'-]+ (?:[A-Z]\. )?[A-ZÀ-Þ][\w’'-]+")


_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪"
    "戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚"
)


_CHINESE_PERSON = re.compile(rf"[{_SURNAMES}][{HAN}]{{1,2}}")


# Capitalised, but no name of anything.
_CALENDAR = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)


_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|high|big|large|old|often|far|heavy|quickly|fast|soon)\b|\bwhen\b|"
    r"\b(?:which|what) (?:year|date|month|temperature|percentage|share|price|time|floor area)\b|\bcosts?\b|\bprice\b|"
    r"多少|几|多久|多长|多大|何时|什么时候|哪一?年|期限|面积|价格",
    re.IGNORECASE,
)


_ASKS_YEAR = re.compile(r"\b(?:which|what) year\b|哪一?年", re.IGNORECASE)


_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


_ASKS_NAME = re.compile(
    r"\b(?:which|what) (?:\w+ )?(?:town|city|country|place|company|firm|carrier|supplier|maker|project|site)\b|"
    r"\bwhere\b",
    re.IGNORECASE,
)


_ASKS_PERSON = re.compile(r"^\s*(?:by |to |from |with )?(?:who|whom|whose)\b|谁|哪位", re.IGNORECASE)


_ASKING = frozenset(root(word) for word in _ASKING_WORDS.split())


def question_terms(question: str) -> list[str]:
    """Return the distinct terms and pairs that evidence has to hold, in order: without the words that only ask."""
    wanted: dict[str, None] = {}
    for phrase in _GAP.split(question):
        found = [term for term in terms(phrase) if term not in _ASKING]
        wanted |= dict.fromkeys(found)
        wanted |= dict.fromkeys(f"{first} {second}" for first, second in pairwise(found))
    return list(wanted)


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, thousands joined ("2,300" is "2300"), written-out ones in small letters."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    return set(_NUMBER.findall(plain)) | {match.lower() for match in _NUMBER_WORD.findall(text)}


def names(text: str) -> set[str]:
    """Return the capitalised words of a text, without months and what is only capitalised for being first."""
    found = set()
    for match in re.finditer(r"[A-ZÀ-Þ][\w’'-]*", text):
        before = text[: match.start()].rstrip(" \"'“‘(*")
        opens = not before or before[-1] in ".!?:。！？"
        followed = re.match(r" [A-ZÀ-Þ]", text[match.end() :]) or len(text.split()) == 1
        word = match.group().lower()
        if word not in ENGLISH_STOP_WORDS and word not in _CALENDAR and (not opens or followed):
            found.add(word)
    return found


def key_terms(question: str) -> set[str]:
    """Return what evidence cannot do without: the numbers and names of the question; Latin words in a Chinese one."""
    marked = {number for number in numbers(question) if number[0].isdigit()} | names(question)
    if HAN_CHARACTER.search(question):
        marked |= {word.lower() for word in re.findall(r"[A-Za-z][\w-]*", question)}
    return {term for word in marked for term in terms(word)}


def holds_counted_thing(question: str, text: str) -> bool:
    """Say whether a text names what "how many …" or "多少…" counts; True where the question counts nothing."""
    match = re.search(r"\bhow many (\w+)(?: (metres|meters|kilometres|\w+))?", question, re.IGNORECASE)
    if match:
        held = set(terms(text))
        return bool(held & set(terms(" ".join(filter(None, match.groups())))))
    match = re.search(rf"(?:多少|几)(平方米|[{HAN}])([{HAN}]{{0,2}})", question)
    if not match or match.group(1) == "钱":
        return True
    return re.search(rf"[\d一二两三四五六七八九十百千万半]\s*[多余]?\s*{match.group(1)}", text) is not None


_WIDE = re.compile(
    r"\b(?:kinds? of|main|overall|in general|common|altogether|summar\w+|themes?|divided|which \w+s|"
    r"(?:does|did|has) the company|the company (?:do|did))\b|哪些|分别|总结|概括|归纳|共同|主要|整个|总体|所有",
    re.IGNORECASE,
)


def asks_widely(question: str) -> bool:
    """Say whether a question asks about the collection as a whole, for many things rather than one fact."""
    one_fact = _ASKS_PERSON.search(question) or _ASKS_NUMBER.search(question)
    return _WIDE.search(question) is not None and not one_fact


def holds_answer_kind(question: str, text: str) -> bool:
    """Say whether a text has what is asked for (a number, a person, a name) beyond what the question itself says."""
    if _ASKS_PERSON.search(question):
        people = [name for name in _ENGLISH_PERSON.findall(text) if name.split()[0].lower() not in ENGLISH_STOP_WORDS]
        return any(person not in question for person in people + _CHINESE_PERSON.findall(text))
    if _ASKS_YEAR.search(question):
        return bool(set(_YEAR.findall(text)) - set(_YEAR.findall(question)))
    if _ASKS_NUMBER.search(question):
        return bool(numbers(text) - numbers(question))
    if _ASKS_NAME.search(question):
        return any(name not in question.lower() for name in names(text))
    return True

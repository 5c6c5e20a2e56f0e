"""Numbers as they are written: digits with scales, English words, Chinese numerals, fractions, ordinals."""

import re
from collections.abc import Iterator

from pipelines.answering.grounding.citations.reading.units import currency_before, unit_behind

_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "mn": 1e6,
    "bn": 1e9,
    "dozen": 12.0,
    "百": 1e2,
    "千": 1e3,
    "万": 1e4,
    "十万": 1e5,
    "百万": 1e6,
    "千万": 1e7,
    "亿": 1e8,
    "十亿": 1e9,
    "百亿": 1e10,
    "千亿": 1e11,
    "万亿": 1e12,
    "万万": 1e8,
}

_SCALE = (
    r"hundred|thousand|million|billion|trillion|dozen|bn|mn|万亿|千亿|百亿|十亿|亿|"
    r"千万|百万|十万|万|千(?![米克瓦卡帕伏])|百(?!分)"
)

_DIGITS = re.compile(
    r"(?<![A-Za-z0-9_.])(?<![A-Za-z]-)(?P<sign>(?<![\w)])[-−+](?=\d))?(?P<number>\d{1,3}(?:[,"
    r"\u00a0\u202f']\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
    rf"(?:(?P<ordinal>st|nd|rd|th)\b|[ \u00a0-]?(?P<scale>{_SCALE})s?(?![a-z])|"
    rf"(?P<letter>[kKmMbB])(?![A-Za-z0-9²³/]))?",
)

_HAN_DIGITS = re.compile(r"(?<=[\u4e00-\u9fff（，。、：])(?=\d)")

_ONES = dict(
    zip(
        (
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen"
        ).split(),
        range(1, 20),
        strict=True,
    )
)

_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))

_ORDINALS = dict(
    zip(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        range(1, 13),
        strict=True,
    )
)

_SMALL = "|".join((*_ONES, *_TENS))

_WORDS = re.compile(
    rf"\b(?:(?:a )?(?:{_SMALL})(?:[ -](?:and )?(?:{_SMALL}|hundred|thousand|million|billion)\b)*"
    r"(?: and a half\b)?|(?:a|an|half a) (?:hundred|thousand|million|billion|dozen)|half an?(?= [a-z]))\b|\bzero\b",
    re.IGNORECASE,
)

_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\b(?! of all)|第\s*([一二三四五六七八九十百]+|\d+)", re.IGNORECASE)

_FRACTION = re.compile(
    r"\b(?<!and )(?:(?P<top>one|two|three|four|a)[ -](?P<bottom>half|(?:third|quarter|fifth|sixth|"
    r"eighth|tenth)s?(?= of\b|\W*$| (?:as|less|more|the)\b))|"
    r"(?P<half>(?<!and a )half)(?! an?\b))\b(?! of \d{4})"
    r"|(?P<han_bottom>[二三四五六七八九十百]+)分之(?P<han_top>[零〇一二三四五六七八九十百点\d.]+"
    r")|(?P<cheng>[一二三四五六七八九])成(?=[，。的以多左]|$)|(?P<zhe>[一二三四五六七八九]{1,2}|\d(?:\.\d|\d)?)折"
    r"(?![叠线旧断返磨现])|(?P<han_half>一半|半数)",
    re.IGNORECASE,
)

_BOTTOMS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}

_HAN = "零〇一二两三四五六七八九"

_HAN_VALUES = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}

_HAN_RUN = re.compile(r"(?<![第几数])[零〇一二两三四五六七八九十百千万亿半]+(?:点[零〇一二三四五六七八九]+)?[万亿]?")

CLASSIFIERS = (
    "个名位家年月日天座所间件条只台辆艘架枚张本篇份次人岁层楼米公里千克斤吨元倍项种类批期轮届"
    "届场次支根块片颗株棵头匹口户套组队部门步点分秒小周星季度世升度页章节字款句代"
)

_IDIOMS = (
    "一些",
    "一起",
    "一致",
    "一直",
    "一般",
    "一定",
    "一样",
    "统一",
    "唯一",
    "万一",
    "十分",
    "千万别",
    "一旦",
    "一方面",
    "第一",
    "之一",
    "一并",
    "一同",
    "一切",
    "一边",
    "半导",
    "百货",
    "百科",
)


def raw_numbers(text: str) -> Iterator[tuple[int, int, float, float, float, bool]]:
    for match in _FRACTION.finditer(text):
        part = match.groupdict()
        if part["half"] or part["han_half"]:
            share = 50.0
        elif part["cheng"]:
            share = 10.0 * _HAN_VALUES[part["cheng"]]
        elif part["zhe"]:
            # "八折" and "八五折" are 80 % and 85 % of the price.
            digits = "".join(str(_HAN_VALUES.get(one, one)) for one in part["zhe"])
            share = float(digits) * (10.0 if len(digits.replace(".", "")) == 1 or "." in digits else 1.0)
        elif part["han_bottom"]:
            share = 100 * _chinese(part["han_top"]) / max(_chinese(part["han_bottom"]), 1)
        else:
            share = 100 * _ONES.get(part["top"].lower(), 1) / _BOTTOMS[part["bottom"].lower().removesuffix("s")]
        # A fraction is a share: kept as per cent, told from a plain number by a step that no number has.
        yield *match.span(), share, share, -1.0, False
    for match in _ORDINAL.finditer(text):
        word, han = match.groups()
        value = float(_ORDINALS[word.lower()] if word else _chinese(han))
        yield *match.span(), value, value, 1.0, True
    for match in _DIGITS.finditer(_HAN_DIGITS.sub("", text)):
        plain = re.sub(r"[^\d.]", "", match["number"])
        mantissa = float(plain) * (-1 if match["sign"] in ("-", "−") else 1)
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
        end = match.end()
        if match["letter"]:
            if currency_before(text, match.start()) or match["letter"] in "kK":
                scale = {"k": 1e3, "m": 1e6, "b": 1e9}[match["letter"].lower()]
            else:
                end -= 1
        step = 10.0 ** -len(plain.partition(".")[2])
        if scale == 1 and "." not in plain:
            step = 10.0 ** (len(plain) - len(plain.rstrip("0") or "0"))
        yield match.start(), end, mantissa * scale, mantissa, step * scale, bool(match["ordinal"])
    for start, end in _worded(text):
        value = _english(text[start:end].lower())
        if value == 1 and not unit_behind(text, end):
            continue
        yield start, end, value, value, 1.0, False
    for match in _HAN_RUN.finditer(text):
        run, end = match.group(), match.end()
        if any(idiom in text[max(0, match.start() - 1) : end + 1] for idiom in _IDIOMS) or not re.search(
            rf"[{_HAN}十半]", run
        ):
            continue
        if len(run) == 1 and (text[end : end + 1] not in CLASSIFIERS or not text[end : end + 1]):
            continue
        if run == "一" and not unit_behind(text, end):
            continue
        value = _chinese(run)
        scale = _SCALES[run[-1]] if run[-1] in "万亿" else 1.0
        yield match.start(), end, value, value / scale, 1.0, False


def _worded(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of numbers in English words; "three seven-metre throws" has two."""
    for match in _WORDS.finditer(text):
        start, last = match.start(), ""
        for word in re.finditer(r"[a-z]+", match.group().lower()):
            if word.group() in _ONES and last in _ONES:
                yield start, match.start() + word.start() - 1
                start = match.start() + word.start()
            last = word.group()
        yield start, match.end()


def _english(words: str) -> float:
    total = group = 0.0
    for word in re.split(r"[ -]+", words):
        if word in _ONES or word in _TENS:
            group += _ONES.get(word, 0) + _TENS.get(word, 0)
        elif word == "half":
            group += 0.5
        elif word == "hundred":
            group = (group or 1) * 100
        elif word in _SCALES:
            total, group = total + (group or 1) * _SCALES[word], 0.0
    return total + group


def _chinese(run: str) -> float:
    """Return the value of a Chinese numeral (三千五百, 十二万, 二点五亿, 半)."""
    if re.fullmatch(r"[\d.]+", run):
        return float(run)
    whole, _, decimals = run.partition("点")
    tail = re.sub(r"[^万亿]", "", decimals)
    fraction = "".join(str(_HAN_VALUES[one]) for one in decimals if one in _HAN_VALUES)
    total = section = digit = 0.0
    if len(whole) > 1 and all(one in _HAN_VALUES for one in whole):
        digit = float("".join(str(_HAN_VALUES[one]) for one in whole))
        whole = ""
    for one in whole:
        if one in _HAN_VALUES:
            digit = float(_HAN_VALUES[one])
        elif one == "半":
            digit += 0.5
        elif one in "十百千":
            section, digit = section + (digit or 1) * _SCALES.get(one, 10.0), 0.0
        elif one == "万":
            total, section, digit = total + (section + digit or 1) * 1e4, 0.0, 0.0
        elif one == "亿":
            total, section, digit = (total + section + digit or 1) * 1e8, 0.0, 0.0
    value = total + section + digit + (float(f"0.{fraction}") if fraction else 0.0)
    for one in tail:
        value *= _SCALES[one]
    return value

"""Units of measure: spellings in English and Chinese, and how much of its dimension's base unit each is."""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Unit:
    """A unit: `factor` base units of its dimension; temperatures also have an `offset` in kelvins."""

    name: str
    dimension: str
    factor: float
    offset: float = 0.0


_TABLE = """
length: mm 0.001 millimetre millimeter 毫米 | cm 0.01 centimetre centimeter 厘米 公分 | m 1 metre meter 米 公尺
  km 1000 kilometre kilometer 公里 千米 | mile 1609.344 mi 英里 | yard 0.9144 yd 码 | foot 0.3048 feet ft 英尺
  inch 0.0254 inches 英寸 | nmi 1852 nautical_mile 海里 | li 500 里
area: m2 1 m² sqm square_metre square_meter 平方米 平米
  km2 1000000 km² square_kilometre square_kilometer 平方公里 平方千米
  hectare 10000 ha 公顷 | acre 4046.8564224 英亩 | sqft 0.09290304 ft² square_foot square_feet 平方英尺 | mu 666.6667 亩
volume: µl 0.000001 μl microlitre microliter 微升 | ml 0.001 millilitre milliliter 毫升 | cl 0.01 centilitre centiliter
  litre 1 liter l L 升 | m3 1000 m³ cubic_metre cubic_meter 立方米
  gallon 3.785411784 加仑 | barrel 158.987294928 桶
mass: µg 0.000000001 μg microgram 微克 | mg 0.000001 milligram 毫克 | g 0.001 gram gramme 克
  kg 1 kilogram kilogramme kilo 千克 公斤 | tonne 1000 ton t metric_ton 吨 公吨
  lb 0.45359237 lbs | ounce 0.028349523125 oz 盎司 | jin 0.5 斤
time: second 1 sec s 秒 秒钟 | minute 60 min mins 分钟 | hour 3600 hr hrs h 小时 钟头 | day 86400 天 日
  week 604800 周 星期 礼拜 | month 2629746 个月 月 | quarter 7889238 季度 个季度
  year 31556952 yr yrs 年 周年 | decade 315569520
  century 3155695200 centuries 世纪 个世纪 | ms 0.001 millisecond 毫秒
speed: km/h 0.2777777778 kph kmh kilometres_per_hour kilometers_per_hour 公里每小时 公里/小时
  mph 0.44704 miles_per_hour 英里每小时
  m/s 1 metres_per_second 米每秒 米/秒 | knot 0.5144444444 节
power: W 1 watt 瓦 | kW 1000 kilowatt 千瓦 | MW 1000000 megawatt 兆瓦 | GW 1000000000 gigawatt 吉瓦
energy: Wh 1 watt_hour | kWh 1000 kilowatt_hour kilowatt-hour 千瓦时 度电
  MWh 1000000 megawatt_hour megawatt-hour 兆瓦时
  GWh 1000000000 gigawatt_hour gigawatt-hour 吉瓦时 | kcal 1.163 kilocalorie 千卡 大卡
data: KB 1000 kilobyte | MB 1000000 megabyte 兆字节 | GB 1000000000 gigabyte | TB 1000000000000 terabyte
pressure: Pa 1 pascal 帕 | kPa 1000 kilopascal 千帕 | bar 100000 巴 | psi 6894.757293
voltage: V 1 volt 伏 伏特 | kV 1000 kilovolt 千伏
frequency: Hz 1 hertz 赫兹 | kHz 1000 | MHz 1000000 | GHz 1000000000
temperature: °C 1 ℃ degrees_celsius degree_celsius celsius 摄氏度
  °F 0.5555555556 ℉ degrees_fahrenheit fahrenheit 华氏度 | K 1 kelvin 开尔文
share: % 1 percent per_cent pct ％ | ‰ 0.1 per_mille | pp 1 percentage_point 个百分点 百分点
euro: EUR 1 € euro 欧元
dollar: USD 1 $ US$ dollar US_dollar 美元 美金
yuan: CNY 1 ¥ RMB yuan renminbi 元 人民币 元人民币 块钱
pound: GBP 1 £ pound pound_sterling 英镑
yen: JPY 1 yen 日元
franc: CHF 1 Swiss_franc franc 瑞士法郎 法郎
krone: NOK 1 Norwegian_krone Norwegian_kroner kroner 挪威克朗
krona: SEK 1 Swedish_krona Swedish_kronor kronor 瑞典克朗
rupee: INR 1 ₹ rupee 卢比
won: KRW 1 ₩ won 韩元
hkd: HKD 1 HK$ Hong_Kong_dollar 港元 港币
"""
"""dimension: name factor other spellings | …; a plural s is understood. Currencies are dimensions of their own."""

_OFFSETS = {"°C": 273.15, "°F": 255.3722222}
_PREFIXES = frozenset(
    ("€", "$", "US$", "¥", "£", "₹", "₩", "HK$", "EUR", "USD", "CNY", "RMB", "GBP", "JPY", "CHF", "NOK", "SEK", "INR")
)
CURRENCIES = frozenset("euro dollar yuan pound yen franc krone krona rupee won hkd".split())
# A letter or a Chinese character that is also an everyday word counts as a unit only right behind the digits.
_CLOSE_ONLY = frozenset(("s", "h", "t", "l", "L", "g", "m", "K", "V", "W"))


@cache
def spellings() -> dict[str, Unit]:
    """Return every spelling with its unit."""
    found: dict[str, Unit] = {}
    dimension = ""
    for line in _TABLE.strip().splitlines():
        if ":" in line and not line.startswith(" "):
            dimension, _, line = line.partition(":")
        for entry in line.split("|"):
            name, factor, *others = entry.split()
            # A percentage point is no percent: it has a dimension of its own.
            unit = Unit(name, "points" if name == "pp" else dimension, float(factor), _OFFSETS.get(name, 0.0))
            for spelling in (name, *others):
                found[spelling.replace("_", " ")] = unit
    return found


@cache
def _behind() -> re.Pattern[str]:
    longest = sorted(spellings(), key=len, reverse=True)
    parts = []
    for one in longest:
        latin = one[-1].isascii() and one[-1].isalpha()
        plural = "s?" if latin and len(one) > 2 and not one.endswith("s") else ""
        gap = "" if one in _CLOSE_ONLY and one not in ("m", "g", "t", "W", "V") else r"[ \u00a0\u202f-]?"
        parts.append(f"{gap}(?:{re.escape(one)}){plural}" + (r"(?![A-Za-zÀ-ɏ0-9²³])" if latin else ""))
    return re.compile("|".join(f"({part})" for part in parts))


@cache
def _cased() -> dict[str, Unit]:
    return {one.lower(): unit for one, unit in spellings().items() if len(one) > 2}


def unit_behind(text: str, place: int) -> tuple[Unit, int] | None:
    """Return the unit that stands behind a number which ends at a place, and where the unit ends."""
    match = _behind().match(text, place) or _behind().match(text.lower(), place)
    if not match:
        return None
    said = match.group().strip(" \u00a0\u202f-")
    for form in (said, said.removesuffix("s")):
        unit = spellings().get(form) or _cased().get(form.lower())
        if unit:
            # "5 m" is metres, "US$5 m" millions: the caller knows; "2 h" is an hour, "the 2 K" nothing.
            return unit, match.end()
    return None


@cache
def _before() -> re.Pattern[str]:
    return re.compile("(" + "|".join(re.escape(one) for one in sorted(_PREFIXES, key=len, reverse=True)) + r")\s?$")


def currency_before(text: str, place: int) -> tuple[Unit, int] | None:
    """Return the currency that stands before a number which begins at a place, and where it begins."""
    match = _before().search(text, max(0, place - 5), place)
    return (spellings()[match.group(1)], match.start()) if match else None

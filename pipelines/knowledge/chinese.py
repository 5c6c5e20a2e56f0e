"""Named things in Chinese text: jieba's parts of speech, corrected by surnames, suffixes and neighbours."""

import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipelines.knowledge.english import codes
from pipelines.knowledge.mentions import Entity, without_overlaps
from pipelines.knowledge.words import _segmenter

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊"
    "纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪解应宗丁宣邓郁单杭洪包"
    "诸左石崔吉钮龚程邢裴陆荣翁荀甄曲家封储靳段焦巴弓牧谷车侯全班仰仲伊宫宁仇甘厉祖武符刘景詹龙叶白蒲邰赖卓蔺屠蒙池乔胥翟谭劳"
    "申冉桑桂牛寿边尚温庄晏柴瞿阎习艾向古易廖耿匡文寇广欧沃越隆师巩聂晁勾敖冷简饶曾沙养关查荆游权盖岳帅小老阿"
)
_NOT_IN_NAMES = re.compile(r"[的是了不在上下为和与由被把将到来去每这那就都也很太吗呢吧们只个]")
_NOT_PEOPLE = frozenset("顾客 师傅 明白 黄铜 黄金 高温 高原 高峰 白天 白银 花费 安全 常见 平时 小件 小心 小红帽 老板 老师 老人 小时 马上".split())
_NOT_PLACES = frozenset(
    "东西 登山 台风 海鲜 城市 长度 上坡 下坡 新店 入口 出口 海岛 海关 国内 国外 山区 市区 地区 港口 口岸 码头 路线 高山 河流 大陆 "
    "户外 内地 南方 北方 东部 西部 全国 本地 当地 山上 城里 农村 机场 街道".split()
)
_NOT_NAMES = frozenset(
    "欧元 英文 中文 英语 汉语 聊天 普通 每箱 换料 人民币 美元 公里 微信 邮件 电话 互联网 网络 热成像仪 氢气 甲醛 国庆 春节 周末 "
    "中国区 财务部 质检部 客服部 双十一 主管 日元 航空 碳纤维 元宵".split()
)
_PREPOSITIONS = frozenset("于在由向和与从给对被")
_TITLES = "经理|总经理|先生|女士|小姐|主任|总监|厂长|店长|主管|老师|博士|教授|工程师|董事长|总裁|主席|组长|部长|院长|检验员|质检员"
_SITES = "仓库|仓|工厂|厂房|门店|店|港区|港|机场|车站|办事处|分公司|园区|大厦|口岸|厂"
_COMPANIES = "有限公司|公司|集团|银行|大学|医院|研究院|研究所|学院|学校|协会|基金会|出版社|电视台|工厂"
_TRADES = (
    "照明|器具|碳材|科技|电子|材料|新材|纺织|物流|速运|快递|快运|户外|实业|制造|机械|化工|食品|服饰|五金|医药|证券|保险|传媒|软件|"
    "通信|汽车|能源|电器|家具|体育|重工|航空|地产|制衣|鞋业|箱包|碳纤|电池|光电|钢铁|制药|乳业|酒业|文具|珠宝"
)
_GOODS = (
    "头灯|灯具|台灯|灯|气炉|炉头|炉具|炉|燃气炉|帐篷|帐|登山杖|手杖|杖|睡袋|背包|书包|包|登山靴|越野跑鞋|靴|跑鞋|鞋|雨衣|夹克|"
    "冲锋衣|外套|打底衫|衣|裤|袜|手套|帽|手机|电脑|平板|相机|耳机|手表|汽车|轿车|电池|羊毛衫"
)
_LATIN = re.compile(r"[A-Z][A-Za-z'’.\-]*[A-Za-z](?:[ ](?:[A-Z][A-Za-z'’\-]*[A-Za-z]|\d{1,3}(?!\d|[,.]\d|\s*%)))*|[A-Z][A-Za-z]+")
_SOURCE_OF = re.compile(rf"^\s*(?:{_COMPANIES})|^是(?:一家|一个|家)[^，。；]{{0,12}}(?:公司|企业|厂商|供应商|品牌|集团|工厂)")
_WORKPLACE = re.compile(r"(?:工作于|就职于|任职于|供职于|受雇于|加入|供应商是|供应商为|供应商：|厂家是)\s*$")
_PLACE_BEFORE = re.compile(r"(?:位于|坐落于|坐落在|地处|设在|建在|搬到|来自)\s*$")


class _Word(NamedTuple):
    text: str
    flag: str
    start: int
    end: int


@functools.cache
def _tagger() -> Any:
    tokenizer = _segmenter()
    import jieba.posseg

    return jieba.posseg.POSTokenizer(tokenizer)


def _words(text: str) -> list[_Word]:
    words, position = [], 0
    for pair in _tagger().cut(text):
        word, flag = pair.word, pair.flag
        if flag == "nr" and len(word) == 3 and word[0] in _PREPOSITIONS:
            # The tagger takes the preposition for a surname: 于科凡, 由顺丰.
            words.append(_Word(word[0], "p", position, position + 1))
            word, flag, position = word[1:], "nz", position + 1
        words.append(_Word(word, flag, position, position + len(word)))
        position += len(word)
    return words


def find(text: str) -> list[Entity]:
    """Return the named things of a Chinese text, Latin names among them, in order, without overlaps."""
    words = _words(text)
    found = [*codes(text), *_latin(text), *_companies(text, words), *_titled(text), *_tagged(text, words)]
    return without_overlaps([_retyped(text, entity) for entity in found])


def _latin(text: str) -> Iterator[Entity]:
    """Latin names: a product before its goods word (Lumen头灯), a person of two names, else of unknown type."""
    for match in _LATIN.finditer(text):
        name, (start, end) = match.group(), match.span()
        if len(name) < 3 or (name.isupper() and len(name) < 5):
            continue
        if re.match(rf"\s*(?:{_GOODS})", text[end:]) or name[-1].isdigit():
            yield Entity(start, end, name, "PRODUCT")
        elif re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z'’\-A-Z]+", name):
            yield Entity(start, end, name, "PERSON")
        else:
            yield Entity(start, end, name, "CONCEPT")


def _companies(text: str, words: list[_Word]) -> Iterator[Entity]:
    """A name before a trade (深光照明), a company's kind (腾讯公司) or a site's (宁波仓)."""
    for before, word in zip(words, words[1:], strict=False):
        proper = before.flag[:2] in ("nr", "ns", "nt", "nz") or before.flag == "n"
        if not proper or before.text in _NOT_NAMES | _NOT_PLACES or not 2 <= len(before.text) <= 4:
            continue
        if re.fullmatch(_TRADES, word.text) and before.flag != "n":
            yield Entity(before.start, word.end, text[before.start : word.end], "ORGANIZATION")
        elif re.fullmatch(_TRADES, word.text) and _bounded(text, before.start, word.end):
            yield Entity(before.start, word.end, text[before.start : word.end], "ORGANIZATION")
        elif re.fullmatch(_COMPANIES, word.text) and before.flag in ("nz", "nrt", "nr", "ns", "nt"):
            yield Entity(before.start, word.end, text[before.start : word.end], "ORGANIZATION")
        elif re.fullmatch(_SITES, word.text) and before.flag == "ns":
            yield Entity(before.start, word.end, text[before.start : word.end], "LOCATION")


def _bounded(text: str, start: int, end: int) -> bool:
    """Say whether common nouns stand as a name of their own: marks, verbs or particles on both sides."""
    left, right = text[start - 1 : start], text[end : end + 1]
    return (not left or left in "，。、：；（(“《 \n由在向给与和是从被") and (
        not right or right in "，。、：；）)”》 \n的在位供生提赔承是和与会已为" or right.isascii()
    )


def _titled(text: str) -> Iterator[Entity]:
    """A surname with its title (林经理); resolution joins it with the full name."""
    for match in re.finditer(rf"(?<![\u4e00-\u9fff])([{''.join(sorted(_SURNAMES - set('小老阿')))}])(?:{_TITLES})", text):
        yield Entity(*match.span(), match.group(), "PERSON")


def _tagged(text: str, words: list[_Word]) -> Iterator[Entity]:
    for word in words:
        name = word.text
        if len(name) < 2 or name in _NOT_NAMES or not re.fullmatch(r"[\u4e00-\u9fff·]+", name):
            continue
        if word.flag == "nr" and _is_person(name):
            yield Entity(word.start, word.end, name, "PERSON")
        elif word.flag == "nrt":
            yield Entity(word.start, word.end, name, "CONCEPT")
        elif word.flag == "ns" and name not in _NOT_PLACES:
            yield Entity(word.start, word.end, name, "LOCATION")
        elif word.flag == "nt" and len(name) > 2:
            yield Entity(word.start, word.end, name, "ORGANIZATION")
        elif word.flag == "nz":
            yield Entity(word.start, word.end, name, "CONCEPT")


def _is_person(name: str) -> bool:
    if name in _NOT_PEOPLE or _NOT_IN_NAMES.search(name):
        return False
    return name[0] in _SURNAMES and len(name) <= (2 if name[0] in "小老阿" else 3)


def _retyped(text: str, entity: Entity) -> Entity:
    """Correct a type by what stands right before and after the name."""
    before, after = text[max(0, entity.start - 8) : entity.start], text[entity.end : entity.end + 24]
    kind = entity.type
    if kind in ("CONCEPT", "LOCATION", "PERSON") and (_WORKPLACE.search(before) or _SOURCE_OF.match(after)):
        kind = "ORGANIZATION" if kind != "PERSON" or entity.name.isascii() is False else kind
    elif kind == "CONCEPT" and _PLACE_BEFORE.search(before):
        kind = "LOCATION"
    return Entity(entity.start, entity.end, entity.name, kind)

"""What a sentence says that claims nothing of the world: refusals, offers, pointers to a source, announcements."""

import re

_ADJECTIVES = (
    r"(?:the|these|those|this|that|any|all|none|my|your|of|both|provided|given|available|cited|retrieved|"
    r"supplied|following)"
)
# What the model was shown; and the kinds of text that this may be, which also do other things than say something.
_SHOWN = (
    r"(?:sources?|documents?|passages?|contexts?|texts?|excerpts?|information|materials?|files?|snippets?|"
    r"search results?)"
)
_GENRE = (
    r"(?:reports?|minutes|leaflets?|rules|schedules?|handbooks?|newsletters?|articles?|pages?|tables?|"
    r"manuals?|guides?|"
    r"guidelines?|notices?|logs?|log ?books?|protocols?|statutes?|regulations?|contracts?|letters?|"
    r"e-?mails?|chapters?|"
    r"sections?|paragraphs?|brochures?|websites?|change ?logs?|data|lists?|tariffs?|summar(?:y|ies)|notes?|records?|"
    r"transcripts?|entr(?:y|ies))"
)
_BEHIND = (
    r"(?: (?:(?:that )?(?:I (?:was|have been|am) given|I have|you (?:gave|provided))|provided|given|here|above|"
    r"available|supplied|cited|at hand|alone))*"
)
_SOURCES = rf"(?:{_ADJECTIVES} )*{_SHOWN}{_BEHIND}"
_TEXTS = rf"(?:{_ADJECTIVES} )*(?:[\w’'-]+ ){{0,2}}?{_GENRE}{_BEHIND}"
_ANY = rf"(?:{_SOURCES}|{_TEXTS})"
_SAY = (
    r"(?:say|state|mention|specify|tell|indicate|disclose|describe|discuss|reveal|explain|clarify|"
    r"comment on|detail)(?!-)"
)
_HOLD = (
    r"(?:contain|hold|give|provide|include|cover|list|report|record|show|have|offer|note|name|identify|"
    r"answer|address|allow me)"
)
_KNOWN = (
    r"(?:answered|determined|told|found|said|known|confirmed|established|verified|inferred|concluded|derived|"
    r"ascertained|gathered|learnt|learned|deduced|seen)"
)
_FIND = r"(?:answer|determine|tell|find|say|know|confirm|establish|verify|infer|conclude|derive|ascertain|deduce)"
_TOLD = (
    r"(?:mentioned|stated|given|specified|provided|answered|found|covered|disclosed|contained|included|"
    r"listed|addressed|"
    r"known|named|described|explained|recorded|indicated|reported)"
)
_CANNOT = r"(?:cannot|can['’]?t|can not|could not|couldn['’]t|(?:not|un) ?-?able to)"
_ASKED = r"(?:how|who|whom|whose|which|what|when|where|why|whether)"
_ENGLISH = (
    rf"\b{_SOURCES} (?:(?:also|alone|simply|unfortunately|here) )?(?:do|does|did)(?: not|n['’]t) "
    rf"(?:(?:\w+ly|even|ever) )?(?:{_SAY}|{_HOLD})\b",
    rf"\b{_TEXTS} (?:(?:also|alone|simply|unfortunately|here) )?(?:do|does|did)(?: not|n['’]t) (?:(?:\w+ly|"
    rf"even|ever) )?{_SAY}",
    # Whatever "does not mention" something is a text; what "it" is, the words before told.
    r"^\W*(?:the|this|these|those|both) (?:[\w’'-]+ ){1,5}?(?:do|does)(?: not|"
    r"n['’]t) (?:\w+ly )?(?:mention|specify|state|disclose)\b(?!-)",
    rf"^\W*(?:it|they|none of them) (?:do|does)(?: not|n['’]t) (?:(?:\w+ly|even|ever) )?(?:{_SAY}|"
    rf"name\b(?! (?:its|their) \w+ after))",
    rf"\b(?:none|neither|not one) (?:of (?:the|these|those|them|my|your)\b(?: [\w’'-]+){{0,4}}?|{_SHOWN}|"
    rf"{_GENRE}) (?:{_SAY}|{_HOLD})s?\b",
    rf"\bno {_SHOWN} (?:{_SAY}|{_HOLD})s?\b|\bnothing (?:is said|in {_ANY})\b|\b{_SOURCES} (?:leave|leaves) open\b",
    rf"\b{_SOURCES} (?:{_SAY}|{_HOLD})s? (?:no|nothing|neither|none)\b|\b{_TEXTS} {_SAY}s? (?:no|nothing|neither)\b",
    rf"\b{_ANY} (?:is|are|remains?|stays?) (?:silent|insufficient|not (?:sufficient|enough))",
    r"\bno (?:\w+ )?(?:information|mention|answer|data|details?|statement|evidence|indication)\b"
    rf"[^.]*\b(?:{_ANY}|found|available|given)",
    rf"\b(?:found|see|have) no (?:information|mention|answer|details?)\b|\bno [\w’' -]{{1,40}}\b(?:is|"
    rf"are) {_TOLD} (?:in|by) {_ANY}",
    rf"(?:\bnot|n['’]t|\bnowhere) (?:\w+ )?(?:{_TOLD}|clear)\b[^.]*\b(?:in|by|from|within) {_ANY}",
    rf"\b(?:is|are|was|were) (?:nowhere|not) (?:mentioned|stated|specified|disclosed)\b\W*$|\b(?:is|"
    rf"are)(?: not|n['’]t) (?:said )?in {_SOURCES}\W*$",
    rf"\b(?:I|we|one|you)\b[^.,]{{0,30}}(?:{_CANNOT}) (?:(?:\w+ly|really) )?{_FIND}\b|^\W*{_CANNOT} {_FIND}\b",
    rf"\b(?:not possible|impossible|no way) to (?:{_FIND}|be {_KNOWN})\b",
    rf"\b(?:{_CANNOT}) (?:be )?(?:{_KNOWN}|{_FIND})\b[^.]*\b(?:in|from|by|with|on|using) {_ANY}",
    rf"\b{_SOURCES}\b[^.]*\b{_CANNOT} be {_KNOWN}\b|\b(?:question|query|this|that) {_CANNOT} be {_KNOWN}\b",
    rf"^\W*{_ASKED}\b[^.,]*\b{_CANNOT} be {_KNOWN}\b",
    rf"^\W*{_ASKED}\b[^.]*\b(?:is|are|was|were|remains?|stays?|left) (?:un(?:known|clear|stated|specified|"
    rf"answered|mentioned)|"
    r"open|not (?:known|clear|said|told|stated|given|mentioned|specified|recorded|named))\b",
    r"\bI (?:do not|don['’]t) (?:know|have)\b|\bI (?:did not|didn['’]t|could not|couldn['’]t) find\b",
)
_HAN_SHOWN = r"(?:资料|来源|文档|文件|材料|文中|上下文|信息|原文|文本|片段|内容|段落)"
_HAN_GENRE = (
    r"(?:报告|纪要|说明书?|章程|通讯|手册|指南|日志|公告|通知|合同|记录|表格?|条款|规定|须知|安排|页面|"
    r"文章|里面?|书中|文中)"
)
_HAN_IN = r"(?:里面|当中|里|中|内|上|本身)*(?:并|都|也|均|中|只是|却|则|又|对此|还)*"
_HAN_FIND = r"(?:回答|确定|得知|判断|得出|确认|知道|推断|找到|说明|获知|获悉|知晓|查到|看出|推算|答复)"
_HAN_SAY = r"(?:提|说|写|记载|交代|披露|讲|谈|透露|介绍|注明|标明|载明|列明|涉及)"
_HAN_OPENS = (
    r"(?:^|[，,。；;：:\s])(?:但是?|不过|因此|所以|故|暂时?|目前|还|也|仍|并|均|都|尚|我们?|其中|文中|一概|只字)*"
)
_CHINESE = (
    rf"{_HAN_SHOWN}{_HAN_IN}(?:没有?|未|无|不)(?:能|曾)?(?:直接|明确|具体|详细|有|被|任何|进一步|作)*"
    r"(?:提|说|给|写|包|记|涉|回答|答|相关|这|关于|交代|指|列|含|足|载|披露|有|讲|谈|透露|介绍|注明|标明|"
    r"显示|数据|信息)",
    rf"{_HAN_GENRE}{_HAN_IN}(?:没有?|未)(?:曾)?(?:直接|明确|具体|详细|被|任何|进一步|作)*{_HAN_SAY}",
    rf"{_HAN_OPENS}(?:无法|不能|难以|没法|无从)(?:从|根据|由|在|依据|仅凭|就|通过)?[^，。]{{0,14}}{_HAN_FIND}",
    rf"(?:根据|依据|从|由|仅凭|凭|通过|就(?=[^，。不无]))[^，。]{{0,16}}(?:无法|不能|难以|没法|无从|看不出|得不出|"
    rf"推不出)(?:{_HAN_FIND}|[^，。]*)",
    rf"(?:无法|不能|难以|没法)(?:从|根据|由|依据|仅凭|通过)[^，。]{{0,14}}{_HAN_FIND}|"
    rf"问题[^，。]{{0,4}}(?:无法|不能)[^，。]{{0,4}}答",
    rf"{_HAN_OPENS}(?:没有|未)(?:找到|查到|提到|提及|提供|说明|给出|写明|注明|记载|交代|披露|写|列出|透露)",
    rf"{_HAN_SHOWN}{_HAN_IN}(?:找不到|查不到|看不出|不足以|只字未提|没法|只字不提)|没有(?:资料|文件|文档|来源)",
    r"(?:^|[，,。；])我?(?:也|并)?不(?:知道|清楚)|不得而知|不详",
)
_REFUSAL = re.compile("|".join((*_ENGLISH, *_CHINESE)), re.IGNORECASE)
_ABOUT = re.compile(
    rf"\W*(?:{_ANY}|it|they|(?:all|both|some|each|two) of (?:them|it|these|those))\s*"
    r"(?:(?:only|merely|just|mainly|simply|all|both|instead|at most|also) )*"
    r"(?:describes?|discuss(?:es)?|mentions?|deals? (?:only )?with|concerns?|is about|are about|speaks? (?:only )?of|"
    r"refers? (?:only )?to|focus(?:es)? on|explains?|names?|tells?)\b[^\d]*$"
    rf"|(?:这些|上述|以上|现有|所给|该|本)?的?(?:{_HAN_SHOWN}|{_HAN_GENRE}|它们?|其中){_HAN_IN}(?:仅|只|"
    rf"主要|只是|仅仅)*"
    r"(?:介绍|描述|提到|提及|说明|涉及|讲|谈|记录|记载|说|写)了?[^\d]*$",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\W*(?:(?:please )?(?:let me know|feel free|do not hesitate|don['’]t hesitate|ask me|tell me)\b"
    r"|(?:if|should|in case) you\b.*\b(?:let me know|ask me|just ask|tell me|I can|I could|I['’]ll|I will|"
    r"happy to|glad to)\b"
    r"|would you like\b|do you (?:want|need) me\b|shall I\b|(?:I )?hope (?:this|that|it)\b|I(?: am|['’]m) happy to\b"
    r"|I (?:can|could) (?:also )?(?:look|help|explain|give|list|summari[sz]e|tell)\b)"
    r"|(?:如果?|若|假如|要是|倘若)(?:您|你)?.*(?:告诉我|问我|提问|联系我|随时|可以继续|欢迎|我可以|我会|"
    r"请提供|请补充)"
    r"|(?:请|欢迎)?(?:随时|继续)(?:告诉我|问我|提问|追问)|希望(?:以上|这|对)|需要我|(?:您|你)(?:还)?(?:想|需要).*吗",
    re.IGNORECASE,
)
_POINTER = re.compile(
    rf"\W*(?:(?:this|that|it|these|those|all(?: of)? (?:this|that|these)|both|the (?:above|answer|figures?|details?|"
    r"information|list))\s(?:\w+\s)?(?:is|are|comes?|was|were|stands?|can be|follows?|taken)\b"
    rf"(?: (?:all|both|taken|found|from|based|stated|said|given|listed|described|in|on|by|drawn|quoted))+ {_ANY}"
    rf"|(?:for (?:more|further) (?:details?|information),? )?(?:please )?see (?:also )?{_ANY})\W*$"
    r"|(?:以上|上述|这些|这|此)(?:内容|信息|规定|数据|说法|各项|几点|几项|要点|资料|均|都|是|为|之)*"
    r"(?:均|都|皆)?(?:详?见|来自|来源于|出自|引自|摘自|取自|载于|依据的?是|根据)[^，。；\d]{1,30}\W*$"
    r"|\W*(?:详见|参见|请见|请参阅|参阅)[^，。；\d]{1,30}\W*$",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"\W*(?:(?:it|that|this|the answer) (?:(?:all|partly|mainly|really) )*(?:depends|varies|differs)\b[^\d,;]{0,60}"
    r"|(?:here (?:is|are)|below (?:is|are)|let['’]s|let me)\b[^\d]{0,80}"
    r"|(?:这|那|答案)?(?:要|得|需|都)?(?:取决于|看)[^\d，。；]{1,20}(?:而定)?|视[^\d，。；]{1,20}而定|"
    r"(?:以下|下面)(?:是|为|列出)[^\d]{1,40})\W*$",
    re.IGNORECASE,
)


def says_nothing(text: str) -> str:
    """Return why a sentence claims nothing, "" where it does: it denies that the sources say something, or offers.

    >>> says_nothing("The report does not mention a price."), says_nothing("The lift is not in service.")
    ('a refusal', '')
    """
    if _REFUSAL.search(text):
        return "a refusal"
    if _OFFER.match(text):
        return "an offer"
    if _POINTER.match(text):
        return "the name of a source"
    return "an announcement" if _ANNOUNCES.match(text) else ""


def speaks_of_sources(text: str) -> bool:
    """Say whether a sentence only says of what the sources speak, without a figure."""
    return _ABOUT.match(text) is not None

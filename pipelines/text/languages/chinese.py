"""Chinese."""

from pipelines.text.characters import HAN
from pipelines.text.languages.language import Language, Names, Prompts, Questions
from pipelines.text.segmenter import chinese_words

_COMMON_SURNAMES = frozenset(
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪"
    "戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚"
)
_OTHER_SURNAMES = frozenset(
    "褚卫尤华陶戚喻柏水窦章云葛郎鲁昌苗凤花俞柳鲍费廉岑倪汤滕殷毕邬安乐时皮卞齐伍元卜平穆湛祁禹狄米贝明臧"
    "计伏成谈茅庞纪舒屈项祝阮蓝闵席季麻强路娄危童颜梅盛刁骆樊凌霍虞支柯管莫房裘缪解应宗宣郁单杭包诸左吉钮"
    "邢裴荣翁荀甄曲家封储靳焦巴弓牧谷车全班仰仲伊宫宁仇甘厉祖符景詹蒲邰卓蔺屠蒙池乔胥翟劳申冉桑桂寿边尚温"
    "庄晏柴瞿习艾向古易耿匡文寇广欧沃越隆师巩聂晁勾敖冷简饶沙养关查荆游权盖岳帅"
)

CHINESE = Language(
    code="zh",
    name="Chinese",
    characters=HAN,
    grammar=frozenset("的是了吗呢谁哪么几怎在和与为被这那就都也"),
    stop_words=frozenset(
        """
        的 了 是 在 和 与 及 或 也 都 就 而 但 并 把 被 让 给 对 从 到 向 由 以 于 为 等 将 要 会 能 可以 可 应 应该
        有 没有 不 没 很 更 最 还 又 再 才 只 这 那 这个 那个 这些 那些 其 其中 该 此 我 你 他 她 它 我们 你们 他们
        您 咱们 自己 什么 谁 哪 哪个 哪些 哪里 怎么 怎样 如何 为什么 多少 几 吗 呢 吧 啊 呀 嘛 之 之后 以后 以前
        之前 后 前 时 时候 中 上 下 里 内 外 因为 所以 如果 则 请问 请 一个 一些 个 位 名 是否 关于 通过 进行 已
        已经 并且 以及 同时 每 各
        """.split()
    ),
    back_references=("其", "它", "他", "她", "该", "此", "这"),
    segment=chinese_words,
    letters_a_word=1.6,
    least_share=0.3,
    joiner="",
    list_joiner="、",
    stops="。！？",
    clause_stops="；",
    stops_need_space=False,
    long_gram=8,
    refusal="资料中没有这个问题的答案。",
    prompts=Prompts(
        answer_task="请只根据资料，用一句话回答问题，数字和名称照抄资料。",
        sources="资料：",
        question="问题：",
        answer="回答：",
        summary_task="用两句话概括下面的事实，只写事实里有的内容，不要添加。",
        facts="事实：",
        members="涉及：",
        summary="概括：",
    ),
    questions=Questions(
        asking_words=frozenset(
            """
            年份 哪些 哪一 分别 多 多久 多大 多长 时间 一共 哪年 何时 哪 第几 少 来 城市 地方 类型 现在 目前 人
            """.split()
        ),
        gap="[的在和与是及]|多少|几|哪",
        number_word="[一二两三四五六七八九十百千万半]+",
        number="多少|几|多久|多长|多大|何时|什么时候|哪一?年|期限|面积|价格",
        year="哪一?年",
        person="谁|哪位",
        whole="哪些|分别|总结|概括|归纳|共同|主要|整个|总体|所有",
        counted=rf"(?:多少|几)(?:钱|(平方米|[{HAN}])[{HAN}]{{0,2}})",
        amount=r"[\d一二两三四五六七八九十百千万半]\s*[多余]?\s*",
        growth="增长|增幅|增加|上升|下降|减少|涨幅|跌幅|同比",
        difference="相差|差额|差距|之差|差多少|[多少重长大贵]多少",
        ratio="之比|比例|几倍|多少倍|倍数",
        earlier_year="去年|上年|上一年|前一年",
        this_year="今年|本年",
        reworded={
            "怎么样": "如何", "怎么": "如何", "怎样": "如何", "请问": "", "吗": "", "么": "", "呢": "",
            "可不可以": "能", "可以": "能", "能不能": "能", "能否": "能", "可否": "能",
        },
    ),
    names=Names(
        surnames=_COMMON_SURNAMES | _OTHER_SURNAMES,
        common_surnames=_COMMON_SURNAMES,
        titles=(
            "经理", "总经理", "先生", "女士", "小姐", "主任", "总监", "厂长", "店长", "主管", "老师", "博士", "教授",
            "工程师", "董事长", "总裁", "主席", "组长", "部长", "院长", "检验员", "质检员",
        ),
        familiar="小老阿",
        company_endings=("股份有限公司", "有限责任公司", "有限公司", "集团公司", "集团", "公司"),
        person=rf"[{''.join(sorted(_COMMON_SURNAMES))}][{HAN}]{{1,2}}",
        shortest=1,
    ),
)  # fmt: skip

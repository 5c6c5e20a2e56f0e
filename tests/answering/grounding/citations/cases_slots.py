"""Sentences that are right or have one thing exchanged, and the text of the four sources that they are about."""

DOCUMENTS = {
    1: (
        "Ferry company Nordsund: year in brief",
        "Karin Holt took over from Per Lund as managing director on 4 March 2022. Ms Holt had led the technical "
        "department before. The fleet was extended by two ships on 9 September 2022. The office is closed on Saturday "
        "and Sunday. It is open from Monday to Friday from 8:30 to 16:00. Parking costs 6 euros per day and 30 euros "
        "per week. Between 2.40 and 2.75 million passengers travel on the line to Aldby each year. Pump A2 leaked in "
        "the winter. Pump A1 did not leak. Inspectors found no rust on the hull. Children in groups are exempt from "
        "the fee. In May 48 crossings were planned, of which five were cancelled. Gate 4 leads to the car deck, Gate 7 "
        "to the lounge. The hull is 96 metres long and 18 metres wide.",
    ),
    2: (
        "青川医院公告",
        "【院长】周明远。【承建单位】华岭建设公司。儿科设在2号楼，每天8点开放。眼科设在5号楼。“春晖”病房今年暂停使用。"
        "新增“夏木”病房，设床位40张。3月5日，李红接替王刚担任护士长。3月9日，食堂重新开放。停车费为每小时5元。"
        "检查中未发现漏水。门诊量从2.1万人次增加到2.4万人次。全院有医生120名、护士260名。",
    ),
    3: (
        "Library rules",
        "Books may be borrowed for 28 days. Reference books may not be borrowed. The fine is 0.20 euros per book and "
        "day. The reading room has 60 seats.",
    ),
    4: ("图书馆规则", "图书可借28天。工具书不外借。逾期罚款每册每天0.2欧元。阅览室有60个座位。"),
}
RIGHT = (
    "Karin Holt has been managing director since 4 March 2022 [1].",
    "Karin Holt, who had led the technical department, succeeded Per Lund [1].",
    "On Saturday and Sunday the office stays closed [1].",
    "Parking is 6 euros per day [1].",
    "A week of parking costs 30 euros [1].",
    "Between 2.40 and 2.75 million people take the line to Aldby every year [1].",
    "Pump A2 leaked, whereas pump A1 did not [1].",
    "No rust was found on the hull [1].",
    "The fee does not apply to children in groups [1].",
    "Forty-three. In May 48 crossings were planned and five of them were cancelled [1].",
    "Gate 7 leads to the lounge [1].",
    "- Length: 96 m [1]\n- Width: 18 m [1]",
    "The hull's length is 96 metres [1].",
    "院长是周明远[2]。",
    "儿科在2号楼[2]。",
    "“春晖”病房今年停用，新增了“夏木”病房[2]。",
    "李红在3月5日接替王刚，担任护士长[2]。",
    "停车每小时5元[2]。",
    "检查没有发现漏水[2]。",
    "门诊量从2.1万人次增加到2.4万人次，增长了（2.4－2.1）÷2.1≈14.3%[2]。",
    "医生和护士一共380名[2]。",
    "医护合计 $120 + 260 = 380$ 名[2]。",
)
FALSE = (
    "Per Lund took over from Karin Holt as managing director [1].",
    "Karin Holt took over as managing director on 9 September 2022 [1].",
    "On Saturday and Monday the office is closed [1].",
    "Parking costs 6 euros per week [1].",
    "Parking costs 6 euros per hour [1].",
    "Pump A1 leaked in the winter [1].",
    "Inspectors found rust on the hull [1].",
    "The fee also covers children in groups [1].",
    "Gate 4 leads to the lounge [1].",
    "The hull is 96 metres wide [1].",
    "The fleet was extended by five ships on 9 September 2022 [1].",
    "In May 52 crossings were planned [1].",
    "Karin Holt became managing director on 4 March 2022; before, she had run a shipyard in Gdynia for ten years [1].",
    "院长是华岭建设公司[2]。",
    "儿科设在5号楼[2]。",
    "“夏木”病房今年暂停使用[2]。",
    "3月9日，李红接替王刚担任护士长[2]。",
    "王刚接替李红担任护士长[2]。",
    "护士长王刚是从李红手中接任的[2]。",
    "停车费为每天5元[2]。",
    "检查中发现漏水[2]。",
    "全院有医生260名、护士120名[2]。",
    "全院有医生120名，另有志愿服务人员负责导诊陪护[2]。",
)
CROSSING_RIGHT = (
    ("图书可以借28天[3]。", 3),
    ("The reading room has 60 seats [4].", 4),
    ("罚款为每册每天0.20欧元[3]。", 3),
)
"""Claims in another language than the only source, which a translation's likeness bears out."""
CROSSING_FALSE = (("图书可以借21天[3]。", 3), ("The reading room has 80 seats [4].", 4))

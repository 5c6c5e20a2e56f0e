"""Eight short documents, four of them Chinese, that the cases of these tests are about."""

from pipelines.answering.grounding.citations.records import Passage, Source

DOCUMENTS = {
    1: (
        "Harbour report 2023",
        "The port of Lindholm handled 48.0 million tonnes of cargo in 2022 and 54.0 million tonnes in 2023. "
        "Container traffic rose from 1.2 million to 1.5 million units over the same period. "
        "The port employs 1,240 people, of whom 310 work at night. "
        "Ingrid Solberg replaced Peter Haas as harbour master on 3 May 2023. "
        "The new crane can lift 65 tonnes and was delivered by Varga Engineering. "
        "Ships over 300 metres may not enter the inner basin. "
        "The ferry to Morrow leaves at 14:30 and takes 3 hours.",
    ),
    2: (
        "Lindholm City Museum",
        "The museum was founded in 1898 by Clara Weiss, a botanist. "
        "It is open from Tuesday to Sunday and is not open on Mondays. "
        "Admission costs 12 euros for adults and 5 euros for students; children under 6 do not pay. "
        "The collection holds about 36,000 objects, including 214 paintings. "
        "The east wing was closed in 2019 after a fire and reopened in March 2021. "
        "Photography is allowed in all rooms except the treasury. "
        "The museum stands north of the river, two kilometres from the station.",
    ),
    3: (
        "Trial of the drug Nerafin",
        "The trial compared Nerafin with a placebo in 420 patients at three hospitals: Lindholm, "
        "Morrow and Aster Bay. "
        "Nerafin lowered blood pressure more than the placebo did. "
        "Headache was reported by 12% of patients on Nerafin and by 7% of patients on placebo. "
        "Treatment lasted 16 weeks, and each patient received 20 mg once a day. "
        "No patient died during the trial. "
        "The study was led by Dr. Amara Okoye and paid for by Belmont Pharma. "
        "The tablets must be stored below 25 °C and must not be frozen.",
    ),
    4: (
        "Two companies",
        "Varga Engineering acquired Tolland Cranes in 2015 for $80 million. "
        "Varga has plants in Graz, Aster Bay and Morrow. "
        "The plant in Graz employs 600 people and the plant in Morrow employs 250. "
        "Belmont Pharma sued Kestrel Labs in 2020 over a patent; the court ruled in favour of Kestrel Labs. "
        "Varga's chief executive is Tomas Lindqvist, and its finance director is Mei Tanaka. "
        "Revenue of Varga was $410 million in 2021 and $451 million in 2022. "
        "The company does not make ships.",
    ),
    5: (
        "星河水库",
        "星河水库位于青石县以北，始建于1958年，1962年竣工。水库总库容为十二亿立方米，灌溉面积八万公顷。"
        "大坝高86米，长420米。水库由省水利局管理，每年向下游城市供水3.5亿立方米。"
        "2021年5月，王建国接替李明担任水库主任。库区禁止游泳，但允许钓鱼。2020年汛期水位没有超过警戒线。",
    ),
    6: (
        "云岭茶业公司",
        "云岭茶业公司成立于2003年，总部设在昆明。公司2022年营业额为4.8亿元，2023年增长到5.4亿元。"
        "公司有三座工厂，分别位于昆明、大理和普洱。昆明工厂有员工520人，大理工厂有员工310人。"
        "2018年，云岭茶业收购了南湖食品。公司不生产咖啡。总经理是陈芳，财务总监是刘伟。",
    ),
    7: (
        "城市地铁",
        "地铁一号线全长32公里，设24座车站，2010年通车。二号线全长28.5公里，设20座车站，2015年通车。"
        "票价为3元起，六岁以下儿童免费。首班车6点发车，末班车23点发车。一号线比二号线长。"
        "周末不运行快车。二号线由华东建设公司修建。",
    ),
    8: (
        "Gear of the glacier hut",
        "| Room | Beds | Price per night |\n| --- | --- | --- |\n| Summit | 8 | 45 euros |\n|"
        " Valley | 12 | 38 euros |\n"
        "| Lake | 4 | 60 euros |\n\nThe hut lies at 2,450 m above the sea. Dogs are not allowed inside the hut. "
        "Guests who cancel at least 14 days before arrival get a full refund. "
        "The hut was built in 1931, destroyed by an avalanche in 1954 and rebuilt in 1956.",
    ),
}


def sources(*numbers: int) -> list[Source]:
    """Return documents as sources, numbered alike, each with an offset so that spans cannot be local ones."""
    found = []
    for number in numbers or tuple(DOCUMENTS):
        title, text = DOCUMENTS[number]
        passage = Passage(f"chunk-{number}", f"doc-{number}", f"v{number}", text, 1000 * number)
        found.append(Source(number, (passage,), title=title))
    return found

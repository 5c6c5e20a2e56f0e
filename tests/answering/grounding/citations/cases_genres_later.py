"""Answers over five more documents, written in one go when the checks passed those of `cases_genres`.

At first sight 4 of 14 right sentences were unverified (with the packaged embedder) and 4 of 9 false answers caught.
"""

DOCUMENTS = {
    1: (
        "Radio play festival: programme and rules",
        "Entries are accepted from 1 March to 31 May. A play must not be longer than 45 minutes. Each author "
        "may enter two "
        "plays; collaborations count for both authors. The jury of five chooses twelve finalists, who are told "
        "by 10 July. "
        "The first prize is 4,000 euros, the second 2,500 and the third 1,500. Last year's winner, Petra Lund, "
        "chairs the "
        "jury this time and is not allowed to enter. Plays that have been broadcast before are excluded.",
    ),
    2: (
        "Protocol of the wheat trial",
        "Two varieties, Aruna and Belmar, were sown on 14 October on plots of 10 by 25 metres. Aruna yielded "
        "7.2 tonnes per "
        "hectare and Belmar 6.4. Belmar withstood the frost in February better than Aruna, but was attacked by "
        "rust. No "
        "fungicide was applied. The harvest took place on 29 July, nine days later than planned, because of rain. "
        "Dr. Silje Moen was in charge of the trial; Ola Berg took the samples.",
    ),
    3: (
        "FAQ of the city library card",
        "How do I get a card? Bring an identity document; the card is issued at once. What does it cost? 18 "
        "euros a year, "
        "9 euros for pensioners, nothing for under-18s. Can I lend it to someone? No. What if I lose it? A "
        "replacement costs "
        "5 euros. How many items may I borrow? Up to 20, of which at most 5 films. Can I renew loans? Twice, "
        "unless someone "
        "else has reserved the item.",
    ),
    4: (
        "海角灯塔参观须知",
        "灯塔建于1926年，高41米，共有198级台阶。开放时间为4月至10月，每天9点至17点，16点30分停止入内。成人票25元，"
        "学生票15元，身高1.2米以下的儿童免票。塔顶一次最多容纳12人。雷雨和六级以上大风时不开放。参观者不得携带宠物，导盲犬除外。"
        "守塔人孟海生自1998年起在此工作，他的父亲孟大成曾是前任守塔人。",
    ),
    5: (
        "办公家具采购询价结果",
        "共有三家供应商报价。佳木公司报价18.6万元，交货期20天；恒信公司报价17.9万元，交货期35天；远洋公司报价19.4万元，交货期15天。"
        "因恒信公司未提供环保检测报告，其报价无效。经比较，采购小组选定佳木公司。付款方式为签约后付30%，验收合格后付65%，"
        "余款5%作为质保金，一年后支付。质保期内免费维修，但人为损坏除外。",
    ),
}

RIGHT = (
    "You can send in a play until the end of May, i.e. from 1 March to 31 May [1].",
    "No. Petra Lund chairs the jury, so she may not take part herself [1].",
    "The three prizes add up to 8,000 euros (4,000 + 2,500 + 1,500) [1].",
    "Aruna had the higher yield: 7.2 tonnes per hectare, 0.8 tonnes more than Belmar [2].",
    "Rain delayed the harvest by nine days; it was originally planned for 20 July [2].",
    "Pensioners pay half: 9 euros instead of 18 [3].",
    "- Pensioners: 9 euros a year\n- Young people under 18: free of charge\n- Replacement of a lost card: 5 euros [3]",
    "灯塔下午5点关门，但4点半以后就不能再进去了[4]。",
    "除导盲犬外，不能带宠物参观[4]。",
    "孟海生的父亲是孟大成，他以前也是守塔人[4]。",
    "中标的是佳木公司，报价18.6万元，20天交货[5]。",
    "恒信公司虽然报价最低（17.9万元），但因为没有环保检测报告而被判无效[5]。",
    "签约后先付30%，即5.58万元[5]。",
)
"""Right answers."""

FALSE = (
    ("negation", "Plays that have been broadcast before may be entered [1]."),
    ("numbers", "The second prize is 1,500 euros [1]."),
    ("roles", "Aruna withstood the frost better than Belmar [2]."),
    ("other_entity", "Ola Berg was in charge of the trial [2]."),
    ("invented", "The card can also be used for the municipal swimming pools [3]."),
    ("roles", "孟大成接替儿子孟海生成为守塔人[4]。"),
    ("negation", "导盲犬也不得入内[4]。"),
    ("numbers", "远洋公司的交货期是35天[5]。"),
    ("other_entity", "因佳木公司未提供环保检测报告，其报价无效[5]。"),
)
"""(Its fault, a false answer)."""

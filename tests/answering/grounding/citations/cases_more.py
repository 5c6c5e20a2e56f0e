"""A second table, about other documents (minutes, an obituary, a notice, rules), written when the first one passed.

At first sight 63 % of its right sentences and 88 % of its false ones came out right; what it taught is general.
"""

DOCUMENTS = {
    1: (
        "Minutes of the allotment society, 14 September 2024",
        "Present were Joan Mbeki (chair), Rolf Eriksen (treasurer) and eleven members. Joan "
        "Mbeki was elected chair in 2021, "
        "succeeding Harold Pike, who had held the post for nine years. The treasurer reported "
        "income of £18,400 and expenses of "
        "£15,900 for the year. Rent for a full plot goes up from £60 to £72 in January 2025. Half plots stay at £36. "
        "The proposal to keep bees was rejected by seven votes to four. The proposal to buy a "
        "second-hand tractor was accepted. "
        "Members who have not paid by 31 March lose their plot. Bonfires are permitted only "
        "between November and February.",
    ),
    2: (
        "Obituary",
        "Leonora Castell, the mathematician who proved the Orsini conjecture, has died at the "
        "age of 87. Born in Valparaíso in 1936, "
        "she moved to Lisbon with her parents when she was four. She studied under Paul Renner "
        "at the University of Delft and "
        "taught at Uppsala from 1969 until her retirement in 2001. She never won the Fields "
        "Medal, but received the Abel Prize in "
        "2007. Her husband, the cellist Jonas Frey, died in 2015; their daughter Marta is a geologist.",
    ),
    3: (
        "Battery safety notice",
        "Cells of type KX-40 made between March and June 2022 may overheat. About 9,500 cells "
        "are affected. Owners should stop using "
        "them and return them to the dealer, who replaces them free of charge. Cells of type "
        "KX-60 are not affected. Never charge "
        "a cell below 0 °C. A full charge takes 90 minutes with the fast charger and 4 hours "
        "with the standard one. The capacity "
        "falls to 80% of its original value after 500 cycles. The fault was caused by a torn "
        "separator film from a supplier in Brno.",
    ),
    4: (
        "Comparison of two lakes",
        "Lake Arvo covers 112 square kilometres and Lake Sund 87. Lake Sund is deeper, at 214 "
        "metres against 140 metres. Lake Arvo "
        "lies west of the Kell mountains, Lake Sund east of them. The river Tarn flows from Lake "
        "Sund into Lake Arvo. Salmon live "
        "in Lake Arvo but not in Lake Sund. In winter Lake Arvo freezes over; Lake Sund does "
        "not. The hotel at Lake Arvo has 64 "
        "rooms and was opened by Greta Holm in 1987.",
    ),
    5: (
        "员工手册",
        "员工每年享有十五天带薪年假，工作满十年后增至二十天。试用期为三个月，试用期内不享受年假。"
        "病假超过三天须提交医院证明。"
        "加班须经部门经理批准，未经批准的加班不予支付。年终奖于每年一月发放，金额由董事会决定。离"
        "职员工须提前三十天书面通知公司。"
        "公司为全体员工购买意外保险，但不包括实习生。办公室禁止吸烟。",
    ),
    6: (
        "青峰乐队简介",
        "青峰乐队由赵海和孙丽于2011年在成都成立。主唱是孙丽，吉他手是赵海，鼓手是吴迪。2016年，"
        "鼓手周强离队，吴迪接替了他。"
        "乐队共发行四张专辑，首张专辑《远山》售出二十万张，第二张专辑《河流》售出三十五万张。2019"
        "年，乐队获得金曲奖最佳乐队奖，"
        "2022年再次提名但未获奖。2023年的巡演走过十二座城市，观众约九万人。",
    ),
}

RIGHT: tuple[str, ...] = (
    "Joan Mbeki has chaired the society since 2021, when she succeeded Harold Pike [1].",
    "Before Joan Mbeki, Harold Pike was chair for nine years [1].",
    "Rolf Eriksen is the treasurer [1].",
    "The society took in £18,400 and spent £15,900, a surplus of £2,500 [1].",
    "A full plot will cost £72 instead of £60 from January 2025, an increase of 20% [1].",
    "The rent of half plots does not change: it remains £36 [1].",
    "Seven members voted against keeping bees and four in favour, so the proposal failed [1].",
    "The members agreed to buy a second-hand tractor [1].",
    "Anyone who hasn't paid by 31 March will lose their plot [1].",
    "Bonfires are only allowed from November to February [1].",
    "No, bonfires are not permitted in summer; they are allowed only between November and February [1].",
    "Leonora Castell died aged 87 [2].",
    "Castell, who was born in Valparaíso in 1936, grew up in Lisbon from the age of four [2].",
    "She proved the Orsini conjecture [2].",
    "Her teacher at Delft was Paul Renner [2].",
    "She taught at Uppsala for 32 years, from 1969 to 2001 [2].",
    "Castell was awarded the Abel Prize in 2007 but never the Fields Medal [2].",
    "She was married to the cellist Jonas Frey, who died in 2015 [2].",
    "Their daughter, Marta, works as a geologist [2].",
    "KX-40 cells produced from March to June 2022 can overheat [3].",
    "Roughly 9,500 cells have the problem [3].",
    "The dealer replaces affected cells at no cost [3].",
    "KX-60 cells do not have the problem [3].",
    "The cells must not be charged at temperatures under 0 °C [3].",
    "With the fast charger a full charge takes an hour and a half (90 minutes); the standard "
    "charger needs 4 hours [3].",
    "After 500 cycles the capacity is down to 80 percent [3].",
    "A torn separator film from a supplier in Brno caused the fault [3].",
    "Lake Arvo is larger than Lake Sund (112 versus 87 square kilometres) [4].",
    "Lake Arvo is 25 km² larger than Lake Sund [4].",
    "At 140 metres, Lake Arvo is shallower than Lake Sund, which is 214 metres deep [4].",
    "Lake Sund is 74 metres deeper than Lake Arvo [4].",
    "The Tarn runs from Lake Sund to Lake Arvo [4].",
    "There are salmon in Lake Arvo, but there are none in Lake Sund [4].",
    "Unlike Lake Arvo, Lake Sund does not freeze over in winter [4].",
    "Greta Holm opened the 64-room hotel in 1987 [4].",
    "The mountains lie east of Lake Arvo [4].",
    "员工每年有15天带薪年假，满十年后为20天[5]。",
    "试用期三个月，期间没有年假[5]。",
    "病假三天以上需要医院证明[5]。",
    "加班需要部门经理的批准[5]。",
    "年终奖的金额由董事会决定，每年1月发放[5]。",
    "员工离职应当提前30天书面通知公司[5]。",
    "实习生不在公司意外保险的范围内[5]。",
    "不可以，办公室内不允许吸烟[5]。",
    "乐队2011年在成都成立，创始人是赵海和孙丽[6]。",
    "孙丽担任主唱，赵海担任吉他手[6]。",
    "周强离队后，吴迪成为鼓手[6]。",
    "第二张专辑《河流》比首张专辑《远山》多售出15万张[6]。",
    "两张专辑共售出55万张：20 + 35 = 55 [6]。",
    "乐队在2019年获得金曲奖最佳乐队奖[6]。",
    "2022年乐队获得提名，但没有得奖[6]。",
    "2023年巡演经过12座城市，约有9万名观众[6]。",
)

FALSE: tuple[tuple[str, str], ...] = (
    ("roles", "Harold Pike succeeded Joan Mbeki as chair in 2021 [1]."),
    ("roles", "Rolf Eriksen is the chair and Joan Mbeki is the treasurer [1]."),
    ("roles", "Leonora Castell taught Paul Renner at the University of Delft [2]."),
    ("roles", "The river Tarn flows from Lake Arvo into Lake Sund [4]."),
    ("roles", "Lake Sund is larger than Lake Arvo [4]."),
    ("roles", "Lake Arvo lies east of the Kell mountains [4]."),
    ("roles", "Lake Arvo is deeper than Lake Sund [4]."),
    ("roles", "周强接替了吴迪[6]。"),
    ("roles", "主唱是赵海，吉他手是孙丽[6]。"),
    ("negation", "The proposal to keep bees was accepted [1]."),
    ("negation", "The proposal to buy a second-hand tractor was not accepted [1]."),
    ("negation", "Members who have paid by 31 March lose their plot [1]."),
    ("negation", "She won the Fields Medal [2]."),
    ("negation", "Cells of type KX-60 are affected [3]."),
    ("negation", "Cells of type KX-40 are not affected [3]."),
    ("negation", "Salmon live in Lake Sund [4]."),
    ("negation", "In winter Lake Sund freezes over [4]."),
    ("negation", "试用期内享受年假[5]。"),
    ("negation", "未经批准的加班也会支付[5]。"),
    ("negation", "办公室允许吸烟[5]。"),
    ("negation", "公司的意外保险包括实习生[5]。"),
    ("negation", "2022年乐队再次提名并获奖[6]。"),
    ("negation", "乐队2019年没有获得金曲奖[6]。"),
    ("numbers", "The treasurer reported income of £15,900 and expenses of £18,400 [1]."),
    ("numbers", "Rent for a full plot rises to £75 in January 2025 [1]."),
    ("numbers", "Rent for a full plot goes up by 25% [1]."),
    ("numbers", "The proposal to keep bees was rejected by four votes to seven [1]."),
    ("numbers", "About 5,900 cells are affected [3]."),
    ("numbers", "The capacity falls to 80% after 5,000 cycles [3]."),
    ("numbers", "Lake Sund covers 112 square kilometres [4]."),
    ("numbers", "Lake Arvo is 214 metres deep [4]."),
    ("numbers", "The hotel at Lake Arvo has 46 rooms [4]."),
    ("numbers", "员工每年享有二十天年假，工作满十年后增至二十五天[5]。"),
    ("numbers", "首张专辑《远山》售出三十五万张[6]。"),
    ("numbers", "2023年的巡演走过二十座城市[6]。"),
    ("units", "A full charge takes 90 hours with the fast charger [3]."),
    ("units", "Never charge a cell below 0 °F [3]."),
    ("units", "Rent for a full plot goes up from $60 to $72 [1]."),
    ("units", "Lake Sund is 214 feet deep [4]."),
    ("units", "试用期为三年[5]。"),
    ("units", "病假超过三周须提交医院证明[5]。"),
    ("dates", "Joan Mbeki was elected chair in 2012 [1]."),
    ("dates", "Leonora Castell was born in 1963 [2]."),
    ("dates", "She received the Abel Prize in 2015 [2]."),
    ("dates", "Members who have not paid by 31 May lose their plot [1]."),
    ("dates", "The affected cells were made between May and June 2022 [3]."),
    ("dates", "年终奖于每年三月发放[5]。"),
    ("dates", "乐队于2016年成立[6]。"),
    ("entity", "Harold Pike is the treasurer [1]."),
    ("entity", "The Orsini conjecture was proved by Paul Renner [2]."),
    ("entity", "Her husband was the cellist Paul Renner [2]."),
    ("entity", "She was born in Lisbon [2]."),
    ("entity", "The torn film came from a supplier in Delft [3]."),
    ("entity", "Marta opened the hotel at Lake Arvo [4]."),
    ("entity", "鼓手是周强，他接替了赵海[6]。"),
    ("entity", "年终奖的金额由部门经理决定[5]。"),
    ("entity", "乐队由吴迪和孙丽成立[6]。"),
    ("invented", "The society has a waiting list of more than a hundred people [1]."),
    ("invented", "The society plans to dig a new well [1]."),
    ("invented", "Castell wrote an autobiography shortly before her death [2]."),
    ("invented", "The maker has offered every owner a voucher [3]."),
    ("invented", "The lake is popular with windsurfers [4]."),
    ("invented", "公司每周五提供免费午餐[5]。"),
    ("invented", "乐队计划在海外录制新专辑[6]。"),
)

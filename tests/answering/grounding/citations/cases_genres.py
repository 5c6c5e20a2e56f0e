"""Answers over twelve documents of as many genres, half of them Chinese: right ones, and false ones by their fault.

Written before the checks were changed for them. At first sight 27 of 67 right sentences were unverified (with the
packaged embedder) and 35 of 47 false answers caught; what they taught is general.
"""

DOCUMENTS = {
    1: (
        "Changelog of Quillpad",
        "## 3.2.0 (18 June 2025)\n\n- Added: notes can be exported as EPUB.\n- Changed: autosave now runs every "
        "20 seconds "
        "instead of every 60.\n- Fixed: the search no longer skips archived notes.\n- Removed: support for "
        "Windows 8.\n\n"
        "## 3.1.4 (2 April 2025)\n\n- Fixed: a crash when an image larger than 40 MB was pasted (reported by "
        "Nils Aker).\n"
        "- Security: passwords are no longer written to the log file.\n\n"
        "Plug-ins written for 3.0 run unchanged under 3.1; under 3.2 they have to be rebuilt.",
    ),
    2: (
        "Labour Court of Veldt, ruling 7 Ca 412/24",
        "The court dismisses the action. The claimant, Ms Dora Pell, bears the costs of the proceedings. "
        "The claimant had worked for the defendant, Osterby Logistics, since 1 August 2016 as a dispatcher, "
        "most recently "
        "for 3,150 euros a month. By letter of 11 March 2024 the defendant gave notice as of 30 June 2024. "
        "The claimant holds the notice to be void because the works council was not heard. "
        "The witness Brandt testified that he handed the hearing form to the chair of the works council on 26 "
        "February 2024. "
        "The court believes the witness. The period of one week had expired when notice was given. "
        "An appeal may be lodged within one month of service of this judgment.",
    ),
    3: (
        "Harlow Town 2-3 Penmere (match report)",
        "Penmere came from two goals down to win at Harlow on Saturday in front of 4,812 spectators. "
        "Tom Achard put the hosts ahead in the 9th minute and Luis Ferro made it 2-0 from the penalty spot "
        "before the break. "
        "Substitute Idris Cole pulled one back on 58 minutes and equalised ten minutes later. "
        "In stoppage time Marek Vlcek headed in the winner from a corner taken by Cole. "
        "Harlow's goalkeeper Sam Whitty was sent off for a foul outside the box in the 80th minute. "
        "Penmere climb to fourth place with 31 points; Harlow stay second from bottom with 11.",
    ),
    4: (
        "E-mail: move of the laboratory",
        "From: Hanna Ruud\nTo: All staff\nDate: Monday, 8 September 2025\n\nDear all, the laboratory moves to "
        "Building C "
        "on 22 and 23 September. The freezers are moved first, on the morning of the 22nd, by the firm Kelvin "
        "Transport. "
        "Please label your samples by Friday, 19 September; unlabelled samples will be thrown away. "
        "The microscopes stay in Building A until the new year, because the floor in C still vibrates. "
        "Jon Aas keeps the list of keys; badges need not be exchanged. "
        "The Wednesday seminar is cancelled that week and will be made up on 1 October.",
    ),
    5: (
        "Invitation to tender 2025/17: Winter service",
        "The municipality of Arnfeld invites tenders for the clearing of 64 kilometres of municipal roads in "
        "three lots. "
        "Tenders must be received by 12:00 on 15 July 2025. A tender bond of 2% of the price is to be lodged. "
        "Contracts run for four years and may be extended once by two years. "
        "The price counts for 60% of the evaluation, the response time for 25% and the age of the vehicles for 15%. "
        "Variants are not admitted. Bidders may bid for all lots but are awarded at most two.\n\n"
        "| Lot | Area | Length (km) | Vehicles |\n| --- | --- | --- | --- |\n| 1 | North | 27 | 4 |\n"
        "| 2 | Old town | 11 | 3 |\n| 3 | South | 26 | 4 |",
    ),
    6: (
        "Package leaflet: Sorvex 5 mg tablets",
        "Sorvex is used against motion sickness in adults and children aged 12 and over. Take one tablet half "
        "an hour "
        "before the journey. The effect lasts about eight hours. Do not take more than three tablets in 24 hours. "
        "Do not take Sorvex if you have glaucoma. Sorvex may make you drowsy: do not drive after taking it. "
        "Common side effects (up to 1 in 10 people): dry mouth, tiredness. Rare side effects (up to 1 in 1,000 "
        "people): "
        "blurred vision. Sorvex may be taken with or without food, but not with alcohol. "
        "Keep the blister in the carton to protect it from light. The manufacturer is Halden Pharma, Tromsø.",
    ),
    7: (
        "房屋租赁合同",
        "出租方（甲方）：何志远；承租方（乙方）：苏敏。房屋位于枫林路18号3单元502室，建筑面积89平方米。"
        "租期两年，自2025年3月1日起至2027年2月28日止。月租金4200元，按季度支付，乙方应于每季度首月5日前付清。"
        "押金为两个月租金。物业费由甲方承担，水电费、燃气费由乙方承担。未经甲方书面同意，乙方不得转租。"
        "乙方逾期付款的，每逾期一日按月租金的0.5%支付违约金。租期届满前乙方享有优先续租权。",
    ),
    8: (
        "城东区业主大会会议纪要",
        "会议于2025年5月18日在社区活动中心召开，应到业主612户，实到438户。会议由业委会主任田桂芳主持。"
        "关于更换电梯的议案以391票赞成、32票反对、15票弃权获得通过。关于上调停车费的议案未获通过。"
        "电梯更换由安捷电梯公司负责，共8部，每部造价26万元，其中60%由维修基金支付，其余由业主分摊。"
        "工程预计6月开工，10月底完工。物业经理罗斌表示，施工期间每栋楼至少保留一部电梯运行。",
    ),
    9: (
        "云帆全自动洗衣机常见问题",
        "问：滚筒内有异味怎么办？答：请每月运行一次“筒自洁”程序，水温选90℃，并保持机门敞开。"
        "问：脱水时为什么震动大？答：通常是衣物分布不均或运输螺栓未拆除。"
        "问：保修多久？答：整机保修三年，电机保修十年；因使用不当造成的损坏不在保修范围内。"
        "问：能洗羽绒服吗？答：可以，请用“羽绒”程序，容量不超过额定的一半，转速不要高于800转/分。"
        "问：柔顺剂什么时候加？答：洗涤前加入标有“※”的格内，不要直接倒在衣物上。",
    ),
    10: (
        "2025年市中学生篮球赛战报",
        "6月7日，男子组决赛在体育中心举行，实验中学以68比61战胜第三中学，时隔六年再次夺冠。"
        "实验中学的顾一鸣拿下全场最高的27分，第三中学的夏宇得到22分和11个篮板。"
        "上半场第三中学以35比30领先，但下半场只得26分。女子组冠军由外国语学校获得，亚军是实验中学。"
        "最有价值球员授予顾一鸣，体育道德风尚奖由第九中学获得。",
    ),
    11: (
        "拾光书店秋季书目",
        "| 书名 | 作者 | 页数 | 定价 |\n| --- | --- | --- | --- |\n| 《山中来信》 | 林语舟 | 312 | 58元 |\n"
        "| 《潮汐简史》 | 高岩 | 448 | 79元 |\n| 《纸上花园》 | 林语舟 | 196 | 42元 |\n"
        "| 《北方的铁路》 | 莫一凡 | 365 | 68元 |\n\n"
        "《潮汐简史》附赠海图一张。会员购书九折，学生凭证八折，两种优惠不能同时使用。满200元免运费，否则运费10元。"
        "《山中来信》已是第三次印刷。10月12日下午三点，高岩将在本店举行签售会。",
    ),
    12: (
        "青石桥桩基施工日志",
        "9月3日，晴。3号墩第2根桩于凌晨1点开始灌注，早上6点40分结束，用混凝土142立方米，比设计多6立方米。"
        "9月4日，小雨。4号墩钻孔至38米处遇到孤石，停工五小时，改用冲击钻后恢复施工。"
        "9月5日，多云。监理赵工检查了3号墩的钢筋笼，发现两处焊接不合格，要求返工，当天完成整改。"
        "本周没有发生安全事故。水泥由海川建材供应，钢筋由宏达钢厂供应。",
    ),
}

RIGHT = (
    # English sources
    "Autosave became more frequent in version 3.2.0: every 20 seconds rather than every 60 [1].",
    "Yes. Since 3.2.0 you can save your notes as EPUB files [1].",
    "Plug-ins made for 3.0 need to be rebuilt for 3.2, whereas under 3.1 they work as they are [1].",
    "Quillpad 3.2.0 came out on 18 June 2025, eleven weeks after 3.1.4 [1].",
    "Version 3.1.4 fixed two things:\n\n- a crash that happened when images of more than 40 MB were pasted\n"
    "- passwords ending up in the log file [1]",
    "Dora Pell lost the case and must pay the costs [2].",
    "She had been employed by Osterby Logistics for almost eight years when the notice took effect, from August "
    "2016 to "
    "the end of June 2024 [2].",
    "Her argument was that the works council had not been consulted, but the judges found Brandt's testimony "
    "credible [2].",
    "She can still appeal; the deadline is one month after the judgment is served [2].",
    "Penmere turned a 2-0 deficit into a 3-2 victory [3].",
    "Idris Cole scored twice, in the 58th and the 68th minute, and set up the winning goal of Marek Vlcek [3].",
    "Harlow finished the match with ten men because their keeper, Sam Whitty, was shown a red card in the 80th "
    "minute [3].",
    "Penmere are 20 points ahead of Harlow (31 − 11 = 20) [3].",
    "The freezers will be transported by Kelvin Transport on the morning of 22 September [4].",
    "The microscopes are not part of the move yet: they remain in Building A until the new year since the floor of "
    "Building C still shakes [4].",
    "Anything without a label after 19 September will be discarded [4].",
    "No, you keep your badge [4].",
    "The price carries the greatest weight (60%), followed by response time (25%) and vehicle age (15%) [5].",
    "| Lot | Length |\n| --- | --- |\n| North | 27 km |\n| Old town | 11 km |\n| South | 26 km |\n\nTogether "
    "that is 64 km [5].",
    "With the extension a contract can last six years at most [5].",
    "A single bidder can win no more than two of the three lots [5].",
    "All in all 11 vehicles are required: 4 + 3 + 4 = 11 [5].",
    "Children under 12 should not be given Sorvex [6].",
    "One tablet works for roughly eight hours and is taken 30 minutes before departure [6].",
    "People with glaucoma must not use it, and nobody should drive after taking it [6].",
    "Dry mouth and tiredness are common; blurred vision occurs only rarely [6].",
    "The maximum is three tablets a day, that is 15 mg [6].",
    # Chinese sources
    "房子租期两年，到2027年2月28日为止[7]。",
    "押金是8400元（4200×2＝8400）[7]。",
    "可以，但必须事先得到甲方的书面同意才能转租[7]。",
    "每个季度要付12600元房租，须在该季度第一个月的5日之前交清[7]。",
    "物业费归房东何志远出，水电燃气费则由租客苏敏自己负担[7]。",
    "晚交一天要付21元违约金[7]。",
    "更换电梯的提案通过了：391票赞成，32票反对，15票弃权[8]。",
    "8部电梯总共需要208万元，其中维修基金出124.8万元[8]。",
    "没有，涨停车费的提案被否决了[8]。",
    "共有438户业主到会，174户没有来[8]。",
    "施工的时候每栋楼都会有电梯可用，物业经理罗斌说至少留一部[8]。",
    "筒内有味道时，建议每个月用90℃水温做一次“筒自洁”，平时把门开着[9]。",
    "电机的保修期比整机长七年：电机十年，整机三年[9]。",
    "羽绒服可以机洗，要注意三点：\n1. 选择“羽绒”程序\n2. 最多装额定容量的一半\n3. 转速不超过800转/分[9]",
    "人为使用不当导致的故障不保修[9]。",
    "实验中学赢了第三中学7分，比分是68比61[10]。",
    "顾一鸣得分最高，得了27分，还获得了最有价值球员称号[10]。",
    "半场结束时第三中学还领先5分[10]。",
    "上一次夺冠是在六年前，也就是2019年[10]。",
    "女子组第一名是外国语学校，第二名是实验中学[10]。",
    "林语舟有两本书在书目里：《山中来信》和《纸上花园》[11]。",
    "学生买《潮汐简史》只要63.2元[11]。",
    "页数最多的是高岩的《潮汐简史》，共448页[11]。",
    "会员折扣和学生折扣不可叠加[11]。",
    "灌注持续了5小时40分钟[12]。",
    "设计用量是136立方米，实际用了142立方米[12]。",
    "4号墩停工五小时是因为钻到38米时碰上了孤石[12]。",
    "钢筋笼有两处焊接不合格，已于当天整改完毕[12]。",
    # other language than the source
    "The rent is 4,200 yuan a month, payable every quarter [7].",
    "The proposal to replace the lifts was adopted with 391 votes in favour and 32 against [8].",
    "佩恩米尔最终以3比2取胜，观众有4812人[3]。",
    "投标截止时间是2025年7月15日12时[5]。",
)
"""Right answers."""

FALSE = (
    ("numbers", "Autosave now runs every 60 seconds instead of every 20 [1]."),
    ("negation", "Plug-ins written for 3.0 do not run under 3.1 without being rebuilt [1]."),
    ("dates", "Version 3.1.4 was released on 18 June 2025 [1]."),
    ("invented", "Version 3.2.0 also brought a dark theme and faster start-up [1]."),
    ("roles", "Osterby Logistics has to bear the costs of the proceedings [2]."),
    ("negation", "The court did not believe the witness Brandt [2]."),
    ("dates", "Notice was given on 26 February 2024 [2]."),
    ("negation", "There is no appeal against the judgment [2]."),
    ("roles", "Cole headed in the winner from a corner taken by Marek Vlcek [3]."),
    ("other_entity", "Tom Achard made it 2-0 from the penalty spot [3]."),
    ("numbers", "Penmere are fourth with 11 points [3]."),
    ("roles", "Harlow won 3-2 against Penmere [3]."),
    ("other_entity", "The freezers will be carried by the firm of Jon Aas [4]."),
    ("negation", "Badges must be exchanged [4]."),
    ("dates", "The freezers are moved on the morning of the 23rd [4]."),
    ("numbers", "The response time counts for 15% of the evaluation and the age of the vehicles for 25% [5]."),
    ("negation", "Bidders may submit variants [5]."),
    ("units", "The effect of Sorvex lasts about eight days [6]."),
    ("numbers", "The southern lot is 27 kilometres long [5]."),
    ("negation", "Sorvex can safely be combined with alcohol [6]."),
    ("other_entity", "Blurred vision is a common side effect [6]."),
    ("roles", "物业费由乙方承担，水电费由甲方承担[7]。"),
    ("numbers", "押金为三个月租金[7]。"),
    ("negation", "乙方可以不经甲方同意转租[7]。"),
    ("dates", "租期自2027年3月1日起[7]。"),
    ("units", "逾期付款的，每逾期一个月按月租金的0.5%支付违约金[7]。"),
    ("numbers", "实到业主612户[8]。"),
    ("negation", "上调停车费的议案获得了通过[8]。"),
    ("other_entity", "会议由物业经理罗斌主持[8]。"),
    ("numbers", "电梯更换费用的40%由维修基金支付[8]。"),
    ("invented", "洗衣机还配有智能投放和手机远程控制功能[9]。"),
    ("numbers", "整机保修十年，电机保修三年[9]。"),
    ("negation", "使用不当造成的损坏也在保修范围内[9]。"),
    ("roles", "第三中学以68比61战胜实验中学[10]。"),
    ("other_entity", "夏宇被授予最有价值球员[10]。"),
    ("roles", "女子组亚军是外国语学校，冠军是实验中学[10]。"),
    ("numbers", "《纸上花园》定价58元[11]。"),
    ("other_entity", "10月12日下午林语舟将在书店举行签售会[11]。"),
    ("negation", "会员优惠和学生优惠可以同时使用[11]。"),
    ("numbers", "3号墩第2根桩的混凝土用量比设计少6立方米[12]。"),
    ("roles", "水泥由宏达钢厂供应，钢筋由海川建材供应[12]。"),
    ("other_entity", "3号墩钻孔时遇到了孤石[12]。"),
    ("invented", "本周共浇筑了四根桩，进度比计划提前两天[12]。"),
    ("negation", "监理检查没有发现任何问题[12]。"),
    ("numbers", "The deposit is one month's rent [7]."),
    ("negation", "The proposal to raise the parking fee was adopted [8]."),
    ("roles", "哈洛队以3比2战胜了佩恩米尔队[3]。"),
)
"""(Its fault, a false answer)."""

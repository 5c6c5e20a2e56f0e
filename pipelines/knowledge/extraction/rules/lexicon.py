"""The word lists behind the extraction rules: general words of both languages, no names of anybody's data."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


GOODS = _set(
    """
    backpack bag battery bike blanket boot bottle cable camera car chair charger coat computer cooker cup desk
    device drone engine fabric glove hat headlamp headset helmet jacket jersey keyboard kit knife lamp lantern
    laptop layer light machine mat mattress membrane monitor oven pack pan pants phone pillow pole printer pump rope
    rucksack sack scooter screen sensor shirt shoe sock sofa stick stove sweater table tablet tarp tent tool torch
    tower toy tractor trouser truck tyre umbrella valve van vest watch wheel
    """
)
"""Common nouns of things that are sold; a name right before one is a product."""
GOODS_BEFORE = _set(
    """
    3-season 4-season all base camping cycling down electric fleece gas hiking light merino rain running ski
    sleeping summer trail trekking walking winter wool
    """
)
"""Words that may stand between a product name and its noun."""
PLACES = _set(
    """
    airport branch building campus city depot district factory harbour headquarters hotel island lake mill mountain
    office outlet plant port province region river shop station store town valley village warehouse workshop
    """
)
COMPANY_WORDS = _set(
    """
    ag airlines airways associates automotive bank brothers bv capital carbon chemicals co college company
    components corp corporation electric electronics energy express foods foundation furniture gmbh group holdings
    hospital inc industries institute insurance laboratories labs limited llc logistics ltd manufacturing media
    mills motors oil outfitters packs partners pharma plc post press school semiconductor services software solar
    sons steel studios supplies systems technologies technology telecom textiles tools trading university woollens
    works
    """
)
"""Last words of company names."""
ROLES = _set(
    """
    accountant agent analyst buyer ceo chair chairman chairwoman chief clerk contact coordinator designer developer
    director doctor engineer executive founder head inspector lead leader manager mechanic minister nurse officer
    owner president professor representative secretary seller supervisor teacher technician
    """
)
COMPANY_VERBS = _set(
    """
    delivers employ employs exports manufactures produces sews supplies
    """
)
PLACE_CUES = _set(
    """
    in near
    """
)
NOT_NAMES = _set(
    """
    aim american appendix april article august average background british cause ceo cfo chapter chinese christmas
    climate closed colour colours company computers contact coo cto customers date day dear december decision easter
    english european faq february figure french friday german gift gtx guarantee i ii iii introduction italian iv
    january july june lesson lorry ltd makers march material materials may monday money month no norwegian note
    notes november october open overview page pdf place please price q1 q2 q3 q4 quarter remark remarks remedy
    saturday scope section september status summary sunday supplier table target thursday total tuesday warehouse
    wednesday week weight xxl year yes
    """
)
"""Capitalised words that are no names."""
FORM_WORDS = _set(
    """
    account amount balance bic currency description discount due fax iban invoice item net payable payment qty quantity
    remittance ship shipping subtotal swift tax terms total unit vat zip
    """
)
"""What forms and invoices call their fields."""
ADDRESS_WORDS = _set(
    """
    allee alley avenue blvd boulevard calle court dock drive floor gata gate highway lane plads platz quay rd road rue
    square st strada strasse straße street suite terrace unit via wharf
    """
)
"""Words that stand beside the number of a house."""
ADDRESS_ENDINGS = _set(
    """
    gasse gata gate gatan gränd kade kai laan platz plein straat strasse straße stræde vägen vej veien weg
    """
)
"""Ends of words that stand before it."""
CHINESE_FORM_WORDS = (
    "价税合计|合计|小计|总计|金额|税额|税率|单价|数量|单位|规格型号|规格|购买方|销售方|开户行|开户银行|账号|发票号码|"
    "发票代码|发票|人民币|应付|余额|折扣"
)
CHINESE_ADDRESS = r"[路街道巷弄]\d+号|\d+号楼?(?:\d+[室层])?|[路街]\d+弄"
"""An address by the number of its house."""
CHINESE_NOT_PEOPLE = _set(
    """
    顾客 师傅 明白 黄铜 黄金 高温 高原 高峰 白天 白银 花费 安全 常见 平时 小件 小心 小红帽 老板 老师 老人 小时 马上
    梅雨季
    """
)
CHINESE_NOT_PLACES = _set(
    """
    东西 登山 台风 海鲜 城市 长度 上坡 下坡 新店 入口 出口 海岛 海关 国内 国外 山区 市区 地区 港口 口岸 码头 路线
    高山 河流 大陆 户外 内地 南方 北方 东部 西部 全国 本地 当地 山上 城里 农村 机场 街道 午休 攀岩 午后
    """
)
CHINESE_NOT_NAMES = _set(
    """
    欧元 英文 中文 英语 汉语 聊天 普通 每箱 换料 人民币 美元 公里 微信 邮件 电话 互联网 网络 热成像仪 氢气 甲醛 国庆
    春节 周末 中国区 财务部 质检部 客服部 双十一 主管 日元 航空 碳纤维 元宵
    """
)
CHINESE_SITES = "仓库|仓|工厂|厂房|门店|店|港区|港|机场|车站|办事处|分公司|园区|大厦|口岸|厂"
CHINESE_COMPANIES = "有限公司|公司|集团|银行|大学|医院|研究院|研究所|学院|学校|协会|基金会|出版社|电视台|工厂"
CHINESE_TRADES = (
    "照明|器具|碳材|科技|电子|材料|新材|纺织|物流|速运|快递|快运|户外|实业|制造|机械|化工|食品|服饰|五金|医药|"
    "证券|保险|传媒|软件|通信|汽车|能源|电器|家具|体育|重工|航空|地产|制衣|鞋业|箱包|碳纤|电池|光电|钢铁|制药|"
    "乳业|酒业|文具|珠宝"
)
CHINESE_GOODS = (
    "头灯|灯具|台灯|灯|气炉|炉头|炉具|炉|燃气炉|帐篷|帐|登山杖|手杖|杖|睡袋|背包|书包|包|登山靴|越野跑鞋|靴|跑鞋|"
    "鞋|雨衣|夹克|冲锋衣|外套|打底衫|衣|裤|袜|手套|帽|手机|电脑|平板|相机|耳机|手表|汽车|轿车|电池|羊毛衫"
)
_PLACE_PAIRS = _set(
    """
    中国=china 欧洲=europe 亚洲=asia 非洲=africa 德国=germany 法国=france 意大利=italy 西班牙=spain 挪威=norway
    瑞典=sweden 丹麦=denmark 芬兰=finland 瑞士=switzerland 奥地利=austria 波兰=poland 斯洛文尼亚=slovenia
    葡萄牙=portugal 荷兰=netherlands 比利时=belgium 爱尔兰=ireland 俄罗斯=russia 日本=japan 韩国=korea 印度=india
    泰国=thailand 越南=vietnam 新加坡=singapore 加拿大=canada 墨西哥=mexico 巴西=brazil 澳大利亚=australia
    土耳其=turkey 埃及=egypt 希腊=greece 伦敦=london 巴黎=paris 柏林=berlin 东京=tokyo 奥斯陆=oslo 罗马=rome
    米兰=milan 都灵=turin 西藏=tibet 台湾=taiwan 英国=united_kingdom 美国=united_states 新西兰=new_zealand
    香港=hong_kong 纽约=new_york
    """
)
TRANSLATED_PLACES = dict(sorted(pair.replace("_", " ").split("=") for pair in _PLACE_PAIRS))
"""Places whose two names no spelling rule joins: Chinese to Latin keys."""

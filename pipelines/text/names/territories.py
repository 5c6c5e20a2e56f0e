"""Countries and continents by their names in Chinese and in English, as Unicode's CLDR 45 has them."""

_PAIRS = """
世界=world 非洲=africa 北美洲=north_america 南美洲=south_america 大洋洲=oceania 亚洲=asia 欧洲=europe
拉丁美洲=latin_america 安道尔=andorra 阿拉伯联合酋长国=united_arab_emirates 阿联酋=united_arab_emirates
阿富汗=afghanistan 安提瓜和巴布达=antigua_&_barbuda 阿尔巴尼亚=albania 亚美尼亚=armenia 安哥拉=angola
南极洲=antarctica 阿根廷=argentina 奥地利=austria 澳大利亚=australia 阿塞拜疆=azerbaijan
波斯尼亚和黑塞哥维那=bosnia_&_herzegovina 巴巴多斯=barbados 孟加拉国=bangladesh 比利时=belgium 布基纳法索=burkina_faso
保加利亚=bulgaria 巴林=bahrain 布隆迪=burundi 贝宁=benin 百慕大=bermuda 文莱=brunei 玻利维亚=bolivia 巴西=brazil
巴哈马=bahamas 不丹=bhutan 博茨瓦纳=botswana 白俄罗斯=belarus 伯利兹=belize 加拿大=canada
刚果民主共和国=congo_-_kinshasa 中非共和国=central_african_republic 刚果共和国=congo_-_brazzaville 瑞士=switzerland
科特迪瓦=côte_d’ivoire 智利=chile 喀麦隆=cameroon 中国=china 哥伦比亚=colombia 哥斯达黎加=costa_rica 古巴=cuba
佛得角=cape_verde 塞浦路斯=cyprus 捷克=czechia 捷克共和国=czech_republic 德国=germany 吉布提=djibouti 丹麦=denmark
多米尼克=dominica 多米尼加共和国=dominican_republic 阿尔及利亚=algeria 厄瓜多尔=ecuador 爱沙尼亚=estonia 埃及=egypt
西撒哈拉=western_sahara 厄立特里亚=eritrea 西班牙=spain 埃塞俄比亚=ethiopia 欧盟=european_union 芬兰=finland 斐济=fiji
密克罗尼西亚=micronesia 法罗群岛=faroe_islands 法国=france 加蓬=gabon 英国=united_kingdom 格林纳达=grenada
格鲁吉亚=georgia 加纳=ghana 直布罗陀=gibraltar 格陵兰=greenland 冈比亚=gambia 几内亚=guinea
赤道几内亚=equatorial_guinea 希腊=greece 危地马拉=guatemala 关岛=guam 几内亚比绍=guinea-bissau 圭亚那=guyana
香港=hong_kong 洪都拉斯=honduras 克罗地亚=croatia 海地=haiti 匈牙利=hungary 印度尼西亚=indonesia 爱尔兰=ireland
以色列=israel 马恩岛=isle_of_man 印度=india 伊拉克=iraq 伊朗=iran 冰岛=iceland 意大利=italy 泽西岛=jersey
牙买加=jamaica 约旦=jordan 日本=japan 肯尼亚=kenya 吉尔吉斯斯坦=kyrgyzstan 柬埔寨=cambodia 基里巴斯=kiribati
科摩罗=comoros 圣基茨和尼维斯=st._kitts_&_nevis 朝鲜=north_korea 韩国=south_korea 科威特=kuwait 哈萨克斯坦=kazakhstan
老挝=laos 黎巴嫩=lebanon 圣卢西亚=st._lucia 列支敦士登=liechtenstein 斯里兰卡=sri_lanka 利比里亚=liberia
莱索托=lesotho 立陶宛=lithuania 卢森堡=luxembourg 拉脱维亚=latvia 利比亚=libya 摩洛哥=morocco 摩纳哥=monaco
摩尔多瓦=moldova 黑山=montenegro 马达加斯加=madagascar 马绍尔群岛=marshall_islands 北马其顿=north_macedonia 马里=mali
缅甸=myanmar 蒙古=mongolia 澳门=macao 毛里塔尼亚=mauritania 马耳他=malta 毛里求斯=mauritius 马尔代夫=maldives
马拉维=malawi 墨西哥=mexico 马来西亚=malaysia 莫桑比克=mozambique 纳米比亚=namibia 尼日尔=niger 尼日利亚=nigeria
尼加拉瓜=nicaragua 荷兰=netherlands 挪威=norway 尼泊尔=nepal 瑙鲁=nauru 新西兰=new_zealand 阿曼=oman 巴拿马=panama
秘鲁=peru 巴布亚新几内亚=papua_new_guinea 菲律宾=philippines 巴基斯坦=pakistan 波兰=poland 波多黎各=puerto_rico
巴勒斯坦=palestine 葡萄牙=portugal 帕劳=palau 巴拉圭=paraguay 卡塔尔=qatar 罗马尼亚=romania 塞尔维亚=serbia
俄罗斯=russia 卢旺达=rwanda 沙特阿拉伯=saudi_arabia 所罗门群岛=solomon_islands 塞舌尔=seychelles 苏丹=sudan
瑞典=sweden 新加坡=singapore 斯洛文尼亚=slovenia 斯洛伐克=slovakia 塞拉利昂=sierra_leone 圣马力诺=san_marino
塞内加尔=senegal 索马里=somalia 苏里南=suriname 南苏丹=south_sudan 圣多美和普林西比=são_tomé_&_príncipe
萨尔瓦多=el_salvador 叙利亚=syria 斯威士兰=eswatini 乍得=chad 多哥=togo 泰国=thailand 塔吉克斯坦=tajikistan
东帝汶=timor-leste 土库曼斯坦=turkmenistan 突尼斯=tunisia 汤加=tonga 土耳其=turkey 特立尼达和多巴哥=trinidad_&_tobago
图瓦卢=tuvalu 台湾=taiwan 坦桑尼亚=tanzania 乌克兰=ukraine 乌干达=uganda 联合国=united_nations 美国=united_states
乌拉圭=uruguay 乌兹别克斯坦=uzbekistan 梵蒂冈=vatican_city 圣文森特和格林纳丁斯=st._vincent_&_grenadines
委内瑞拉=venezuela 越南=vietnam 瓦努阿图=vanuatu 萨摩亚=samoa 科索沃=kosovo 也门=yemen 南非=south_africa 赞比亚=zambia
津巴布韦=zimbabwe
"""
TRANSLATED_TERRITORIES = {
    chinese: english.replace("_", " ") for chinese, english in sorted(pair.split("=") for pair in _PAIRS.split())
}
"""Chinese to English names, small letters."""
_OTHER_NAMES = ("us", "u.s", "usa", "u.s.a", "united states of america", "uk", "u.k", "great britain", "uae", "prc")
TERRITORIES = frozenset((*TRANSLATED_TERRITORIES, *TRANSLATED_TERRITORIES.values(), *_OTHER_NAMES))
"""Their normal forms in both languages, with the usual abbreviations."""
_CONTINENTS = "世界 非洲 北美洲 南美洲 大洋洲 亚洲 欧洲 拉丁美洲 南极洲 欧盟 联合国"
CONTINENTS = frozenset((*_CONTINENTS.split(), *(TRANSLATED_TERRITORIES[name] for name in _CONTINENTS.split())))
"""Those of them that countries lie in, by their normal forms."""

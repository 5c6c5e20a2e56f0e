"""Common nouns for bodies of people in both languages, which stand for a body's full name: the Committee, 委员会."""

BODIES = frozenset(
    """
    academy agency alliance assembly association authority bank board brotherhood bureau cabinet chamber church club
    coalition college commission committee company confederation conference congress convention corporation council
    court department diocese directorate division embassy faculty federation force foundation front fund group guild
    hospital house institute institution league library ministry mission movement museum office order organisation
    organization parliament party school secretariat senate service society syndicate tribunal trust union university
    委员会 大学 学院 公司 集团 银行 医院 法院 检察院 协会 学会 联盟 联合会 基金会 研究院 研究所 中学 小学 博物馆 图书馆
    议会 国会 政府 教会 俱乐部 出版社 报社 剧院
    """.split()
)
"""General vocabulary; none of it is from a corpus."""

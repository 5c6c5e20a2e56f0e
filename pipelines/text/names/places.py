"""How wide a place is by its name, so that the smaller of two lies in the larger: 浙江, 宁波市, 北仑区."""

from pipelines.text.names.territories import CONTINENTS, TERRITORIES

_PROVINCES = frozenset(
    """
    北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南
    陕西 甘肃 青海 内蒙古 广西 西藏 宁夏 新疆 北京市 天津市 上海市 重庆市
    """.split()
)
"""China's divisions of the first level, as ISO 3166-2:CN has them."""
_SUFFIXES = (
    ("自治区", 2), ("特别行政区", 2), ("自治州", 3), ("街道", 5), ("省", 2), ("州", 3), ("市", 3), ("盟", 3), ("区", 4),
    ("县", 4), ("旗", 4), ("镇", 5), ("乡", 5), ("村", 6), ("路", 6), ("街", 6), ("巷", 6),
)  # fmt: skip
_SHORTEST = 3
"""Letters from which a suffix is one: 广州 and 杭州 are cities."""


def width_rank(name: str) -> int | None:
    """Return the rank of a place's width, small for wide ones; None where its name does not say.

    >>> width_rank("中国"), width_rank("浙江"), width_rank("宁波市"), width_rank("北仑区"), width_rank("宁波")
    (1, 2, 3, 4, None)
    """
    key = name.casefold()
    if key in CONTINENTS:
        return 0
    if key in TERRITORIES:
        return 1
    if name in _PROVINCES:
        return 2
    if len(name) < _SHORTEST:
        return None
    return next((rank for suffix, rank in _SUFFIXES if name.endswith(suffix)), None)


def may_lie_in(inner: str, outer: str) -> bool:
    """Say whether a place may lie in another by what their names say: no country in a town, no county in another."""
    ranks = width_rank(inner), width_rank(outer)
    if ranks[0] is None or ranks[1] is None:
        return ranks[0] is None or ranks[0] > 1
    return ranks[0] > ranks[1]

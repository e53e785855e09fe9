"""Names of invented places."""

from __future__ import annotations

from siteplan.demo.chance import shuffled, stream

COUNTY = "云河县"
_FAMILIES = (
    "陈王李张刘赵杨黄周吴徐孙马朱胡郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚"
    "卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_FIRST = "青白黑红黄金银石清古新老上下前后东西南北大小双三五七龙凤虎马牛鹿鹤云月星松柏桐枫梅桂兰竹"
_SECOND = "山水泉溪河岩石门树林花草桥塘池井崖岭坡峰洞滩沙土田园台楼寺庙观关营寨窑"
_LANDFORMS = ("坪", "沟", "坝", "湾", "垭", "梁", "坡", "岭", "塬", "川", "河", "院子", "口", "垴", "扁", "营")
_TOWN_ENDS = ("铺", "关", "渡", "桥", "坝", "店", "河", "岭", "溪", "口")
_TOWN_HEADS = "安宁康平泰和兴盛永长广厚仁义忠孝德福禄寿吉祥瑞嘉明光华文武"
RIVER = "云河"


def place_names(n: int, seed: int, purpose: str) -> list[str]:
    """Return n different place names, in a random order that ``purpose`` decides.

    A site is never called what another place is.

    >>> len(set(place_names(8000, 1, "villages")) | set(place_names(1364, 1, "sites")))
    9364
    """
    kinds = _LANDFORMS[:8] if purpose == "sites" else _LANDFORMS[8:]
    heads = [family + "家" for family in _FAMILIES] + [a + b for a in _FIRST for b in _SECOND if a != b]
    pool = [head + kind for head in dict.fromkeys(heads) for kind in kinds]
    if n > len(pool):
        raise ValueError(f"{n} names asked for, {len(pool)} exist")
    return [pool[k] for k in shuffled(stream(seed, "names", purpose), len(pool))[:n]]


def town_names(n: int, seed: int) -> list[str]:
    """Return n different names of towns; the first is the county seat."""
    pool = [head + end + "镇" for head in _TOWN_HEADS for end in _TOWN_ENDS]
    return ["城关镇", *(pool[k] for k in shuffled(stream(seed, "names", "towns"), len(pool))[: n - 1])]

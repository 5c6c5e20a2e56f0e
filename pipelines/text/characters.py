"""Which characters are Chinese, said once."""

import re

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The inside of a character class: CJK ideographs, their extensions and the compatibility ideographs (Unicode 17)."""
HAN_CHARACTER = re.compile(f"[{HAN}]")
"""One of them."""

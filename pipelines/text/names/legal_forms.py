"""What companies' names end in by law, in many countries: forms that ISO 20275's code list (ELF) has."""

import functools
import re

LEGAL_FORMS = (
    # United Kingdom, Ireland, United States, Canada, Australia, India, Singapore, South Africa
    "Ltd", "Limited", "LLC", "L.L.C.", "LLP", "L.L.P.", "L.P.", "PLC", "plc", "Inc", "Incorporated", "Corp",
    "Corporation", "Co", "Company", "Co. Ltd", "Co., Ltd", "Pty Ltd", "Pty. Ltd", "Pvt Ltd", "Pvt. Ltd", "Pte Ltd",
    "Pte. Ltd", "(Pty) Ltd", "CLG", "DAC", "ULC", "PBC",
    # Germany, Austria, Switzerland, Liechtenstein
    "GmbH", "gGmbH", "AG", "KG", "OHG", "KGaA", "GmbH & Co. KG", "GmbH & Co. KGaA", "UG", "e.V.", "eG", "GesmbH",
    "Sàrl", "SARL", "S.à r.l.",
    # Norway, Sweden, Denmark, Finland, Iceland
    "AS", "A/S", "ASA", "ANS", "AB", "Aktiebolag", "ApS", "P/S", "K/S", "I/S", "Oy", "Oyj", "Abp", "ehf",
    "hf",
    # Netherlands, Belgium, Luxembourg
    "BV", "B.V.", "NV", "N.V.", "VOF", "BVBA", "SRL", "SPRL", "S.C.A.",
    # France, Italy, Spain, Portugal, Latin America
    "SA", "S.A.", "SAS", "S.A.S.", "SASU", "SNC", "SCOP", "SpA", "S.p.A.", "S.r.l.", "Srl", "S.n.c.", "S.a.s.",
    "S.L.", "SLU", "S.L.U.", "Lda", "Ltda", "S.A. de C.V.", "SAPI de CV",
    # Central and Eastern Europe, Turkey
    "sp. z o.o.", "Sp. z o.o.", "s.r.o.", "a.s.", "d.o.o.", "d.d.", "Kft", "Zrt", "Nyrt", "EOOD", "OOD", "OÜ", "UAB",
    "SIA", "OOO", "PAO", "ZAO", "A.Ş.", "Ltd. Şti.",
    # Europe-wide, Japan, Korea, Malaysia, Indonesia, Thailand
    "SE", "SCE", "EEIG", "K.K.", "KK", "G.K.", "Kabushiki Kaisha", "Godo Kaisha", "Yugen Kaisha", "Sdn Bhd",
    "Sdn. Bhd.", "Bhd", "Tbk", "PCL",
)  # fmt: skip
"""Spelt as the registers spell them: "AS" is a form, "as" a word."""
HAN_LEGAL_FORMS = (
    "股份有限公司", "有限责任公司", "有限公司", "集团公司", "公司", "株式会社", "有限会社", "合同会社",
    "合名会社", "合资公司",
)  # fmt: skip
_FULL = ("ltd", "limited", "llc", "inc", "incorporated", "corp", "corporation", "co", "company", "gmbh", "plc")
"""Forms that are one in any case of letters."""
_WHEREVER = frozenset(("ltd", "llc", "gmbh", "plc", "inc"))


def _pattern(forms: tuple[str, ...], ignore_case: bool) -> str:
    by_length = sorted({form.rstrip(".") for form in forms}, key=lambda form: (-len(form), form))
    body = "|".join(re.escape(form) for form in by_length)
    return f"(?i:{body})" if ignore_case else f"(?:{body})"


_ENDING = re.compile(rf"(?:,? +)(?:{_pattern(_FULL, True)}|{_pattern(LEGAL_FORMS, False)})\.?$")
_UPPER = re.compile(rf"(?:,? +)(?:{_pattern(tuple(form.upper() for form in LEGAL_FORMS if len(form) > 3), False)})\.?$")
"""In a name of capitals alone a form of two letters could be anything: KY, CO."""
_HAN_START = re.compile(r"^(?:株式会社|有限会社|合同会社)(?=..)")
_HAN_ENDING = re.compile(rf"(?<=..)(?:{'|'.join(HAN_LEGAL_FORMS)})$")


@functools.lru_cache(maxsize=1 << 16)
def without_legal_form(name: str) -> str:
    """Return a name without the legal forms that it ends in; one of nothing else stays.

    >>> without_legal_form("Alder Systems AS"), without_legal_form("腾讯有限公司")
    ('Alder Systems', '腾讯')
    """
    for pattern in (_HAN_START, _HAN_ENDING, _ENDING, _UPPER, _ENDING):
        name = pattern.sub("", name).rstrip(" ,&") or name
    return name


def is_legal_form(word: str) -> bool:
    """Say whether a word is a form that ends a company's name wherever it stands: Ltd, GmbH."""
    return word.rstrip(".").lower() in _WHEREVER


def ends_company(name: str) -> bool:
    """Say whether a name ends in a legal form of companies."""
    return without_legal_form(name) != name

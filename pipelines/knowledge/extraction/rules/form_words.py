"""Words of forms and addresses, general ones of several languages: what stands beside a value or a house number."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FORM_WORDS = _set(
    """
    account amount balance bic bill currency date description discount due fax iban invoice item name net number payable
    payment price qty quantity remittance ship shipping subtotal swift tax terms total unit vat zip
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

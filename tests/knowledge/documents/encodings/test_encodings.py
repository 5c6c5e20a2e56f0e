import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.encodings.encodings import decode

TEXTS = {
    "utf-8": ["退货", "\ufeffplain", "x"],
    "utf-16": ["退货政策", "Returns"],
    "utf-16-le": ["Returns within 7 days", "退货政策 is ok\n", "一切退货\n开始七天", "返品は七日以内\n"],
    "utf-16-be": ["Returns within 7 days", "一切退货\n开始七天", "Возврат товаров\n"],
    "utf-32-le": ["Returns within 7 days", "一切退货\n开始七天"],
    "utf-32-be": ["一切退货\n开始七天"],
    "gb18030": [
        "退货政策\n七天",
        "科凡户外的退货政策：商品签收后七天内可以无理由退货。",
        "Fjell 2 帐篷的保修期是多久？",
        "OpenOffice Impress 模板",
    ],
    "big5hkscs": ["退貨政策七天", "商品簽收後七天內可以無理由退貨，請聯絡客服。", "訂單編號"],
    "cp932": ["返品ポリシー", "商品の返品は七日以内にお願いします。"],
    "euc_jp": ["商品の返品は七日以内にお願いします。"],
    "cp949": ["상품 수령 후 칠일 이내에 반품할 수 있습니다."],
    "cp1252": [
        "café x",
        "Müller und Söhne, 5 €",
        "It’s “good” – yes",
        "L’été où l’on a été à Nîmes",
        "Það er ekki við hæfi",
        "Er sagte « oui », señor Bjørn – 5 µm bei 20 °C",
    ],
    "cp1250": ["Příliš žluťoučký kůň", "Zażółć gęślą jaźń w Łodzi", "Visszaküldés hét napon belül: bőröndök, fűtők"],
    "iso8859_2": ["Příliš žluťoučký kůň úpěl ďábelské ódy"],
    "cp1251": ["Возврат товаров", "Повернення товарів: їжа та інше"],
    "koi8_r": ["Привет, мир", "Политика возврата товаров в течение семи дней после получения заказа."],
    "cp866": ["Политика возврата"],
    "cp1253": ["Η πολιτική επιστροφών"],
    "cp1254": ["İade politikası: ürünler yedi gün içinde iade edilebilir."],
    "cp1255": ["מדיניות ההחזרות של החנות"],
    "cp1256": ["سياسة الإرجاع خلال سبعة أيام"],
    "cp1257": ["Prekių grąžinimas per septynias dienas, jei jos nėra pažeistos šiukščiai"],
    "cp1258": ["Chinh sa\u0301ch đô\u0309i tra\u0309 trong ba\u0309y nga\u0300y"],
    "cp874": ["นโยบายการคืนสินค้าภายในเจ็ดวัน"],
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts])
def test_text_is_read_in_the_encoding_it_was_written_in(encoding: str, text: str):
    data = text.encode(encoding)
    found, name = decode(data, "a.txt")
    assert found == text and data.decode(name) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_utf8_is_never_taken_for_another_encoding(text: str):
    assert decode(text.encode(), "a.txt") == (text, "utf-8") or text.encode().startswith((b"\xff\xfe", b"\xfe\xff"))


@pytest.mark.parametrize(
    "data",
    [
        *(b"\x7fELF" + bytes(range(256)), b"abc\0\1\0\0", bytes(range(128, 256)) * 4, b"\xff\xfea\0b", b"\1\2\3\4\5"),
        *(b"abc\0def\n" * 10, b"ab\0cd\0ef\0" * 6, b"name\0value\0" * 5, bytes(range(32)) * 8),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(data: bytes):
    with pytest.raises(InputError, match="save it as UTF-8"):
        decode(data, "a.txt")


def test_words_in_an_old_encoding_are_found_behind_a_long_text_in_english():
    text = "It’s plain English.\n" * 5_000 + "Příliš žluťoučký kůň úpěl ďábelské ódy.\n" * 3
    assert decode(text.encode("cp1250"), "a.txt") == (text, "cp1250")


def test_a_long_english_beginning_does_not_hide_what_follows():
    text = "Plain English.\n" * 10_000 + "退货政策：七天内可以退货。\n"
    assert decode(text.encode("gb18030"), "a.txt") == (text, "gb18030")


def test_html_may_declare_its_encoding_and_a_wrong_declaration_is_not_believed():
    page = '<meta charset="gb2312"><p>订单'
    assert decode(page.encode("gb18030"), "a.html", declared=True) == (page, "gb18030")
    wrong = '<meta charset="ascii"><p>退货政策：七天内可以退货。'
    assert decode(wrong.encode("gb18030"), "a.html", declared=True)[0] != ""
    unknown = '<meta charset="klingon"><p>退货政策：七天内可以退货。'
    assert decode(unknown.encode("gb18030"), "a.html", declared=True) == (unknown, "gb18030")


def test_why_charset_normalizer_alone_is_not_enough():
    from charset_normalizer import from_bytes

    short = "退货政策\n七天".encode("gb18030")
    assert str(from_bytes(short).best()) != "退货政策\n七天" and decode(short, "a.txt")[0] == "退货政策\n七天"

"""Postal addresses in other scripts than the Latin one: by a label, or by the form of a street."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .address import hit

_SLAVIC = Pattern(
    r"(?i)(?:ул\.|улица|улицы|просп\.|проспект|пер\.|переулок|вул\.|вулиця|бул\.) "
    r"?[^\n,;:!?0-9]{2,40},? ?(?:д\.|дом|буд\.|№)? ?\d{1,4}(?:,? ?(?:кв\.|корп\.|стр\.|"
    r"квартира) ?\d{1,4}){0,2}"
)
_TEXT = r"[ \t]?([^\n;\"]{5,80})"
_NEXT_FIELD = re.compile(
    r"[,，、] ?(?:тел|моб|паспорт|инн|снилс|почта|e-?mail|電話|电话|手机|手機|护照|護照|旅券|生年月日|出生|姓名|名前|"
    r"パスポート|身份证|邮箱|メール|קוראים|שמי|טלפון|תעודת|هاتف|الهاتف|جوال|전화|연락처|휴대폰|โทร|เบอร์|फोन|मोबाइल)"
)
"""Where another value begins behind an address."""
_FOREIGN = Pattern(
    r"(?:(?:адрес(?:у|а|ом)?|адреса|адресою|地址|住址|現住所|住所|주소|العنوان|عنواني|כתובת(?:ו|י| שלי)?|ที่อยู่|पता|"
    r"διεύθυνση)(?:[ \t]?[:：]|是|は|为|為|는)|(?:住所|地址|주소|पता|ที่อยู่) |住在|住址|家住|проживает|проживаю|живу по|живёт по|живет по|мешкаю|μένω στ[\p{L}]+|μένει στ[\p{L}]+|μένω|μένει|"
    r"κατοικώ|〒\d{3}-\d{4}|הכתובת שלי|מתגורר(?:ת)? ב)" + _TEXT
)
_STREET = Pattern(
    r"(?:רחוב|רח'|שדרות|שד') [\p{Hebrew}\"' ]{2,30}? ?\d{1,4}(?:, ?[\p{Hebrew} ]{2,20})?"
    r"|(?:شارع|حي|طريق) [\p{Arabic} ]{2,30}? ?\d{1,4}(?:، ?[\p{Arabic} ]{2,20})?"
    r"|(?:東京都|北海道|(?:京都|大阪)府|\p{Han}{2,3}県)\p{Han}{1,8}[市区町村郡]"
    r"[\p{Han}\p{Katakana}\p{Hiragana}]{0,14}\d{1,4}(?:(?:-|丁目|番地?|号)\d{0,4}){0,4}"
    r"|\p{Han}{2,9}[市区县區縣]\p{Han}{1,14}[路街道巷弄]\p{Han}{0,3}\d{1,5}(?:号|號|弄)?(?:\d{1,4}(?:室|号|號|楼|樓))?"
    r"|\p{Hangul}{2,8}[시도] (?:\p{Hangul}{1,8}[구군시] )?\p{Hangul}{1,10}(?:로|길|동) ?\d{1,5}(?:-\d{1,4})?"
)
"""A street with its number, as it is written where nothing introduces it."""


def find_foreign(scan: Scan) -> Iterator[Hit]:
    """Yield streets and addresses in other scripts."""
    for match in scan.foreign(_FOREIGN, is_low=True):
        start, end = match.span(1)
        if other := _NEXT_FIELD.search(scan.low_text or "", start, end):
            end = other.start()
        if any(map(str.isdigit, scan.text[start:end])):
            yield hit(scan, start, end, 0.7)
    for pattern in (_SLAVIC, _STREET):
        for match in scan.foreign(pattern):
            if b"\n" not in scan.view[match.start() : match.end()]:
                yield hit(scan, *match.span(), 0.7)

"""Names of people in other scripts, and titles that stand behind a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from itertools import chain

from ..engine import Pattern
from ..finding import Hit
from ..scan import FOREIGN, Scan
from .person import other_first_names, other_surnames

_CASED = r"\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’.-]*){0,3}"
_NAME = (
    _CASED + r"|\p{Han}{2,4}(?: \p{Han}{1,3})?|\p{Hangul}{2,4}(?: \p{Hangul}{1,3})?"
    r"|[\p{Katakana}\p{Hiragana}\p{Han}ー]{2,8}(?:[ ・][\p{Katakana}\p{Hiragana}\p{Han}ー]{1,8})?"
    r"|\p{Arabic}+(?: \p{Arabic}+){0,2}|\p{Hebrew}+(?: \p{Hebrew}+)?"
    r"|[\p{Devanagari}]+(?: [\p{Devanagari}]+)?|[\p{Thai}]{2,16}(?: [\p{Thai}]{2,16})?"
    r"|[\p{Bengali}]+(?: [\p{Bengali}]+)?|[\p{Tamil}]+(?: [\p{Tamil}]+)?"
    r"|[\p{Telugu}]+(?: [\p{Telugu}]+)?|[\p{Gujarati}]+(?: [\p{Gujarati}]+)?"
)
_SAID = Pattern(
    r"(?:(?i:меня зовут|моё имя|мое имя|фио|ф\.и\.о\.|имя|мене звати|мене звуть|моє ім.я|піб|"
    r"казвам се|аз съм|моето име е|името ми е|зовем се|моје име је)|姓名|名前|氏名|お名前|我叫|我的名字是|我的名字叫|"
    r"私の名前は|私は|이름은|이름|성명은|성명|성함은|اسمي|أنا اسمي|أدعى|اسم العميل|الاسم|نام من|اسم من|نام و نام خانوادگی|"
    r"میرا نام|קוראים לי|שמי|שם מלא|שם|ชื่อ|मेरा नाम|नाम|माझे नाव|আমার নাম|নাম|என் பெயர்|பெயர்|నా పేరు|"
    r"મારું નામ|(?i:με λένε|λέγομαι|ονομάζομαι|το όνομά μου είναι|όνομα|ονοματεπώνυμο))"
    r"[ \t]?[:：]?[ \t]{0,2}(" + _NAME + r")"
)
_TITLED = Pattern(
    r"(?:(?i:г-н|г-жа|господин[ау]?|госпож[аеуи]|гражданин|гражданка|товарищ|пані?|пана|панові|"
    r"κ\.|κύρι[οε]ς?|κυρία|др\.|д-р|проф\.)|السيدة?|الأستاذة?|الدكتورة?|الشيخ|آقای|خانم|جناب|"
    r"אדון|גברת|מר|ד\"ר|श्रीमती|श्री|डॉ\.?|कुमारी|คุณ|นางสาว|นาย|นาง|জনাব|ডাঃ)"
    r"[ \t]?(" + _CASED + r"|\p{Arabic}+(?: \p{Arabic}+)?|\p{Hebrew}+(?: "
    r"\p{Hebrew}+)?|[\p{Devanagari}]+(?: [\p{Devanagari}]+)?|[\p{Thai}]{2,16}(?: "
    r"[\p{Thai}]{2,16})?|[\p{Bengali}]+(?: [\p{Bengali}]+)?)"
)
_FIELD = Pattern(
    r"(?i:клиент(?:ка)?|пациент(?:ка)?|гость|пассажир|получатель|отправитель|заказчик|владелец|"
    r"контактное лицо|клієнт|пацієнт|одержувач|客户|客戶|患者|联系人|聯絡人|收件人|收货人|收貨人|预订人|申请人|持卡人|开户人|户名|お客様名|"
    r"注文者|申込者|契約者|宛名|お届け先|"
    r"担当者?|연락처 이름|고객명|환자명|예약자|수취인|수령인|예금주|신청자|받는 분|"
    r"العميل|المريض|المستلم|לקוח|מטופל|ลูกค้า|ผู้ป่วย|ผู้รับ|"
    r"ग्राहक|मरीज|πελάτης|ασθενής)[ \t]?[:：][ \t]{0,2}(" + _NAME + r")"
)
_SURNAME_JA = (
    "佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|渡部|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|斎藤|斉藤|清水|山崎|"
    "池田|橋本|阿部|石川|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|福田|太田|西村|藤井|金子|"
    "岡本|藤原|中野|三浦|原田|中川|松田|竹内|小野|田村|中山|和田|石田|森田|上田|内田|柴田|酒井|宮崎|横山|高木|安藤|宮本|"
    "大野|小島|谷口|工藤|今井|高田|増田|丸山|杉山|村田|大塚|新井|小山|平野|藤本|河野|上野|野口|武田|松井|千葉|岩崎|菅原|"
    "木下|久保|佐野|野村|松尾|市川|菊地|菊池|杉本|古川|大西|島田|水野|桜井|高野|山内|西田"
)
_SURNAME_ZH = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖萧蕭田董潘袁蔡蒋"
    "蔣余于杜叶葉程魏苏蘇吕呂丁任沈姚卢盧姜崔钟鐘谭譚陆陸汪范金石廖贾賈夏韦韋付傅方白邹鄒孟熊秦邱江尹薛阎閻段雷侯龙龍"
    "陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴武戴莫孔向汤湯欧歐"
)
_SURNAME_CLEAR = "".join(char for char in _SURNAME_ZH if char not in "高白方石金江万萬向汤湯于")
"""Without those that begin common words."""
_SURNAME_KO = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허남심노하곽성차주우구민유"
_SUFFIXED = Pattern(
    r"((?:"
    + _SURNAME_JA
    + r")(?:[ 　]?[\p{Han}\p{Hiragana}]{1,3}?)?)[ 　]?(?:様|さん|氏|殿|君|ちゃん|先生)"
    r"|([" + _SURNAME_ZH + r"]\p{Han}{0,2}?)(?:先生|女士|小姐|太太|老师|老師|经理|經理|同学)"
    r"|([" + _SURNAME_KO + r"]\p{Hangul}{2}) ?(?:씨|님|선생님|고객님)"
)


_LETTERS = r"\u0370-\u052f\u0590-\u06ff\u0900-\u097f\u1f00-\u1fff"
_WORD = re.compile(rf"[{_LETTERS}][{_LETTERS}'’-]*")
_AFTER = re.compile(r" ([^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)?)")
_FAMILY = re.compile(
    r"([\u0400-\u052f]{2,20}(?:ов|ова|ев|ева|ёв|ёва|ин|ина|ский|ская|ська|ський|енко|чук|щук|юк|ич|ян|дзе|швили)) $"
)
_AFTER_UNCASED = re.compile(r" ([\u0590-\u05ff\u0600-\u06ff\u0900-\u097f]+)")
_CLITICS = "ולשהמבكفلوب"
"""Small words of Hebrew and Arabic that are written with the next one."""
_AM = Pattern(
    r"(?:(?:^|[^\p{L}])(?:أنا|معك|انا|من|मैं|אני|זאת|זה|(?i:это|я|вас беспокоит|на связи|це|је|είμαι (?:ο|η))) )"
    r"([\p{L}\p{M}]+(?: [\p{L}\p{M}]+)?)"
)
_AM_TOO = Pattern(
    r"(?:我是|这里是|這裡是)([" + _SURNAME_CLEAR + r"]\p{Han}{1,2})(?:[，。,.!！、\s]|$)"
    r"|((?:"
    + _SURNAME_JA
    + r")[\p{Han}\p{Hiragana}]{0,3}?)(?:と申し|といいま|と言いま|です(?:[。、\s]|$))"
    r"|(?:저는|제가|전) ?(["
    + _SURNAME_KO
    + r"]\p{Hangul}{2})(?:이고|입니다|이에요|예요|이라고|라고|인데|이며)"
    r"|(?:秘书|秘書|经理|經理|老师|老師|医生|醫生|客户|客戶|同事|朋友|护士|律师|律師|司机|房东|导游|患者|丈夫|妻子|儿子|"
    r"女儿|负责人|申请人|联系人)([" + _SURNAME_CLEAR + r"]\p{Han}{1,2})"
    r"|([\p{Han}\p{Katakana}ー・]{2,10})と申し"
    r"|(?:联系人|收件人|收货人|预订人|申请人|持卡人|户名|注文者|申込者|宛名|수령인|예금주|신청자|수취인|고객명)[ \t]"
    r"(\p{Han}{2,5}|\p{Hangul}{2,4})(?:[^\p{Han}\p{Hangul}]|$)"
)


def find_first(scan: Scan) -> Iterator[Hit]:
    """Yield a common first name with a surname beside it, or behind `I am`."""
    known, free = other_first_names(), 0
    words = [_WORD.finditer(scan.text, *part) for part in scan.parts(FOREIGN)]
    for word in chain.from_iterable(words):
        name = word[0]
        if name.lower() not in known and (name[0] not in _CLITICS or name[1:] not in known):
            continue
        if word.start() >= free:
            start, end = _cased(scan, word) if name[0].isupper() else _uncased(scan, word, known)
            if end:
                yield from _hit(scan, start, start, end, 0.6)
                free = end
    for match in scan.foreign(_AM):
        if match[1].split(" ")[0].lower() in known:
            yield from _hit(scan, match.start(), *match.span(1), 0.6)
    for match in scan.foreign(_AM_TOO):
        start, end = max(match.span(group) for group in range(1, 7))
        yield from _hit(scan, match.start(), start, end, 0.6)


def _cased(scan: Scan, word: re.Match[str]) -> tuple[int, int]:
    """Return where a first name with up to two names behind or one before lies."""
    text, end = scan.text, word.end()
    for _ in range(2):
        after = _AFTER.match(text, end)
        if after is None or not after[1][0].isupper():
            break
        end = after.end()
    before = _FAMILY.search(text, max(0, word.start() - 24), word.start())
    if before and before[1][0].isupper():
        return before.start(1), end
    return (word.start(), end) if end > word.end() else (0, 0)


def _uncased(scan: Scan, word: re.Match[str], known: Set[str]) -> tuple[int, int]:
    """Return where a first name before a known surname or another first name lies."""
    after = _AFTER_UNCASED.match(scan.text, word.end())
    if after is None or not _is_family(after[1], known):
        return 0, 0
    return word.start() + (word[0] not in known), after.end()


def _is_family(word: str, known: Set[str]) -> bool:
    is_from = word.startswith("ال") and word.endswith("ي") and len(word) > 4
    return is_from or word in known or word in other_surnames()


def find_foreign(scan: Scan) -> Iterator[Hit]:
    """Yield names after words of other scripts."""
    for pattern, score in ((_SAID, 0.75), (_TITLED, 0.75), (_FIELD, 0.75)):
        for match in scan.foreign(pattern):
            if _stands_alone(scan, match.start()):
                yield from _hit(scan, match.start(), *match.span(1), score)


def find_suffixed(scan: Scan) -> Iterator[Hit]:
    """Yield names with a title behind them."""
    for match in scan.foreign(_SUFFIXED):
        start, end = max(match.span(group) for group in (1, 2, 3))
        yield from _hit(scan, match.start(), start, end, 0.7)


def _hit(scan: Scan, first: int, start: int, end: int, score: float) -> Iterator[Hit]:
    if b"\n" not in scan.view[first:end]:
        yield Hit(start, end, "PERSON", score, scan.text[start:end].casefold())


def _stands_alone(scan: Scan, start: int) -> bool:
    """A word of a script with spaces must not be the end of a longer one."""
    before = scan.text[start - 1 : start]
    return not before.isalpha() or before >= "\u0e00"

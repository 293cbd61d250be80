"""Names that nothing introduces: a first name with a surname, or alone beside what people do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .person import (
    NAME,
    PARTICLES,
    WORD,
    brands,
    first_names,
    is_family,
    is_other,
    names,
    rare_first_names,
    surnames,
    word_first_names,
)

PAIR = Pattern(
    rb"(" + WORD + rb")(?:-" + WORD + rb")? ((?:[A-Z\xd8]\.? )?(?:" + PARTICLES + rb" )?"
    + NAME + rb"(?:(?: |-)(?:" + PARTICLES + rb" )?" + NAME + rb"){0,4})"
)  # fmt: skip
_SOUND = (
    rb"(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])(?:iang|iong|uang|ang|eng|ing|ong|uan|uai|ian|iao|"
    rb"ai|an|ao|ei|en|ia|ie|in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u)"
)
_VIETNAMESE = b"Nguyen Tran Pham Hoang Huynh Phan".split()
_FAMILIES = (
    b"""Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Zhu Ma Hu Guo He Gao Lin Luo Zheng Liang Xie
    Tang Deng Feng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Wei Su Lu Ding Ren Shen
    Yao Jin Qian Kong Bai Kim Lee Park Choi Jung Kang Yoon Jang Lim Han Shin Seo Kwon""".split()
    + _VIETNAMESE
)
_EAST = re.compile(
    rb"(?:" + b"|".join(_VIETNAMESE) + rb")(?: [A-Z][a-z]{1,6}\b){1,3}"
    rb"|[A-Z][a-z]{1,5} (?:(?i:" + _SOUND + rb"){2}\b|[A-Z][a-z]{1,4}-[a-z]{2,5}\b)"
)
"""Such as `Nguyen Van An`, `Liu Yifei`, `Kim Min-jun`."""
_FIRST, _CLEAR, _WORD, _EASTERN = 1, 2, 4, 8
_CAPITAL = re.compile(rb"[A-Z\xd8][a-z\xf8]{1,15}(?![A-Za-z\xf8])")
_THINGS = frozenset(
    b"""udara bistro experience dermatology academy airport award awards avenue bandara bank bay beach bridge building cafe candi cathedral championship
    church city clinic club college company cup danau day desa dinner dress effect falls festival field film
    flughafen forest foundation garden gardens gedung gereja gunung hall harbour haus hill hospital hotel house
    institut institute island jalan jembatan jeans kapal kapten kelurahan kebun kota lake laut mall market masjid memorial
    monument mount mountain museum ocean palace pantai park pasar pelabuhan plaza prize promo pulau pura raja
    rehearsal resort restaurant restoran river road rumah sakit san santa saint school sea shirts song square
    stadion stadium stadt stadtpark station statue street strasse studio studios sungai syndrome tank teluk
    theater theatre tower trophy universitas university valley versand villa vineyard vulcano waduk warung yayasan
    toko pt cv tbk inc ltd gmbh corp group collection edition airlines records pictures motors
    platz allee calle rue via avenida plage lac monte rio puerto puente iglesia catedral estadio teatro hacienda
    ecole lycee hopital aeroport aeropuerto aeroporto universidad universite ospedale stazione museo musee
    kelas jurusan tari suku bahasa batik kue sate ayam nasi hari raya dinas badan lembaga kementerian the""".split()
)
"""What is named after people, before or behind the name."""
_PEOPLE_TOO = frozenset(
    b"hill park lake day church hall house field bay song castle price bank".split()
)
_BEFORE = re.compile(
    rb"(?:^|[^a-z])(?:tell|told|ask|asked|asking|remind(?:ed)?|thank(?:ed)?|inform(?:ed)?|gave|give|paid|called|"
    rb"e?mailed|texted|met|meet|invited?|cc|ping(?:ed)?|with|from|by|for|let|"
    rb"dengan|dari|oleh|untuk|kepada|punya|milik|sampaikan|hubungi|call|contact|under|sama|bilang|tanya(?:kan)?|suruh|buat|ajak|salam|"
    rb"hier ist|here is|this is|mit|von|fur|bei|avec|par|pour|chez|con|por|para|da|met|van|voor|aan|com|od|dla|med|fran|til)(?: ke| to| pada)? $"
)
_BEHIND = re.compile(
    rb"(?:,? (?:from|says|said|told|asked|wants|wanted|thinks|thought|wrote|writes|sent|needs|needed|lives|lived|works|"
    rb"worked|paid|forgot|agreed|promised|came|went|left|got|will|won't|has|had|hasn't|is|was|isn't|can|could|"
    rb"knows|knew|called|calls|arrived|arrives|moved|signed|approved|"
    rb"bilang|belum|sudah|udah|mau|akan|tidak|datang|punya|minta|tanya|bayar|kirim|lagi|sedang|juga|kemarin|yang|"
    rb"hat|ist|kommt|sagt|sagte|will|braucht|wohnt|a dit|veut|est|habite|dice|dijo|quiere|tiene|vive|"
    rb"zegt|heeft|wil|woont|ha detto|vuole|disse|quer|mora|mowi|ma)\b)"
)
_NEAR = re.compile(rb"(?:[A-Z][A-Za-z\xf8]{0,16}\.? ){1,4}$|[a-z]{2,16} $")
_NEXT = re.compile(rb"[ -]([A-Z][A-Za-z\xf8]{1,15})")
_OWNS = re.compile(rb"'s [a-z]")
_LED_BY = re.compile(rb"(?<![A-Za-z.'-])([A-Z][a-z]{2,16}) $")
_AND_BEFORE = re.compile(rb"([A-Z][a-z\xf8]{1,15}) (?:and|dan|und|et|y|e|en|i|och|og) $")
_AND = re.compile(rb" (?:and|dan|und|et|y|e|en|i|och|og) ")


def find_first(scan: Scan) -> Iterator[Hit]:
    """Yield a common first name with a surname behind it, or alone where somebody acts."""
    view, free, known = scan.view, 0, _known()
    for start, _ in scan.spans(FIRST):
        found = _CAPITAL.match(view, start)
        if found is None or start < free:
            continue
        flags = known[found[0]]
        end = _eastern(view, start, flags) or _pair(scan, start, flags)
        if end:
            yield from names(scan, start, end, 0.6)
            free = end
        elif flags & _CLEAR and (led := _family_before(scan, *found.span())) >= 0:
            yield from names(scan, led, found.end(), 0.6)
        elif flags & _CLEAR and _is_person(scan, *found.span()):
            yield from names(scan, *found.span(), 0.55)


@cache
def _known() -> dict[bytes, int]:
    """Return all words that begin a name, and what they are."""
    clear = dict.fromkeys(first_names(), _CLEAR | _FIRST)
    rare = dict.fromkeys(rare_first_names(), _FIRST)
    words = dict.fromkeys(word_first_names(), _FIRST | _WORD)
    known = {**rare, **words, **clear}
    for word in _FAMILIES:
        known[word] = known.get(word, 0) | _EASTERN
    return known


FIRST = Pattern(
    rb"(?:"
    + b"|".join(sorted(one for one in _known() if _CAPITAL.fullmatch(one) and not is_other(one)))
    + rb")(?:[^A-Za-z\xf8]|$)"
)


def _eastern(view: bytes, start: int, flags: int) -> int:
    """Return the end of a Chinese, Korean or Vietnamese name in Latin letters; 0 if there is none."""
    found = _EAST.match(view, start) if flags & _EASTERN else None
    return found.end() if found else 0


def _pair(scan: Scan, start: int, flags: int) -> int:
    """Return the end of a first name with a surname; 0 if there is none."""
    pair = PAIR.match(scan.view, start) if flags & _FIRST else None
    if pair and _is_pair(scan, start, pair.end(), pair[2], bool(flags & _WORD)):
        return pair.end()
    return 0


def _is_pair(scan: Scan, start: int, end: int, rest: bytes, is_word: bool) -> bool:
    """Tell whether a first name and what follows are a person; one that is a word needs more."""
    if scan.view[start:end].lower().startswith(brands()):
        return False
    parts = rest.replace(b"-", b" ").split()
    things = {part.lower() for part in parts} & _THINGS
    if is_other(parts[-1]) or (things and (is_word or not things <= _PEOPLE_TOO)):
        return False
    if _is_thing_beside(scan.view, start, end):
        return False
    return not is_word or any(map(is_family, parts))


def _family_before(scan: Scan, start: int, end: int) -> int:
    """Return where a surname before a first name begins, as in Hungarian; -1 if there is none."""
    led = _LED_BY.search(scan.view, max(0, start - 20), start)
    if led is None or led[1] not in surnames() or is_other(led[1]) or _NEXT.match(scan.view, end):
        return -1
    if scan.view[led.start(1) : end].lower().startswith(brands()):
        return -1
    return -1 if _is_thing_beside(scan.view, led.start(1), end) else led.start(1)


def _is_thing_beside(view: bytes, start: int, end: int) -> bool:
    """Tell whether the name is part of a longer one: `Bandara Ngurah Rai`, `Abbey Road`."""
    before = _NEAR.search(view, max(0, start - 48), start)
    if before and not _THINGS.isdisjoint(before[0].lower().split()):
        return True
    behind = _NEXT.match(view, end)
    return behind is not None and behind[1].lower() in _THINGS


def _is_person(scan: Scan, start: int, end: int) -> bool:
    """Tell whether a first name stands alone where people stand: `tell Gwen`, `Gwen says`."""
    view, low = scan.view, scan.low
    if view[start - 1 : start] not in (b" ", b"", b"\n", b'"', b"(") or _NEXT.match(view, end):
        return False
    if view[end : end + 1] in (b".", b"-", b"/", b"_", b"@") and view[end + 1 : end + 2].isalnum():
        return False
    return bool(
        _BEHIND.match(low, end)
        or _OWNS.match(view, end)
        or _BEFORE.search(low, max(0, start - 20), start)
        or _is_beside_another(view, start, end)
    )


def _is_beside_another(view: bytes, start: int, end: int) -> bool:
    """Tell whether another first name stands beside, joined by `and`."""
    before = _AND_BEFORE.search(view, max(0, start - 24), start)
    if before and before[1] in first_names():
        return True
    joint = _AND.match(view, end)
    if joint is None:
        return False
    other = _CAPITAL.match(view, joint.end())
    return other is not None and other[0] in first_names()

"""Names that nothing introduces: a first name with a surname, or alone beside what people do."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_FAMILY = (
    rb"(?:Wang|Li|Zhang|Liu|Chen|Yang|Huang|Zhao|Wu|Zhou|Xu|Sun|Zhu|Ma|Hu|Guo|He|Gao|Lin|Luo|Zheng|Liang|Xie|"
    rb"Tang|Deng|Feng|Cao|Peng|Zeng|Xiao|Tian|Dong|Pan|Yuan|Cai|Jiang|Yu|Du|Ye|Cheng|Wei|Su|Lu|Ding|Ren|"
    rb"Shen|Yao|Jin|Qian|Kong|Bai|Kim|Lee|Park|Choi|Jung|Kang|Yoon|Jang|Lim|Han|Shin|Seo|Kwon)"
)
EAST = Pattern(rb"\b" + _FAMILY + rb" (?:(?i:" + _SOUND + rb"){2}\b|[A-Z][a-z]{1,4}-[a-z]{2,5}\b)")
"""Chinese and Korean names in Latin letters: `Liu Yifei`, `Kim Min-jun`."""
VIETNAM = Pattern(rb"\b(?:Nguyen|Tran|Pham|Hoang|Huynh|Phan)(?: [A-Z][a-z]{1,6}\b){1,3}")
GATE = rb"[A-Z\xd8][a-z\xf8]"
_CAPITAL = re.compile(rb"[A-Z\xd8][a-z\xf8]{1,15}(?![A-Za-z\xf8])")
_THINGS = frozenset(
    b"""airport award awards avenue bandara bank bay beach bridge building cafe candi cathedral championship
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
_BEFORE = re.compile(
    rb"(?:^|[^a-z])(?:tell|told|ask|asked|asking|remind(?:ed)?|thank(?:ed)?|inform(?:ed)?|gave|give|paid|called|"
    rb"e?mailed|texted|met|meet|invited?|cc|ping(?:ed)?|with|from|by|for|let|"
    rb"dengan|dari|oleh|untuk|kepada|sama|bilang|tanya(?:kan)?|suruh|buat|ajak|salam|"
    rb"mit|von|fur|bei|avec|par|pour|chez|con|por|para|da|met|van|voor|aan|com|od|dla|med|fran|til)(?: ke| to)? $"
)
_BEHIND = re.compile(
    rb"(?:,? (?:says|said|told|asked|wants|wanted|thinks|thought|wrote|writes|sent|needs|needed|lives|lived|works|"
    rb"worked|paid|forgot|agreed|promised|came|went|left|got|will|won't|has|had|hasn't|is|was|isn't|can|could|"
    rb"knows|knew|called|calls|arrived|arrives|moved|signed|approved|"
    rb"bilang|belum|sudah|udah|mau|akan|tidak|datang|minta|tanya|bayar|kirim|lagi|sedang|juga|kemarin|yang|"
    rb"hat|ist|kommt|sagt|sagte|will|braucht|wohnt|a dit|veut|est|habite|dice|dijo|quiere|tiene|vive|"
    rb"zegt|heeft|wil|woont|ha detto|vuole|disse|quer|mora|mowi|ma)\b)"
)
_NEAR = re.compile(rb"(?:[A-Z][A-Za-z\xf8]{0,16}\.? ){1,4}$|[a-z]{2,16} $")
_NEXT = re.compile(rb"[ -]([A-Z][A-Za-z\xf8]{1,15})")
_OWNS = re.compile(rb"'s [a-z]")
_AND = re.compile(rb" (?:and|dan|und|et|y|e|en|i|och|og) ")


def find_first(scan: Scan) -> Iterator[Hit]:
    """Yield a common first name with a surname behind it, or alone where somebody acts."""
    view, free = scan.view, 0
    for pattern in (EAST, VIETNAM):
        for match in pattern.finditer(view):
            yield from names(scan, *match.span(), 0.6)
    clear, rare, words = first_names(), rare_first_names(), word_first_names()
    for found in _CAPITAL.finditer(view):
        word = found[0]
        is_clear = word in clear
        if not (is_clear or word in rare or word in words) or found.start() < free:
            continue
        if is_other(word):
            continue
        pair = PAIR.match(view, found.start())
        if pair and _is_pair(scan, pair.start(), pair.end(), pair[2], is_clear):
            yield from names(scan, *pair.span(), 0.6)
            free = pair.end()
        elif not pair and is_clear and _is_person(scan, *found.span()):
            yield from names(scan, *found.span(), 0.55)


def _is_pair(scan: Scan, start: int, end: int, rest: bytes, is_clear: bool) -> bool:
    if scan.view[start:end].lower().startswith(brands()):
        return False
    parts = rest.replace(b"-", b" ").split()
    if is_other(parts[-1]) or any(part.lower() in _THINGS for part in parts):
        return False
    if _is_thing_beside(scan.view, start, end):
        return False
    return is_clear or any(is_family(part) for part in parts)


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
        or _is_beside_another(view, end)
    )


def _is_beside_another(view: bytes, end: int) -> bool:
    """Tell whether `and` and another first name follow."""
    joint = _AND.match(view, end)
    if joint is None:
        return False
    other = _CAPITAL.match(view, joint.end())
    return other is not None and other[0] in first_names()

"""Names of people where something introduces them: a title, a field, a greeting, a first name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

_U, _L = rb"[A-Z\xd8]", rb"[a-z\xf8]"
_PARTICLES = (
    rb"(?:van(?: de[rn]?)?|von(?: der)?|de(?: la| los| l)?|da|do|dos|di|del|della|du|bin|"
    rb"binti|bte|al|el|ter|ten|af|av|zu|le|la|y|ap|ibn|abu|mac|san|st)"
)
_NAME = (
    rb"(?:"
    + _U
    + rb"(?:"
    + _L
    + rb"|['-]"
    + _U
    + rb"?|"
    + _U
    + rb")*"
    + _L
    + rb"\.?|"
    + _U
    + rb"\.)"
)
_FULL = _NAME + rb"(?: (?:" + _PARTICLES + rb" )?" + _NAME + rb"){0,5}"
_LED = rb"(?:(?:van(?: de[rn]?)?|von(?: der)?|de(?: la)?|di|del|della|al|el|ten|ter) )?" + _FULL


TITLE = Pattern(
    rb"\b(?:(?i:mr|mrs|ms|miss|mx|dr|drs|prof|professor|doctor|bapak|bpk|pak|ibu|sdr|"
    rb"sdri|tuan|nyonya|mas|mbak|bli|herrn?|frau|monsieur|madame|mme|mlle|senora?|"
    rb"senorita|signora?|dottor|dott|dott\.ssa|sig\.ra|avv|egr|dhr|mevr|meneer|mevrouw|pani|bayan|sayin|encik|puan|"
    rb"datuk|attn)"
    rb"|Sir|Sig|Sra?|Don|Dona|Pan|Bay|Kak|Bu|Ny|Hj|Ir|Haji|Cik|Ong|Anh)\b(?:\.|\xf8)? "
    rb"(?:(?i:dr|prof|ing|dipl|ir|hj?)\.? ){0,2}(" + _LED + rb")"
)
SAID = Pattern(
    rb"(?i:\b(?:my (?:full |real |first |last )?name is|my name's|name is|i am|i'm|this "
    rb"is|im|call me|named|saya(?: bernama)?|nama (?:saya|aku|lengkap saya|ibu saya|"
    rb"suami saya|istri saya|pelanggan|pemilik)(?: adalah)?|saya bernama|bernama|"
    rb"perkenalkan saya|atas nama|an\.|a\.n\.?|ich heiss?e|mein name ist|ich bin|je "
    rb"m'appelle|mon nom est|je suis|me llamo|mi nombre es|soy|mi chiamo|il mio nome e|"
    rb"sono|meu nome e|me chamo|eu sou o|ik heet|mijn naam is|ik ben|jag heter|mitt namn "
    rb"ar|jeg hedder|mit navn er|jeg heter|nimeni on|nazywam sie|mam na imie|jmenuji se|"
    rb"numele meu este|ma numesc|benim adim|adim|ten toi la|toi ten la|ang pangalan ko "
    rb"ay|ako si|a nevem|nama pemegang(?: kartu)?|zovem se|ime mi je|volam sa))"
    rb"[:,]? [\"']?(" + _LED + rb")"
)
FIELD = Pattern(
    rb"(?i:(?:^|[^a-z])((?:[a-z]{1,14}[ _-]?)?(?:name|names|nama|nama ?lengkap|nom|nom "
    rb"complet|prenom|nombre|nombre completo|apellidos?|vorname|nachname|naam|cognome|"
    rb"nome|imie|nazwisko|imie i nazwisko|namn|navn|nimi|jmeno|prijmeni|nume|prenume|ad "
    rb"?soyad|isim|soyad|ho ten|ho va ten|pangalan|customer|client|patient|guest|"
    rb"passenger|applicant|employee|tenant|owner|contact(?: person)?|attention|attn|"
    rb"sender|recipient|cardholder|card holder|account holder|beneficiary|pelanggan|"
    rb"penumpang|pemohon|tamu|pengirim|penerima|pemilik|author|signed(?: by)?|karyawan|"
    rb"kepada|spouse|emergency contact|next of kin|kunde|titular|intestatario|assistant "
    rb"manager)))"
    rb"[\"'*]{0,3} {0,2}[:=>] {0,2}[\"'*]{0,3}"
    rb"([A-Za-z\xd8\xf8][A-Za-z\xd8\xf8'.-]*(?: [A-Za-z\xd8\xf8][A-Za-z\xd8\xf8'.-]*){0,4})"
)
GREETING = Pattern(
    rb"(?:^|[.!?>\"'] |[\"']|\\n)(?i:dear|hi|hello|hey|halo|hai|kepada yth\.?|yth\.?|"
    rb"bonjour|hola|ciao|ola|hallo|liebe[r]?|chere?|estimad[oa]|gentile|car[oa]|"
    rb"querid[oa]|beste|hej|selamat (?:pagi|siang|sore|malam)|good (?:morning|afternoon|"
    rb"evening)|thanks|thank you|terima kasih|makasih|merci|gracias|grazie|danke),? "
    rb"(" + _FULL + rb")(?:[,!.:;?]| ?$| -|\\n)"
)
ROLE = Pattern(
    rb"(?i:\b(?:my|our|his|her|their|saya|patient|customer|client|guest|passenger|"
    rb"applicant|employee|tenant|mein[er]?|ma|mon|mi|mio|minha|meu) (?:\w{2,12} "
    rb")?(?:husband|wife|spouse|son|daughter|father|mother|brother|sister|friend|"
    rb"colleague|boss|manager|assistant|lawyer|doctor|partner|girlfriend|boyfriend|"
    rb"neighbou?r|landlord|cousin|uncle|aunt|frau|mann|femme|mari|esposa|marido|moglie|"
    rb"marito|amigo|amiga)"
    rb"|\b(?:suami|istri|anak|teman|ayah|ibu|kakak|adik|bos|rekan) (?:saya|kami|dia)|"
    rb"\b(?:patient|customer|client|guest|passenger|applicant|employee|tenant|cardholder|"
    rb"pelanggan|penumpang|pemohon|tamu|karyawan|pasien|nasabah))"
    rb"(?:,| named| is| called| bernama)? (" + _FULL + rb")"
)
SIGNATURE = Pattern(rb"(?m)^[ \t]*[-~*]{0,2} ?(" + _FULL + rb")[ \t]*[,.]?$")
CLOSED = Pattern(
    rb"(?:^|[.!?] )(?i:(?:kind |best |warm )?regards|sincerely(?: yours)?|yours (?:sincerely|truly|"
    rb"faithfully)|cheers|best wishes|(?:mit )?(?:freundlichen?|besten?|liebe[n]?|viele[n]?|"
    rb"herzlichen?) gruss?en?|lg|mfg|cordialement|bien a vous|saludos(?: cordiales)?|atentamente|"
    rb"(?:cordiali|distinti) saluti|(?:met )?vriendelijke groet(?:en)?|atenciosamente|abracos|"
    rb"hormat (?:saya|kami)|salam(?: hangat)?|pozdrawiam|saygilarimla|hilsen|halsningar),? "
    rb"(" + _LED + rb")[.!]?(?: ?$|\\n)"
)
_LEADING = frozenset((b"der", b"de", b"den", b"la", b"los", b"las"))
"""Small words that stand inside of names: `van der Heijden`."""
_START = Pattern(_FULL)
_CLOSED = re.compile(rb"[a-z][,.! ]{0,3}\r?\n")
_CLOSING = re.compile(
    rb"(?:regards|sincerely|cheers|best|wishes|salam|hormat saya|hormat kami|thanks|"
    rb"thank you|terima kasih|yours|truly|faithfully|love|gruss?en|gruss?e|cordialement|"
    rb"saludos|atentamente|saluti|abracos|groeten|halsningar|hilsen|pozdrawiam|s "
    rb"pozdravem|signed)[,.! ]*\r?\n\s*$"
)
_FOREIGN = Pattern(
    r"(?i)(?:меня зовут|моё имя|мое имя|фио|ф\.и\.о\.|имя|мене звати|姓名|名前|氏名|お名前|我叫|"
    r"我的名字是|私の名前は|私は|이름은|이름|성명은|성명|اسمي|الاسم|שמי|שם|ชื่อ|मेरा नाम|नाम|με λένε|ονομάζομαι|"
    r"όνομα)[ \t]?[:：]?[ \t]{0,2}((?:\p{Lu}[\p{Ll}'-]+(?: \p{Lu}[\p{Ll}'.-]+){0,3})|"
    r"\p{Han}{2,4}|\p{Hangul}{2,4}|[\p{Katakana}\p{Hiragana}\p{Han}ー]{2,8}|"
    r"[\p{Arabic}]{2,12}(?: [\p{Arabic}]{2,12})?|\p{Hebrew}{2,10}(?: \p{Hebrew}{2,10})?|"
    r"[\p{Devanagari}]{2,14}(?: [\p{Devanagari}]{2,14})?|[\p{Thai}]{2,16}(?: "
    r"[\p{Thai}]{2,16})?)"
)
TWO = Pattern(
    rb"("
    + _U
    + _L
    + rb"{1,15})(?:-"
    + _U
    + _L
    + rb"{1,15})? ((?:"
    + _U
    + rb"\.? )?(?:"
    + _PARTICLES
    + rb" )?"
    + _NAME
    + rb"(?:(?: |-)"
    + _NAME
    + rb"){0,2})"
)
_NO_FIELD = re.compile(
    rb"(?:file|host|user|class|package|domain|model|display|product|company|function|"
    rb"method|variable|var|event|brand|field|column|table|key|path|tag|branch|repo|"
    rb"project|service|server|database|db|font|color|module|node|image|job|step|task|"
    rb"type|group|role|team|app|app ?name|device|style|script|command|option|param|"
    rb"parameter|attribute|element|property|theme|bucket|queue|topic|metric|tool|agent|"
    rb"category|street|city|bank|hotel|school|org|organi[sz]ation|menu|page|screen|site|"
    rb"website|short|code|common|brand|nick|pet|place|nama ?file|plan|process|thread|"
    rb"layer|schema|index|rule|policy|tenant|client|owner|customer|contact)[ _-]?names?$"
)
_WORDS = frozenset(
    b"""a about account after again agent ai airport all also am an and any anyone anybody apa are as assistant at back bali bank
    beach because before best but by can centre center chat city claude club company contact could customer data day dear
    default demo department desk dev doctor email english error everybody everyone excited false father feel first for
    friday friend friends from front gateway general glad going good google gpt great group guest guys happy have he hello help here hey hi
    hotel how hr if in indonesia indonesian interested is it its jakarta just warga orang ingin mau dari sudah akan belum kami kamu ketua known ladies let life list looking
    ma'am madam mail manager may me member mentioned michael's model monday money mother mr mrs ms my new next no none not note now null of ok on
    one only open option or order other our out page people perfect phone please president problem project question ready
    really reception regards required sales same saturday saya search see sent server service she should sir so some someone somebody sorry spring staff
    support sure system team test thank thanks that the their them then there these they this those thursday time to today
    tomorrow total true trying tuesday type under unknown user valued visa visitor want was we wednesday welcome well what when where
    which who why will with world would yes yesterday you your sunday january february march april june july august september
    october november december north south east west english indonesian dutch german french spanish italian chinese japanese
    kepala direktur menteri presiden gubernur bupati camat lurah polisi guru dokter bos haji dan di ke yang untuk ini itu semua sekalian negara rumah
    anda kita mereka dia der die das und ein eine le la les un une el los las il lo gli o os as het een ik en""".split()
)


def find_titled(scan: Scan) -> Iterator[Hit]:
    """Yield names behind a title."""
    for match in TITLE.finditer(scan.view):
        yield from _name(scan, *match.span(1), 0.8)


def find_said(scan: Scan) -> Iterator[Hit]:
    """Yield names that somebody gives as their own."""
    for match in SAID.finditer(scan.view):
        yield from _name(scan, *match.span(1), 0.8)


def find_greeted(scan: Scan) -> Iterator[Hit]:
    """Yield names in greetings and thanks."""
    for match in GREETING.finditer(scan.view):
        yield from _name(scan, *match.span(1), 0.7)


def find_role(scan: Scan) -> Iterator[Hit]:
    """Yield names behind what somebody is to the writer."""
    for match in ROLE.finditer(scan.view):
        yield from _name(scan, *match.span(1), 0.75)


def find_field(scan: Scan) -> Iterator[Hit]:
    """Yield the values of fields that hold a name."""
    for match in FIELD.finditer(scan.view):
        yield from _field(scan, match.span(1), match.span(2))


def find_signature(scan: Scan) -> Iterator[Hit]:
    """Yield lines that are a name below a closing formula."""
    if not _CLOSED.search(scan.low):
        return
    for match in SIGNATURE.finditer(scan.view):
        start = match.start(1)
        line = scan.line_start(start)
        if _CLOSING.search(scan.low, max(0, line - 40), line):
            yield from _name(scan, start, match.end(1), 0.7)


def find_closed(scan: Scan) -> Iterator[Hit]:
    """Yield names behind a closing formula on its own line."""
    for match in CLOSED.finditer(scan.view):
        yield from _name(scan, *match.span(1), 0.7)


def find_foreign(scan: Scan) -> Iterator[Hit]:
    """Yield names after words of other scripts."""
    for match in _FOREIGN.finditer(scan.text):
        start, end = match.span(1)
        if b"\n" not in scan.view[match.start() : end]:
            yield Hit(start, end, "PERSON", 0.75, scan.text[start:end].casefold())


def find_first(scan: Scan) -> Iterator[Hit]:
    """Yield a common first name with a surname behind it."""
    names, at = _first_names(), 0
    while match := TWO.search(scan.view, at):
        second = match[2].split()[-1].lower().strip(b".'-")
        at = match.end(1)  # `Moi Jean-Baptiste Lefevre`: the next word may be the first name
        if match[1].lower() in names and second not in _WORDS:
            yield from _name(scan, *match.span(), 0.6)
            at = match.end()


def _field(scan: Scan, label: tuple[int, int], value: tuple[int, int]) -> Iterator[Hit]:
    view = scan.view
    if _NO_FIELD.search(scan.low, *label):
        return
    start, end = value
    if view[end : end + 1] in (b"(", b"@", b"_", b"/", b"=", b":") or view[end : end + 1].isdigit():
        return
    words = view[start:end].split()
    capital = [word for word in words if word[:1].isupper() or word[:1] == b"\xd8"]
    quoted = view[start - 1 : start] in (b'"', b"'")
    if len(capital) < len(words):
        is_whole = view[end : end + 1] in (b"", b'"', b"'", b"\n", b",", b";", b".", b"\r", b"|")
        if capital or not is_whole or len(words) < 2 or len(words) > 4:
            end = start + _capital_prefix(view[start:end])
        if end == start or (
            not capital
            and not (
                quoted
                or b"name" in scan.low[label[0] : label[1]]
                or b"nama" in scan.low[label[0] : label[1]]
            )
        ):
            return
    yield from _name(scan, start, end, 0.75)


def _capital_prefix(raw: bytes) -> int:
    """Return how much of a text is a name with capitals."""
    found = _START.match(raw)
    return found.end() if found else 0


def _name(scan: Scan, start: int, end: int, score: float) -> Iterator[Hit]:
    """Yield a name without words that are none at its end or beginning."""
    while end > start and scan.view[end - 1] in b" '-,":
        end -= 1
    words = scan.view[start:end].split(b" ")
    keep = 0
    for word in words:
        is_last = keep == len(words) - 1
        if word.lower().strip(b".'") in _WORDS and (is_last or word not in _LEADING):
            break
        keep += 1
    end = start + sum(len(word) + 1 for word in words[:keep]) - 1
    if (
        scan.view[end - 1 : end] == b"."
        and end - start > 3
        and scan.view[end - 3 : end - 2] != b" "
    ):
        end -= 1
    if end - start >= 2 and keep:
        yield Hit(start, end, "PERSON", score, scan.text[start:end].casefold())


@cache
def _first_names() -> frozenset[bytes]:
    raw = files("audit.redact").joinpath("data/first_names.txt").read_bytes()
    return frozenset(raw.split())

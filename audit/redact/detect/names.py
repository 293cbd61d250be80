"""Names of people where something introduces them: a title, a field, a greeting, a first name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .person import FULL, LED, NAME, OWN, is_family, is_first, names

TITLE = Pattern(
    rb"\b(?:(?:(?i:mr|mrs|ms|miss|mx|dr|dra|drs|prof|professor|doctor|bapak|bpk|pak|ibu|sdr|"
    rb"sdri|tuan|nyonya|mas|mbak|bli|herrn?|frau|monsieur|madame|mme|mlle|senora?|srta|"
    rb"senorita|signora?|dottor|dott|dott\.ssa|sig\.ra|sig\.na|avv|egr|dhr|mevr|mw|meneer|mevrouw|"
    rb"pani|domnul|doamna|gospodin|gospodja|gospa|pana|panu|panem|pan|bayan|sayin|encik|puan|datuk|attn)"
    rb"|Sir|Hr|Sig|Sra?|Don|Dona|Bay|Kak|Bu|Ny|Hj|Ir|Haji|Cik|Ong|Anh|Lic|Ing)\b(?:\.|\xf8)?|M\.) "
    rb"(?:(?i:dr|prof|ing|dipl|ir|hj?)\.? ){0,2}(" + LED + rb")"
    rb"|\b(?:anh|chi|ong|ba) (" + NAME + rb"(?: " + NAME + rb"){1,3})"
)
SAID = Pattern(
    rb"(?i:\b(?:my (?:full |real |first |last |maiden )?name is|my name's|name is|i am|i'm|"
    rb"call me|named|name on (?:the )?card(?: is)?|goes by|saya(?: bernama)?|namanya|\d an|a/n|nama (?:saya|aku|lengkap saya|ibu saya|penuh saya|"
    rb"suami saya|istri saya|anak saya|panggilan saya|pelanggan|pemilik)(?: adalah| ialah)?|namaku|"
    rb"bernama|perkenalkan saya|atas nama|an\.|a\.n\.?|ich heiss?e|mein name ist|je "
    rb"m'appelle|mon nom est|je me nomme|je suis|me llamo|mi nombre(?: completo)? es|soy|mi chiamo|"
    rb"il mio nome e|sono|meu nome e|me chamo|chamo-me|eu sou [oa]|ik heet|mijn naam is|ik ben|jag heter|"
    rb"mitt namn ar|jeg hedder|mit navn er|jeg heter|mitt navn er|nimeni on|nazywam sie|mam na imie|"
    rb"jmenuji se|numele meu este|ma numesc|ma cheama|benim adim|adim|ismim|ten toi la|toi ten la|"
    rb"ang pangalan ko ay|ako si|a nevem|nama pemegang(?: kartu)?|zovem se|ime mi je|volam sa|"
    rb"jina langu ni|naitwa|nimi on|mano vardas|mani sauc|minu nimi on|moje ime je|numele meu e|"
    rb"(?:minh|em|toi) ten(?: la)?|ako po si|mon prenom est|ik ben de heer|mein vorname ist))"
    rb"[:,]? [\"']?(" + OWN + rb")"
)
SAID_TOO = Pattern(
    rb"(?i:\b(?:im|it's|its|this is|ich bin|is called|known as|jestem|jsem|tu|tady|met|u spreekt met|hier spricht|hier ist|sou|em la|c'est|olen|sunt|jag ar|jeg er|ja sam|toi la|aku|gue|"
    rb"nama|alert for|results for|profile for|record for|account of|on behalf of|meet|met with|spoke (?:to|with)|"
    rb"talked to|ask(?:ed)? for|bertemu dengan))"
    rb"[:,]? [\"']?(" + OWN + rb")"
)
"""What also stands before other words than names."""
_PERSON = (
    rb"patient|guest|passenger|applicant|tenant|cardholder|card holder|account holder|beneficiary|spouse|"
    rb"emergency contact|next of kin|customer|client|pelanggan|penumpang|pemohon|tamu|pasien|nasabah|karyawan"
)
_FIELDS = (
    rb"(?:name|names|nama|nama ?lengkap|nom|nom "
    rb"complet|prenom|nombre|nama(?: (?:lengkap|asli|panggilan|kecil|gadis|depan|belakang|tengah|ibu|ayah|bapak|suami|istri|anak|orang|"
    rb"tua|wali|kandung|pemohon|pemilik|penjamin|sponsor|sesuai|paspor|ktp|kontak|darurat|penerima|pengirim|tamu|"
    rb"pelanggan|nasabah|karyawan|pegawai|pasien|siswa|pemegang|rekening|saya|pasangan|direktur|notaris|dokter)){1,3}|nombre completo|apellidos?|vorname|nachname|naam|cognome|"
    rb"nome|imie|nazwisko|imie i nazwisko|namn|navn|nimi|jmeno|prijmeni|nume|prenume|ad "
    rb"?soyad|isim|soyad|ho ten|ho va ten|hoten|pangalan|" + _PERSON + rb"|employee|owner|"
    rb"contact(?: person)?|attention|attn|sender|recipient|pengirim|penerima|pemilik|pembeli|peserta|"
    rb"suami|istri|anak|ayah|penjamin|husband|wife|spouse|son|daughter|father|mother|child|"
    rb"author|signed(?: by)?|kepada|kunde|kundin|kontoinhaber(?:in)?|inhaber(?:in)?|titular|titulaire|intestatario|manager|assistant manager|"
    rb"claimant|insured|subscriber|policyholder|plaintiff|defendant|witness|physician|provider|surgeon|"
    rb"therapist|counsel|candidate|student|instructor|caller|payee|payer|"
    rb"(?:prepared|reviewed|approved|authorized|submitted|reported|requested|created|written|sold|led) by|"
    rb"assigned to|mieter|ansprechpartner|absender|empfanger|destinataire|expediteur|beneficiaire|"
    rb"remitente|destinatario|destinataria|cliente|paciente|huesped|pasajero|ospite|paziente|hospede|"
    rb"passageiro|klient|pacjent|musteri|khach hang|benh nhan|nguoi nhan|klant|gast|kund|asiakas|"
    rb"zakaznik|pacient|ugyfel|fn|from|to|cc|bcc|von|an|de|para|dari|untuk)"
)
_IS = rb"[\"'*\\]{0,4} {0,2}([:=>|;])"
FIELD = Pattern(
    rb"(?i:(?:^|[^a-z])((?:[a-z]{1,14}[ _-]?)?" + _FIELDS + rb"))" + _IS + rb" {0,2}[\"'*\\]{0,4}"
    rb"([A-Za-z\xd8\xf8][A-Za-z\xd8\xf8'.-]*(?: [A-Za-z\xd8\xf8][A-Za-z\xd8\xf8'.-]*){0,4})",
    gate=rb"(?i:" + _FIELDS + rb")" + _IS,
)
GREETING = Pattern(
    rb"(?:^|[.!?>\"':,;-] |[\"'>]|\\n)(?i:dear|hi|hello|hey|hiya|halo|hai|kepada yth\.?|yth\.?|"
    rb"bonjour|bonsoir|salut|hola|ciao|ola|oi|hallo|moin|servus|liebe[r]?|chere?|estimad[oa]|gentile|car[oa]|"
    rb"querid[oa]|beste|hej|hei|moi|ahoj|czesc|merhaba|selam|buna|szia|kumusta|namaste|"
    rb"selamat (?:pagi|siang|sore|malam)|good (?:morning|afternoon|evening)|morning|bom dia|boa tarde|"
    rb"buenos dias|buenas tardes|buongiorno|buonasera|guten (?:morgen|tag|abend)|goedemorgen|goedemiddag|"
    rb"god morgon|god morgen|dzien dobry|dobry den|assalamualaikum|"
    rb"thanks|thank you|thanks a lot|terima kasih|makasih|merci|gracias|grazie|obrigad[oa]|danke|bedankt|"
    rb"tack|takk|tak|kiitos|dzieki|dziekuje|welcome|congratulations|congrats|happy birthday|sorry|"
    rb"yes|no|ok|okay|sure|great|perfect|awesome|please|bye|goodbye),? "
    rb"(" + FULL + rb")"
)
RELATIVE = Pattern(
    rb"(?i:\b(?:my|our|his|her|their|saya|mein[er]?|ma|mon|mi|mio|mia|minha|meu) (?:\w{2,12} "
    rb")?(?:husband|wife|spouse|son|daughter|father|mother|brother|sister|friend|"
    rb"colleague|boss|manager|assistant|lawyer|doctor|partner|girlfriend|boyfriend|"
    rb"neighbou?r|landlord|cousin|uncle|aunt|fiancee?|nephew|niece|grandmother|grandfather|roommate|"
    rb"nanny|maid|driver|housekeeper|gardener|agent|accountant|notary|tenant|employee|client|supervisor|teacher|"
    rb"frau|mann|sohn|tochter|femme|mari|esposa|esposo|marido|moglie|marito|amigo|amiga|fils|fille)"
    rb"|\b(?:suami|istri|anak|teman|ayah|ibu|kakak|adik|bos|rekan|pembantu|sopir|supir|asisten|pengacara|notaris|tetangga|"
    rb"pacar|mertua|keponakan|sepupu|majikan|pengasuh) (?:saya|kami|dia)|"
    rb"\b(?:" + _PERSON + rb"|employee) (?:is|called|named|bernama))"
    rb"(?:,| named| is| called| bernama)? (" + FULL + rb")"
)
ROLE = Pattern(
    rb"(?i:\b(?:"
    + _PERSON
    + rb"|employee|resident|user|member|student|pemilik rekening|pemegang (?:kartu|rekening|polis)|account owner)),? ("
    + FULL
    + rb")"
)
SIGNATURE = Pattern(rb"(?m)^[ \t]*[-~*]{0,2} ?(" + FULL + rb")[ \t]*[,.]?$")
CLOSED = Pattern(
    rb"(?:^|[.!?] )(?i:signed|(?:kind |best |warm )?regards|sincerely(?: yours)?|yours (?:sincerely|truly|"
    rb"faithfully)|cheers|best wishes|(?:mit )?(?:freundlichen?|besten?|liebe[n]?|viele[n]?|"
    rb"herzlichen?) gruss?en?|lg|mfg|cordialement|bien a vous|saludos(?: cordiales)?|atentamente|"
    rb"(?:cordiali|distinti) saluti|(?:met )?vriendelijke groet(?:en)?|atenciosamente|abracos|"
    rb"hormat (?:saya|kami)|salam(?: hangat)?|pozdrawiam|saygilarimla|hilsen|halsningar),? "
    rb"(" + LED + rb")[.!]?(?: ?$|\\n)"
)
_NO_END = (b"(", b"@", b"_", b"/", b"=", b":", b"[")
_ATTRIBUTE = re.compile(rb"[a-z]{2}\.[a-z]")
_CLOSING_SIGNS = (b",", b"!", b".", b":", b";", b"?", b"\\", b"\n", b"")
_SIGNS = b" .!?>\"':,;-\n"
_ANSWERS = frozenset(b"yes no ok okay sure great perfect awesome please sorry welcome bye".split())
_NAMING = re.compile(
    rb"nam|nom|imie|nazwisko|navn|nimi|jmeno|prijmeni|nume|soyad|isim|ho ten|hoten|ho va|pangalan|"
    rb"apellido|fn$|" + _PERSON
)
_START = Pattern(FULL)
_CLOSED = re.compile(rb"[a-z][,.! ?:]{0,3}\r?\n")
_CLOSING = re.compile(
    rb"(?:regards|sincerely|cheers|best|wishes|salam|hormat saya|hormat kami|thanks|"
    rb"thank you|terima kasih|makasih|ttd|tertanda|yours|truly|faithfully|love|gruss?en|gruss?e|cordialement|"
    rb"saludos|atentamente|saluti|abracos|groeten|halsningar|hilsen|pozdrawiam|s "
    rb"pozdravem|signed|groetjes|gr|groet|mvg|mfg|lg|vg|mvh|bisous|bises|amities|un saludo|abrazo|"
    rb"besos|abraco|beijos|ciao|hugs|xoxo|terveisin|ystavallisin terveisin|cu stima|s uctou|"
    rb"udvozlettel|saygilar(?:la|imla)|sevgiler|tran trong|hormat kami,? pemohon|yang menyatakan)[,.! ]*\r?\n\s*$"
)
_ASKED = re.compile(rb"(?:name|nama|nom|nombre|naam|nome)[a-z ]{0,24}[?:][ .*]*\r?\n\s*$")
"""A line that asks for a name; the next one answers."""
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


def find_titled(scan: Scan) -> Iterator[Hit]:
    """Yield names behind a title."""
    for match in scan.matches(TITLE):
        yield from names(scan, *max(match.span(1), match.span(2)), 0.8)


def find_said(scan: Scan) -> Iterator[Hit]:
    """Yield names that somebody gives as their own, or that are introduced."""
    for match in scan.matches(SAID):
        yield from names(scan, *match.span(1), 0.8)
    for match in scan.matches(SAID_TOO):
        yield from names(scan, *match.span(1), 0.7, is_weak=True)


def find_greeted(scan: Scan) -> Iterator[Hit]:
    """Yield names in greetings and thanks."""
    for match in scan.matches(GREETING):
        start, end = match.span(1)
        is_closed = scan.view[end : end + 1] in _CLOSING_SIGNS
        is_open = scan.view[match.start() : start].lower().strip(_SIGNS) in _ANSWERS
        yield from names(scan, start, end, 0.7, is_weak=is_open or not is_closed)


def find_role(scan: Scan) -> Iterator[Hit]:
    """Yield names behind what somebody is, to the writer or in general."""
    for match in scan.matches(RELATIVE):
        yield from names(scan, *match.span(1), 0.75)
    for match in scan.matches(ROLE):
        yield from names(scan, *match.span(1), 0.7, is_weak=True)


def find_field(scan: Scan) -> Iterator[Hit]:
    """Yield the values of fields that hold a name."""
    for match in scan.matches(FIELD):
        label = scan.low[match.start(1) : match.end(1)]
        is_weak = match[2] in (b"|", b";") or not _NAMING.search(label)
        yield from _field(scan, match.span(1), match.span(3), is_weak)


def find_signature(scan: Scan) -> Iterator[Hit]:
    """Yield lines that are a name below a closing formula."""
    low = scan.low
    if not _CLOSED.search(low):
        return
    for match in scan.matches(SIGNATURE):
        start = match.start(1)
        line = scan.line_start(start)
        if _CLOSING.search(low, max(0, line - 40), line) or _asked(low, line):
            yield from names(scan, start, match.end(1), 0.7)


def _asked(low: bytes, line: int) -> bool:
    """Tell whether the line before asks for a name."""
    return _ASKED.search(low, max(0, line - 60), line) is not None


def find_closed(scan: Scan) -> Iterator[Hit]:
    """Yield names behind a closing formula on its own line."""
    for match in scan.matches(CLOSED):
        yield from names(scan, *match.span(1), 0.7)


def _field(
    scan: Scan, label: tuple[int, int], value: tuple[int, int], is_weak: bool
) -> Iterator[Hit]:
    view = scan.view
    start, end = value
    if _NO_FIELD.search(scan.low, *label):
        return
    if view[end : end + 1] in _NO_END or view[end : end + 1].isdigit():
        return
    if _ATTRIBUTE.search(view, start, end):
        return
    words = view[start:end].split()
    capital = [word for word in words if word[:1].isupper() or word[:1] == b"\xd8"]
    if view[label[0] - 2 : label[0]] == b"- " and len(capital) == 1 < len(words):
        is_weak = True  # a step in YAML: `- name: Install what is needed`
    if len(words) == 1 and _is_setting(scan, label, value):
        return
    if not capital and scan.text[start] == scan.text[start].swapcase():  # no script with capitals
        capital = words
    if len(capital) < len(words):
        is_whole = view[end : end + 1] in (b"", b'"', b"'", b"\n", b",", b";", b".", b"\r", b"|")
        if capital or not is_whole or not 2 <= len(words) <= 4:
            end = start + _capital_prefix(view[start:end])
        is_quoted = view[start - 1 : start] in (b'"', b"'")
        if end == start or not (capital or is_quoted or b"nam" in scan.low[slice(*label)]):
            return
    yield from names(scan, start, end, 0.75, is_weak=is_weak)


def _is_setting(scan: Scan, label: tuple[int, int], value: tuple[int, int]) -> bool:
    """Tell whether one word is the name of a thing: `"Name": "Accept"`, `CLIENT: DONE`, `cfn: Set`."""
    key, word = scan.low[slice(*label)], scan.view[slice(*value)]
    if key.endswith(b"fn") and key != b"fn":
        return True
    if scan.view[value[1] : value[1] + 3] == b" = ":  # `NAME: Final = `
        return True
    is_quoted = key == b"name" and scan.view[value[0] - 1 : value[0]] in (b'"', b"'")
    if not (is_quoted or key == b"client") or not scan.labels.is_empty:
        return False
    return not (is_first(word) or is_family(word))


def _capital_prefix(raw: bytes) -> int:
    """Return how much of a text is a name with capitals."""
    found = _START.match(raw)
    return found.end() if found else 0

"""Postal addresses: streets with numbers in the forms of many countries, and what a label names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

_C = rb"[A-Z\xd8][A-Za-z\xd8\xf8'.-]*"
_CITY = rb"(?:,? {0,2}" + _C + rb"(?: " + _C + rb"){0,3}){0,3}"
_UNIT = (
    rb"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|Bldg|Building|Block|Blk|"
    rb"No|#)\.? ?#?[A-Za-z0-9-]{1,8})?"
)
_CODE = (
    rb"(?:,? (?:[A-Z]{1,2}-)?\d{4,6}(?:-\d{3,4})?(?: [A-Z]{2}\b)?|,? "
    rb"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})?"
)
_ENGLISH = Pattern(
    rb"\b\d{1,5}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?,? (?:[NSEW]{1,2}\.? |North |South |East |West )?"
    rb"(?:(?:" + _C + rb"|\d{1,3}(?:st|nd|rd|th)) ){1,4}"
    rb"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq"
    rb"|Terrace|Ter|Way|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Close|Crescent|Cres|Grove|Gardens|Mews"
    rb"|Row|Walk|Hill|Trail|Trl|Alley|Plaza|Route|Pike|Loop|Run|Path|Expressway|Turnpike|Park|View"
    rb"|Bridge|Green|Rise|Quay|Parade|Esplanade|Ridge|Point|Creek|Heights|Manor|Island|Islands|Mall"
    rb"|Junction|Crossing|Meadow|Meadows|Spring|Springs|Station|Village|Valley|Villages|"
    rb"Fort|Port|Ports"
    rb"|Mount|Mountain|Mountains|Field|Fields|Forest|Garden|Glen|Harbor|Haven|Hollow|Isle|Key|Knoll"
    rb"|Lake|Lakes|Landing|Light|Lights|Locks|Lodge|Mill|Mills|Mission|Motorway|Oval|"
    rb"Passage|Pine|Pines"
    rb"|Plain|Plains|Prairie|Radial|Ranch|Rapid|Rapids|Rest|River|Rue|Shoal|Shore|Shores|"
    rb"Skyway|Spur"
    rb"|Stravenue|Stream|Summit|Throughway|Trace|Track|Tunnel|Union|Unions|Viaduct|Ville|"
    rb"Vista|Walks"
    rb"|Ways|Well|Wells|Orchard|Neck|Divide|Dam|Curve|Course|Cove|Corner|Corners|Common|Club|Cliff"
    rb"|Cape|Canyon|Camp|Bypass|Burg|Brook|Branch|Bottom|Bluff|Bend|Beach|Bayou|Arcade|Annex)\b\.?"
    rb"(?: (?:North|South|East|West|[NSEW]{1,2})\b)?" + _UNIT + _CITY + _CODE
)
_FLAT = Pattern(
    rb"\b\d{1,6} (?:(?:"
    + _C
    + rb"|\d{1,4}) ){1,5}(?:Apt|Apartment|Suite|Ste|Unit|Flat)\b\.? ?#?\d{1,5}"
    rb"[A-Za-z]?" + _CITY + _CODE
)
_BROADWAY = Pattern(rb"\b\d{1,5} (?:[NSEW]\.? )?Broadway\b" + _UNIT + _CITY + _CODE)
_INDONESIA = Pattern(
    rb"(?i:\b(?:jl|jln|jalan|gang|gg|perum|perumahan|komplek|lorong|persiaran))\b\.? ?"
    rb"(?:[A-Z][\w.'/-]{0,30}|\d{1,3}[A-Z]?)(?: [A-Z0-9][\w.'/-]{0,30}){0,6}"
    rb"(?:,? ?(?i:no|nomor|nr|blok|kav|rt|rw|kel|kec|kelurahan|kecamatan|kab|kabupaten|"
    rb"kota|km|lantai|lt|banjar|br|desa|ds)\b\.? ?[\w./-]{1,20}(?: "
    rb"[A-Z][a-z]{1,20}){0,3}){0,7}"
    rb"(?:,? ?[A-Z][A-Za-z]{1,20}(?: [A-Z][A-Za-z]{1,20}){0,2}){0,4}(?:,? ?\d{5}\b)?"
)
_GERMANIC = Pattern(
    rb"\b[A-Z\xd8][a-z\xf8]{0,30}(?:[ -][A-Z\xd8][a-z\xf8]{1,20}){0,3}(?:-| )?"
    rb"(?i:strass?e|str\.?|weg|platz|allee|gasse|ring|damm|ufer|chaussee|straat|laan|"
    rb"plein|gracht|kade|singel|vej|gade|vagen|gatan|katu|utca|ut|ulice|namesti|gate|"
    rb"veien)"
    rb" \d{1,4} ?(?:[a-z]\b)?(?:[-/]\d{1,4}|-(?:[IVX]{1,4}|hs|huis|[A-Za-z])\b)?(?:,? (?:[A-Z]{1,2}-)?\d{3} ?"
    rb"\d{1,2}(?: ?[A-Z]{2}\b)?)?" + _CITY
)
_ROMANCE = Pattern(
    rb"(?i:\b(?:\d{1,4}(?: ?bis| ?ter)?,? )?(?:rue|avenue|av|boulevard|bd|bld|place|"
    rb"chemin|allee|impasse|quai|route|calle|c/|avda|avenida|plaza|paseo|carrera|cra|rua|"
    rb"travessa|praca|via|viale|piazza|corso|largo|strada|bulevardul|ul|ulica|al|aleja|"
    rb"os|pl|duong|pho)\b)"
    rb"\.? (?:(?i:de|du|des|la|le|les|del|della|dei|dos|da|do|das|el|los|las|san|santa|"
    rb"saint|de la)[ ']){0,3}(?:[lLdD]')?"
    rb"[A-Z\xd8][\w'\xd8\xf8.-]{0,30}(?: (?:(?i:de|du|des|la|le|del|da|do|e|y|i|et)|"
    rb"[A-Z\xd8IVX][\w'\xd8\xf8.-]{0,30})){0,5}"
    rb"(?:,? ?(?:n|no|nr|num|numero|n\xa4)?\.? ?\d{1,5}[A-Za-z]?\b(?:[-/]\d{1,4}[A-Za-z]?)?)?"
    rb"(?:,? (?i:apt|piso|ap|m|bl|sc|et|int|depto)\.? ?[\w.-]{1,6})?(?:,? \d{2}-?\d{3}\b|"
    rb",? \d{4,5}(?:-\d{3})?\b)?" + _CITY
)
_CROSSING = Pattern(
    rb"(?i:\b(?:carrera|cra|calle|cl|kr|transversal|diagonal|avenida|av)\b)\.? \d{1,3}[A-Za-z]? ?"
    rb"(?:#|(?i:no|n)\b\.?\xa4?) ?\d{1,3}[A-Za-z]? ?- ?\d{1,3}" + _CITY
)
"""A number of a street and one of a crossing: `Carrera 7 # 71-21`."""
_TURKISH = Pattern(
    rb"\b(?:"
    + _C
    + rb" ){1,3}(?i:sokak|sokagi|sk|caddesi|cad|cd|mahallesi|mah|bulvari)\b\.?,? ?(?i:no|"
    rb"no:)?[.: ]{0,2}\d{1,4}(?:/\d{1,3})?(?:,? (?i:daire|d|kat|k|blok)[.: ]{1,2}\d{1,3}){0,2}"
    + _CITY
    + rb"(?:/"
    + _C
    + rb")?"
    + _CODE
)
_BOX = Pattern(rb"(?i)\bp\.? ?o\.? ?box \d{1,6}\b")
_PLACE = Pattern(
    rb"\b[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20}){0,2}, [A-Z]{2} \d{5}(?:-\d{4})?\b|"
    rb"\b(?:\d{1,4}[A-Za-z]? "
    + _C
    + rb"(?: "
    + _C
    + rb"){0,3},? )?(?:"
    + _C
    + rb"(?: "
    + _C
    + rb")?,? )?"
    rb"(?:[A-Z]{1,2}\d[A-Z\d]?|[A-Z]{1,2}\d{2}) \d[A-BD-HJLNP-UW-Z]{2}\b"
)
_NAMED = Pattern(
    rb"(?i)(?:^|[^a-z])(?:(?:home|postal|mailing|shipping|billing|street|delivery|"
    rb"residential|my|full|current)[ _])?"
    rb"(?:address(?:[ _]?line)?(?:[ _]?\d)?|alamat(?: rumah| lengkap| domisili| "
    rb"tinggal)?|adresse|anschrift|direccion|domicilio|indirizzo|endereco|adres|adress|"
    rb"osoite|lakcim|adresa|dia chi(?: nha| cua toi)?|tirahan|domicile|ship to|deliver(?:ed)? to|"
    rb"kirim(?:kan)? ke|dikirim ke)"
    rb"[\"']?(?: (?:is|adalah|ist|es|est|e|saya|kami))?(?: ?[:=] ?| )[\"']?"
    rb"([^\n\"';<>{}|@]{6,140})"
)
_LIVES = Pattern(
    rb"(?i)(?:^|[^a-z])(?:lives? (?:at|in|on)|lived at|living (?:at|on)|located at|"
    rb"resid(?:e|es|ing) at|tinggal di|(?:ich )?wohne? (?:in(?: der)?|am)|wohnhaft(?: in)?|"
    rb"(?:j')?habite (?:au|a)?|vivo en(?: la)?|abito in|moro na|woon (?:in|op)|mieszkam "
    rb"(?:przy|na|w)|bydlim (?:v|na)|bytem|byvam (?:v|na)|lakom|lakik|locuiesc (?:in|pe)|bor (?:pa|i)|"
    rb"asun|oturuyorum|song tai|o tai|nakatira sa|duduk di|menetap di|berdomisili di|beralamat di|"
    rb"moro (?:em|no)|resido en|domiciliad[oa] en|domiciliee? (?:au|a)|residente (?:in|a)|stanujem u|zivim u) "
    rb"([^\n\"';<>{}|@]{6,120})"
)
_STOP = Pattern(
    rb"[.!?] (?:[A-Z\xd8][a-z\xf8]+ )|[.!?]$|, (?:and|my|phone|tel|email|hp|dan|telp|"
    rb"telepon|nik|mobile|please|call|und|et|y)\b|(?i) (?:and (?:my|i|the|his|her)|my "
    rb"(?:phone|number|email)|phone|telp|email|hp|tel|mobile|dan|untuk|yang|since|"
    rb"because|for|with|karena|sebagai|supaya|agar|berikut|ini adalah|sejak|which|where|but|tapi|nomor|please|tolong)\b|  |\t|\\n| - | "
    rb"\("
)


_VAGUE = re.compile(
    rb"(?:\d{1,2}[A-Za-z]?|(?:19|20)\d\d),? [^,\d]* ?(?:Point|Fields?|Park|View|Bridge|Green|Rise|Ridge|Creek|Islands?|Mall|Station|"
    rb"Village|Valley|Fort|Ports?|Mount|Mountains?|Forest|Gardens?|Glen|Harbor|Key|Lakes?|Landing|Lights?|Lodge|"
    rb"Mills?|Mission|Pines?|Plains?|Rest|River|Shores?|Summit|Track|Tunnel|Unions?|Wells?|Orchard|Course|Corner|"
    rb"Common|Club|Cliff|Cape|Canyon|Camp|Branch|Bottom|Beach|Arcade|Run|Loop|Path|Row|Walks?|Hill|Square|Pass|"
    rb"Passage|Way|Place|Court|Circle|Wheel Drive)"
)
"""As well a number of things: `10 Touch Point`, `4 Wheel Drive`, `3 Day Camp`."""
_NO_STREET = re.compile(
    rb"(?:[A-Z][a-z]*(?:[aeiou]ring|[a-z]string|ut)|S[pt]ring|(?:A|Fri|Col|Del)gate) \d"
)
"""Words that end like a street: `Engineering 101`, `Spring 2027`."""
ENGLISH = (_ENGLISH, _FLAT, _BROADWAY, _BOX, _PLACE)
_CODED = Pattern(
    rb"\b" + _C + rb"(?: " + _C + rb"){0,3} \d{1,4}[A-Za-z]?(?:/\d{1,4})?, (?:[A-Z]{1,2}-)?"
    rb"(?:\d{3} \d{2}|\d{5}|[1-9]\d{3} [A-Z]{2}|(?:1[0-8]|[2-9]\d)\d\d) "
    + _C
    + rb"(?: "
    + _C
    + rb")?"
)
"""A street of any language with number, postal code and town: `Mannerheimintie 5, 00100 Helsinki`."""
PREFIXED = (_INDONESIA, _ROMANCE, _CROSSING)
SUFFIXED = (_GERMANIC, _TURKISH, _CODED)
NAMED = (_NAMED, _LIVES)


def find_english(scan: Scan) -> Iterator[Hit]:
    """Yield streets in the English order, places with their state and code, boxes."""
    for pattern in ENGLISH:
        for match in scan.matches(pattern):
            if pattern is not _ENGLISH or not _VAGUE.fullmatch(scan.view, *match.span()):
                yield hit(scan, *match.span(), 0.7)


def find_suffixed(scan: Scan) -> Iterator[Hit]:
    """Yield streets that end with their kind, number behind."""
    for pattern in SUFFIXED:
        for match in scan.matches(pattern):
            if not _NO_STREET.match(scan.view, *match.span()):
                yield hit(scan, *match.span(), 0.7)


def find_prefixed(scan: Scan) -> Iterator[Hit]:
    """Yield streets that begin with their kind and hold a number."""
    for pattern in PREFIXED:
        for match in scan.matches(pattern):
            raw = scan.view[match.start() : match.end()]
            if _has_digit(raw) and b"alan Pasal" not in raw:
                yield hit(scan, *match.span(), 0.7)


def find_named(scan: Scan) -> Iterator[Hit]:
    """Yield what follows words such as `address:` or `I live at`, if it holds a number."""
    for pattern in NAMED:
        for match in scan.matches(pattern):
            start, end = match.span(1)
            stop = _STOP.search(scan.view, start, end)
            end = stop.start() if stop else end
            raw = scan.view[start:end]
            if (
                len(raw) >= 6
                and (_is_place(raw) or _is_list(scan.view[match.start() : start], raw))
                and not _is_technical(scan.low, match.start(), start)
            ):
                yield hit(scan, start, end, 0.75)


def hit(scan: Scan, start: int, end: int, score: float) -> Hit:
    """Return an address without the signs at its end."""
    while end > start and scan.view[end - 1] in b" ,.-":
        end -= 1
    value = " ".join(scan.text[start:end].casefold().replace(",", " ").split())
    return Hit(start, end, "ADDRESS", score, value)


def _has_digit(raw: bytes) -> bool:
    return any(48 <= code <= 57 for code in raw)


def _is_place(raw: bytes) -> bool:
    """A place begins with a capital or a number and holds a number and a name."""
    first = raw[:1]
    return (
        (first.isdigit() or first.isupper() or first == b"\xd8")
        and _has_digit(raw[:90])
        and sum(65 <= code <= 90 or code in (0xD8, 0xF8) for code in raw) >= 1
        and not raw.startswith((b"0x", b"http"))
    )


def _is_list(label: bytes, raw: bytes) -> bool:
    """Villages and towns behind `address:` need no number: `Br. Tegal, Ds. Sayan, Ubud`."""
    parts = raw.split(b", ")
    is_field = label.rstrip(b" \"'").endswith((b":", b"=")) or raw.startswith(_VILLAGES)
    return is_field and len(parts) >= 2 and all(part[:1].isupper() for part in parts)


_VILLAGES = (b"Br.", b"Banjar ", b"Dusun ", b"Desa ", b"Ds.", b"Kampung ", b"Kp.", b"Lingkungan ")


def _is_technical(low: bytes, start: int, end: int) -> bool:
    before = low[max(0, start - 10) : start + 1].strip()
    return before.endswith(
        (
            b"email",
            b"e mail",
            b"mail",
            b"ip",
            b"mac",
            b"web",
            b"url",
            b"wallet",
            b"memory",
            b"bitcoin",
            b"btc",
            b"eth",
            b"network",
            b"server",
        )
    )

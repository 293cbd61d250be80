"""Keys, tokens and passwords by what names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

_NAME = (
    rb"(?:pass(?:word|wd|wort|phrase|code|key)?s?|pwd|pw|kata ?sandi|sandi|(?:client|app|"
    rb"shared|api|webhook|aws)?[ _.-]?secret(?:[ _.-]?(?:access)?[ _.-]?key)?"
    rb"|(?:access|auth|api|id|refresh|bearer|session|csrf|bot|personal[ _-]access)?[ "
    rb"_.-]?token|(?:api|access|private|secret|encryption|signing|license|auth|service|"
    rb"master|account|storage)[ _.-]?key(?:[ _-]?id)?"
    rb"|credentials?|contrase..?a|contrasena|clave|mot de passe|mdp|kennwort|senha|"
    rb"wachtwoord|haslo|pin(?: code)?|otp|cvv2?|cvc|kode otp"
    rb"|identified by|losenord|salasana|adgangskode|sifre(?:m|miz|niz|si)?|parola(?:m)?|heslo|jelszo|mat khau|lozinka)"
)
_CAMEL = rb"(?-i:[a-z0-9](?:Pass(?:word|wd|phrase)?|Pwd|Secret|Token|(?:Api|Access|Private|Secret|Auth)Key))"
_NAMED = Pattern(
    rb"(?i)(?:(?:^|[^a-z])(?:[a-z0-9]{1,24}[_.-])?"
    + _NAME
    + rb"(?:nya|mu|ku)?"
    + rb"|"
    + _CAMEL
    + rb")(?:[_-](?:id|key|value|secret|key_base|base|salt|prod|dev|test|live|staging|\d{1,3}))?[\"'`\])}*]{0,3}"
    rb"(?: {0,3}(?:[:=]{1,2}>?|=>|->) {0,3}|(?: (?:for|of|to|untuk|pour|para|per|fur|voor)(?: [a-z]{1,15}){1,3})?"
    rb" (?:is|was|masih|still|adalah|ist|es|est|e|ar|jest|yaitu|lautet|er|je|"
    rb"nya)[: ] ?| (?:is|was|adalah)? ?(?:now|set to|changed to|jadi) )"
    rb"(?:[\"'`*]{0,3})([^\s\"'`,;*<>]{3,300})"
)
_QUOTED = Pattern(rb"(?i)(?:^|[^a-z])" + _NAME + rb" {1,2}[\"'`]([^\s\"'`]{3,200})[\"'`]")
_BARE = Pattern(
    rb"(?i)(?:^|[^a-z])(?:password(?:nya)?|passwd|passphrase|(?:kata ?)?sandi(?:nya)?|"
    rb"kennwort|passwort|senha|contrasena|mot de passe|pwd|pw|clave|"
    rb"wachtwoord|haslo|sifrem|parolam|token|secret|(?:api|access) ?key)(?: (?:saya|anda|kamu|baru|lama|"
    rb"code|number))?(?: (?:for|of|untuk) \w{1,20})? {1,2}([^\s\"'`,;<>]{3,200})"
)
ACCOUNT = Pattern(
    rb"(?i)\b(?:login|user(?:name)?|userid|account|akun)(?:[:=] {0,2}| is | {1,2})[\w.@-]{2,64} ?[/|:] "
    rb"?([^\s\"',;]{4,64})"
)
_FOREIGN = Pattern(
    r"(?i)(?:пароль|парола|パスワード|暗証番号|密码|密碼|口令|비밀번호|비번|암호|كلمة المرور|كلمة السر|סיסמה|הסיסמה|"
    r"รหัสผ่าน|पासवर्ड|κωδικός|رمز عبور|پاسورڈ|পাসওয়ার্ড)"
    r"(?:[ \t]{0,2}(?:[:：=]|は|是|—|-|ist|это)?|(?: [\p{L}-]{1,15}){1,3}(?:[:：=]| —| -| это))[ \t]{0,2}"
    r"([^\s\"',;]{3,100})"
)
_PHRASE = Pattern(
    rb"(?i)(?:^|[^a-z])(?:pass ?phrase|seed phrase|recovery phrase|mnemonic)[\"']? "
    rb"{0,2}[:=] {0,2}[\"']?([^\n\"']{8,250})"
)
_WORDS = rb"([^\n%b ]{1,40}(?: [^\n%b ]{1,40}){1,11})"
SENTENCE = Pattern(
    rb"(?i)(?:^|[^a-z])(?:pass(?:word|wort|phrase|code)|kata ?sandi|kennwort|senha|contrase..?a|"
    rb"contrasena|mot de passe|wachtwoord|haslo|salasana|adgangskode|losenord|parola)"
    rb"(?:nya| saya| anda)?[\"']?(?: {0,2}[:=] {0,2}| (?:is|was|adalah|ist|es|est|e|jest):? )"
    rb"(?:" + b"|".join(b"%b%b%b" % (q, _WORDS % (q, q), q) for q in (b'"', b"'", b"`")) + rb")"
)
_MESSAGE = re.compile(
    rb"(?i)\b(?:pass\w*|fields?|required|must|characters?|digits?|letters?|invalid|incorrect|wrong|"
    rb"enter|your|please|should|cannot|least|match|short|long|weak|strong|forgot\w*|wajib|harus)\b|[{}]"
)
"""What programs say about passwords, and what they fill in."""
SESSION = Pattern(
    rb"(?i)\b(?:session(?:[_-]?id)?|sid|jsessionid|phpsessid|connect\.sid|auth|csrf[_-]?token)="
    rb"\"?([\w.%+/-]{16,})"
)
_BEARER = Pattern(rb"(?i)\b(?:bearer|basic(?: auth)?|x?-?api[-_ ]?key|token) ([\w.~+/=-]{8,})")
PAIR = Pattern(
    rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,80}\.[a-z]{2,10}(?:\s?[:|/;]\s?|"
    rb"\s/\s)([^\s\"',;]{4,64})"
)
CURL = Pattern(rb"(?:^|\s)(?:-u|--user)[ =][\"']?[\w.@-]{1,64}:([^\s\"']{3,100})")
SHELL = Pattern(
    rb"\b(?:mysql\w{0,8}|mariadb|sshpass|docker login|podman login|helm|redis-cli|unzip|zip|7z|ldapsearch)"
    rb" [^\n]{0,60}?(?:-[pPaw]|--pass(?:word)?[ =]) ?[\"']?([^\s\"']{4,64})"
    rb"|\bnet use [^\n]{0,60}/user:[^\s]{1,60} ([^\s\"'/]{4,64})"
    rb"|\becho [\"']?([^\s\"'|]{4,64})[\"']? ?\| ?(?:sudo -S|docker login|passwd|chpasswd)"
)
NAMING = (_NAMED, _QUOTED, _BARE, _PHRASE, _BEARER, SESSION)
PAIRS = (PAIR, ACCOUNT, CURL, SHELL)
_ATTRIBUTE = re.compile(rb"[a-z_]{2,}(?:\.[a-z_]{2,}|\[)|[A-Z][A-Za-z]{2,}\[[A-Za-z]*$")
_CODE = re.compile(rb"[A-Za-z_]{3,}(?:[),\]]|(?<!=) = | if )")
"""A name in a program: an argument, an item, the type of what gets a value."""
_NO_PASSWORD = re.compile(rb"@|^//|^[A-Z][a-z]+/\d|^\d{4}-\d\d|^\d[\d.,-]*$")
"""An address, a path, a product with its version, a date, a plain number."""
_IDENTIFIER = re.compile(rb"[A-Za-z]+(?:[_.][A-Za-z]+)+|(?:[A-Z][a-z]+)+")
_ENVIRONMENT = re.compile(rb"[A-Z]{2}=$")
"""A line of an environment file, where a value may be any word."""
_VARIABLE = re.compile(r"\$[a-z_]+")
_HARMLESS = frozenset(
    """true false null none undefined required optional string str int bool incorrect wrong invalid expired
    missing reset change changed changing forgot forgotten protected manager policy field fields hash
    hashed based count counts limit limits usage used valid correct empty here below above the a an is are
    was not for and or to of in on at by yang untuk dan saya anda kamu adalah tidak salah lupa baru lama
    must should can cannot will would has have may your my our their this that these please with when
    where what how if then than from reset. management manager authentication auth authorization login
    user username email name type types value values file files example placeholder xxx *** ...
    await async new yield return function lambda def class self this
    encrypted rotation rotate bucket budget per window windows input output prompt completion stream
    streaming generated generation length size id ids key keys list store storage strength number
    environment process.env os.environ getenv config settings variable""".split()
)


def find_named(scan: Scan) -> Iterator[Hit]:
    """Yield what follows a word such as `password:` or `api_key =`."""
    view = scan.view
    for pattern, needs in zip(NAMING, (1, 0, 2, 0, 2, 2), strict=True):
        for match in scan.matches(pattern):
            start, end = match.span(1)
            end = trim(view, start, end)
            word = view[start:end]
            before = view[match.start() : start]
            is_assigned = needs < 2 and (b":" in before or b"=" in before or needs == 0)
            if end - start >= 3 and not (
                _is_harmless(word, is_assigned)
                or _is_code(view, start, end, before)
                or _is_identifier(word, before)
            ):
                yield Hit(start, end, _kind(before), 0.85, scan.text[start:end])


def find_sentences(scan: Scan) -> Iterator[Hit]:
    """Yield quoted passwords of several words, up to the closing quote."""
    for match in scan.matches(SENTENCE):
        start, end = max(match.span(group) for group in (1, 2, 3))
        if not _MESSAGE.search(scan.view, start, end):
            yield Hit(start, end, "PASSWORD", 0.85, scan.text[start:end])


def find_foreign(scan: Scan) -> Iterator[Hit]:
    """Yield passwords named in other scripts."""
    for match in scan.foreign(_FOREIGN):
        start, end = match.span(1)
        if b"\n" not in scan.view[match.start() : end] and _is_chosen(scan, start, end):
            yield Hit(start, end, "PASSWORD", 0.8, scan.text[start:end])


def _is_chosen(scan: Scan, start: int, end: int) -> bool:
    """A word of the same script may be the sentence's next; with a digit or sign it is not."""
    word = scan.text[start:end]
    return word.isascii() or any(char.isdigit() or char in "!@#$%^&*_+=~" for char in word)


def find_pairs(scan: Scan) -> Iterator[Hit]:
    """Yield the password of `mail:password` lines and of `login: name / password`."""
    for match in chain(*(scan.matches(one) for one in PAIRS)):
        start, end = match.span(1)
        if start < 0:
            start, end = max(match.span(group) for group in (2, 3))
        end = trim(scan.view, start, end)
        word = scan.view[start:end]
        if strength(word) >= 2 and not _NO_PASSWORD.search(word):
            yield Hit(start, end, "PASSWORD", 0.8, scan.text[start:end])


def _kind(before: bytes) -> str:
    low = before.lower()
    names = (
        b"pass",
        b"pwd",
        b"sandi",
        b"pin",
        b"otp",
        b"cv",
        b"clave",
        b"contrase",
        b"mdp",
        b"kennwort",
        b"senha",
        b"wacht",
        b"haslo",
    )
    return "PASSWORD" if any(name in low for name in names) else "SECRET"


def trim(view: bytes, start: int, end: int) -> int:
    """Return the end of a value without signs that close what is around it."""
    while end > start and view[end - 1] in b".,;:!?)]}>":
        end -= 1
    return end


def _is_harmless(word: bytes, is_assigned: bool) -> bool:
    """A value after `:` or `=` may be any word; elsewhere it must look made up."""
    low = word.lower().decode("latin-1").strip("*_.:()[]{}")
    if (
        not low
        or low in _HARMLESS
        or low.startswith(("${", "$(", "{{", "<", "process.env", "os.", "["))
        or _VARIABLE.fullmatch(low)
    ):
        return True
    if set(low) <= set("*x.•-_#?") or "(" in low or _ATTRIBUTE.match(word):
        return True
    return not is_assigned and strength(word) < 2


def _is_code(view: bytes, start: int, end: int, before: bytes) -> bool:
    """Tell whether a value is the name of something: `secret=secret)`, `key: ApiKey = None`."""
    word = view[start:end]
    if before.endswith((b'"', b"'")) or not _CODE.match(view, start, min(len(view), end + 4)):
        return False
    is_type = word[:1].isupper() and view[end : end + 3] == b" = "
    return is_type or word.lower() in before.lower()


def _is_identifier(word: bytes, before: bytes) -> bool:
    """Tell whether what a key or token is set to is a name in a program: `token = next_token`."""
    if _kind(before) == "PASSWORD":
        return b"passw" in word.lower() and word.replace(b"_", b"").isalpha()
    if before.endswith((b'"', b"'", b"`")) or _ENVIRONMENT.search(before):
        return False
    return _IDENTIFIER.fullmatch(word) is not None


def strength(word: bytes) -> int:
    """Count kinds of characters: small, capital, digit, sign."""
    kinds = [
        any(97 <= c <= 122 for c in word),
        any(65 <= c <= 90 for c in word[1:]),
        any(48 <= c <= 57 for c in word),
        any(c in b"!@#$%^&*_+=~?-" for c in word),
    ]
    return sum(kinds) if len(word) >= 4 else 0

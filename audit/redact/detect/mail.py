"""E-mail addresses, as written and as hidden from robots."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

_ATOM = rb"[A-Za-z0-9\xd8\xf8!#$%&'*+/=?^_`{|}~.-]"
PLAIN = Pattern(
    rb"(\"[^\"\s@]{1,64}\"|"
    + _ATOM
    + rb"{1,64})@((?:[A-Za-z0-9\xd8\xf8_](?:[A-Za-z0-9\xd8\xf8_-]{0,62})\.){1,8}"
    rb"[A-Za-z\xd8\xf8][A-Za-z0-9\xd8\xf8-]{1,23})"
)
_NAMED = re.compile(rb"[A-Za-z][A-Za-z_.-]{1,24}=[\"']?(?=[^@=])")
"""A field before the address: `user=ada@example.org`."""
_TLD = (
    rb"(?:com|org|net|edu|gov|io|co|id|info|biz|me|dev|app|ai|uk|de|fr|es|it|nl|pl|pt|br|"
    rb"us|ca|au|sg|ng|gh|ke|tz|ug|et|eg|ma|sa|ae|qa|kw|il|pk|bd|lk|np|ir|iq|kz|ua|by|lt|lv|ee|sk|si|hr|rs|ba"
    rb"|mk|bg|is|lu|mt|cy|pe|co|ec|uy|bo|py|ve|cr|pa|do|tv|cc|xyz|online|site|shop|store|tech|cloud|email"
    rb"|my|jp|cn|in|ru|eu|ch|at|be|se|no|fi|dk|cz|hu|ro|tr|gr|ie|nz|za|kr|tw|hk|th|vn|ph|mx|ar|cl"
    rb"|example|test|invalid)"
)
_DOT = (
    rb"(?: ?(?:\.|[\[({<] ?(?:dot|\.|punto|punkt|point|ponto|titik) ?[\])}>]) ?| (?:dot|"
    rb"punto|punkt|point|ponto|titik) )"
)
_LABEL = rb"[a-z0-9\xf8][a-z0-9\xf8-]{0,40}"
HIDDEN = Pattern(
    rb"(?i)([a-z0-9\xf8][a-z0-9\xf8._%+-]{0,63}(?:(?: dot | ?[\[(]dot[\])] "
    rb"?)[a-z0-9\xf8._-]{1,30}){0,2})"
    rb"(?: ?[\[({<] ?(?:at|arroba|@) ?[\])}>] ?| (?:arroba) | @ ?|@ )"
    rb"(" + _LABEL + rb"(?:" + _DOT + _LABEL + rb"){0,3}" + _DOT + _TLD + rb")\b"
)
SPOKEN = Pattern(
    rb"(?i)([a-z0-9\xf8][a-z0-9\xf8._%+-]{0,63}(?: dot [a-z0-9\xf8._-]{1,30}){0,2}) at "
    rb"(" + _LABEL + rb"(?: (?:dot|punto|punkt|point|ponto|titik) " + _LABEL + rb"){0,3}"
    rb"(?: ?[\[({] ?dot ?[\])}] ?| (?:dot|punto|punkt|point|ponto|titik) )" + _TLD + rb")\b"
)
_PARTS = Pattern(
    rb"(?i) ?[\[({<] ?(?:dot|\.|punto|punkt|point|ponto|titik) ?[\])}>] ?"
    rb"| (?:dot|punto|punkt|point|ponto|titik) | ?\. ?"
)


def find(scan: Scan) -> Iterator[Hit]:
    """Yield plain addresses."""
    view = scan.view
    for match in scan.matches(PLAIN):
        start, end = match.span()
        named = _NAMED.match(view, start, match.end(1))
        start = named.end() if named else start
        while start < match.end(1) and view[start] in b".'`/=&?*|{!#$%^":
            start += 1
        if start == match.end(1) or _is_remote(view, start, match.end(1), end):
            continue
        yield Hit(start, end, "EMAIL", 0.95, scan.text[start:end].casefold())


def _is_remote(view: bytes, start: int, local_end: int, end: int) -> bool:
    """`git@host:path` names a repository, not a person."""
    return view[start:local_end] == b"git" and view[end : end + 1] in (b":", b"/")


def find_hidden(scan: Scan) -> Iterator[Hit]:
    """Yield addresses such as `name [at] host [dot] org`."""
    for pattern in (HIDDEN, SPOKEN):
        for match in scan.matches(pattern):
            if b"some point" in scan.view[match.start() : match.end()]:
                continue
            local, domain = (_join(scan.text[slice(*match.span(n))]) for n in (1, 2))
            yield Hit(*match.span(), "EMAIL", 0.8, f"{local}@{domain}".casefold())


def _join(part: str) -> str:
    view = part.encode("ascii", "replace")
    done, at = [], 0
    for match in _PARTS.finditer(view):
        done += [part[at : match.start()], "."]
        at = match.end()
    return "".join([*done, part[at:]])

"""`${VAR}` and `${VAR:-default}` inside the file. `$${` stays as `${`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

REFERENCE = re.compile(r"\$?\$\{([^}]*)\}?")
FORM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Fault(msgspec.Struct, frozen=True):
    """A reference that leads nowhere."""

    message: str
    remedy: str


def interpolate(text: str, environ: Mapping[str, str]) -> tuple[str, list[Fault]]:
    """Return the text with variables put in, and what was wrong with the references."""
    faults: list[Fault] = []

    def replace(match: re.Match[str]) -> str:
        whole = match.group()
        if whole.startswith("$$"):
            return whole[1:]
        form = FORM.fullmatch(match.group(1)) if whole.endswith("}") else None
        if form is None:
            faults.append(Fault(
                "this is no reference to a variable: expected ${NAME} or ${NAME:-default}",
                "mend the reference, or write $${ for a literal ${",
            ))  # fmt: skip
            return ""
        return resolve(form.group(1), form.group(2), environ, faults)

    return REFERENCE.sub(replace, text), faults


def resolve(name: str, default: str | None, environ: Mapping[str, str], faults: list[Fault]) -> str:
    """Return the value of one variable, or note that it is missing."""
    value = environ.get(name, "")
    if value:
        return value
    if default is not None:
        return default
    state = "empty" if name in environ else "not set"
    faults.append(Fault(
        f"the variable {name} is {state}",
        f"set {name} in the environment, or write ${{{name}:-}} if it may be absent",
    ))  # fmt: skip
    return ""

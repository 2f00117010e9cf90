"""Which description the client wants, by ``Accept``."""

import re
from enum import Enum

from rowgate.errors import Refusal

_VERSION = re.compile(r"""version\s*=\s*"?([0-9.]+)"?""")


class Form(Enum):
    """A form of the description; its value is the Content-Type."""

    SWAGGER = "application/openapi+json; charset=utf-8"
    OPENAPI_31 = "application/vnd.oai.openapi+json;version=3.1; charset=utf-8"
    PAGE = "text/html; charset=utf-8"


_FORMS = {
    "*/*": Form.SWAGGER,
    "application/*": Form.SWAGGER,
    "application/json": Form.SWAGGER,
    "application/openapi+json": Form.SWAGGER,
    "text/html": Form.PAGE,
    "text/*": Form.PAGE,
}


def choose_form(accept: str) -> Form:
    """The best that we have of what is accepted; the first named where several are as good."""
    wanted = sorted(map(_range, (accept or "*/*").split(",")), key=lambda pair: -pair[1])
    for form, quality in wanted:
        if form and quality > 0:
            return form
    raise Refusal(406, "PGRST107", f"None of these media types are available: {accept}")


def _range(text: str) -> tuple[Form | None, float]:
    media, *parameters = (piece.strip().lower() for piece in text.split(";"))
    quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        weight = float(quality)
    except ValueError:
        weight = 1.0
    if media == "application/vnd.oai.openapi+json":
        return _by_version(parameters), weight
    return _FORMS.get(media), weight


def _by_version(parameters: list[str]) -> Form | None:
    found = next((match[1] for piece in parameters if (match := _VERSION.fullmatch(piece))), "3.1")
    if found == "2.0":
        return Form.SWAGGER
    return Form.OPENAPI_31 if found in ("3.1", "3.1.0") else None

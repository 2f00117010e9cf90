"""From rows to media type handlers."""

from rowgate.catalog.media import build_media
from rowgate.catalog.model import MediaHandler, MediaHandlers, Name
from rowgate.catalog.rows import MediaRow

ESCOS = Name("api", "escos")


def test_handlers() -> None:
    rows = [
        MediaRow('api."text/html"', "text/html", binary=False),
        MediaRow('api."application/vnd.a"', "application/vnd.a", binary=True),
        MediaRow('api."application/vnd.a"', "application/vnd.a", True, "api", "agg", 7),
        MediaRow('api."application/vnd.a"', "application/vnd.a", True, "api", "agg_too", 7),
        MediaRow('api."application/vnd.a"', "application/vnd.a", True, "api", "of_hidden", 8),
        MediaRow('api."application/vnd.a"', "application/vnd.a", True, "api", "of_any", 0),
        MediaRow("record", "application/geo+json", False, "gis", "st_asgeojson"),
    ]
    assert build_media(rows, {7: ESCOS}) == MediaHandlers(
        {
            'api."text/html"': MediaHandler("text/html"),
            'api."application/vnd.a"': MediaHandler("application/vnd.a", True),
        },
        {
            ESCOS: {"application/vnd.a": MediaHandler("application/vnd.a", True, Name("api", "agg"))},
            None: {"application/vnd.a": MediaHandler("application/vnd.a", True, Name("api", "of_any"))},
        },
        Name("gis", "st_asgeojson"),
    )


def test_no_handlers() -> None:
    assert build_media([], {}) == MediaHandlers()

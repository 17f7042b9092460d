"""A few colours written down as text, as people and config.toml write them: "#1a2b3c #ffcc00"."""

from __future__ import annotations

import re

MOST = 5
"""As many colours a palette has at most."""

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255, sRGB."""

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def read_colours(text: str) -> tuple[Colour, ...]:
    """The colours of a text, parted by spaces or commas; none for an empty one. ValueError says what is wrong."""
    words = text.replace(",", " ").split()
    if len(words) > MOST:
        raise ValueError(
            f"{len(words)} colours; 1 to {MOST} are needed, such as #1a2b3c #ffcc00, or an empty text for the cover's"
        )
    found = []
    for word in words:
        if (match := _HEX.fullmatch(word)) is None:
            raise ValueError(f"'{word[:20]}' is no colour; six hex digits are needed, such as #1a2b3c #ffcc00")
        red, green, blue = bytes.fromhex(match[1])
        found.append((red, green, blue))
    return tuple(found)


def write_colours(colours: tuple[Colour, ...]) -> str:
    """The text that `read_colours` reads as these."""
    return " ".join("#{:02x}{:02x}{:02x}".format(*each) for each in colours)


def colours_fault(text: str) -> str | None:
    """What is wrong with a text of colours, or None."""
    try:
        read_colours(text)
    except ValueError as error:
        return str(error)
    return None

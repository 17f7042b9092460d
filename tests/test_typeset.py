"""Text must come out whole, in the right order and in every script, whatever a tag holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.lettering import glyphs, runs, typeset
from mixtape.lettering.typeset import baseline_px, line_height_px, line_image, measure, shorten, wrap

HOUSE = glyphs.HOUSE_FONTS["regular"]
needs_shaping = pytest.mark.skipif(not typeset._shapes(), reason="Pillow has no text shaping (raqm, fribidi) here")


@pytest.fixture
def system_fonts_in(monkeypatch, tmp_path):
    """A system whose only fonts are those put into this folder."""
    caches = (glyphs.system_fonts, glyphs.font_for, runs.visual_runs, typeset._mask, typeset._advance, shorten)

    def forget():
        for cached in caches:
            cached.cache_clear()

    monkeypatch.setattr(glyphs, "system_font_folders", lambda: (tmp_path,))
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def ink(text, **how):
    return line_image(text, **{"size_px": 40, **how})[..., 3]


WIDTHS = st.one_of(st.none(), st.integers(1, 300))


@given(st.text(max_size=60), st.sampled_from((7, 21.5, 48)), st.sampled_from(("regular", "semibold")), WIDTHS)
@settings(max_examples=100, deadline=None)
def test_any_text_becomes_a_line_of_the_right_height_and_width(text, size_px, weight, max_width_px):
    image = line_image(text, size_px=size_px, weight=weight, max_width_px=max_width_px)
    assert image.dtype == np.uint8
    assert image.shape[0] == line_height_px(size_px)
    assert image.shape[1] >= 1
    if max_width_px is not None:
        assert image.shape[1] <= max_width_px + 2 + size_px / 4


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x00\x01\x7f", "\u200b\u200e\ud800"])
def test_text_without_letters_is_one_empty_column(text):
    assert measure(text, size_px=30) == 0
    assert not line_image(text, size_px=30)[..., 3].any()


def test_control_characters_are_taken_out_and_lines_become_blanks():
    assert runs.clean("one\ntwo\x00\x1b three\u202e\ud800 ") == "one two three"


def test_the_ink_starts_at_the_first_column_and_ends_at_the_last():
    mask = ink("Jij")
    assert mask[:, 0].any()
    assert mask[:, -1].any()
    assert measure("Jij", size_px=40) == mask.shape[1]


def test_letters_stand_on_the_baseline():
    rows = np.flatnonzero(ink("HEN", size_px=60).max(axis=1) > 128)
    assert rows[-1] + 1 == pytest.approx(baseline_px(60), abs=1)
    assert len(rows) == pytest.approx(typeset.cap_height_px(60), abs=2)


def test_the_colour_is_the_ink_and_alpha_is_straight():
    image = line_image("Ab", size_px=40, colour=(200, 30, 7))
    assert (image[..., :3] == (200, 30, 7)).all()
    assert image[..., 3].max() == 255


def test_a_line_image_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        line_image("shared", size_px=20)[0, 0, 0] = 1


def test_semibold_has_more_ink_than_regular():
    assert ink("Undertow", weight="semibold").sum() > 1.1 * ink("Undertow").sum()


def test_tracking_opens_and_tightens():
    widths = [measure("Undertow", size_px=60, tracking_em=em) for em in (-0.03, 0.0, 0.1)]
    assert widths == sorted(widths)
    assert widths[2] - widths[1] == pytest.approx(7 * 6, abs=2)


def test_too_long_a_line_ends_in_an_ellipsis_within_its_width():
    text = "A Collective From the Far Side of the Mountains"
    short = shorten(text, size_px=30, max_width_px=300)
    assert short.endswith("…")
    assert text.startswith(short[:-1])
    assert measure(short, size_px=30) <= 300
    assert shorten("fits", size_px=30, max_width_px=300) == "fits"
    assert shorten("fits", size_px=30, max_width_px=1) == ""


@given(st.text(st.characters(categories=("L", "Nd", "Zs", "Pd")), max_size=120), st.integers(80, 600))
@settings(max_examples=60, deadline=None)
def test_wrapped_lines_hold_every_letter_in_order(text, width):
    lines = wrap(text, size_px=24, max_width_px=width)
    assert "".join("".join(lines).split()) == "".join(runs.clean(text).split())
    assert all(typeset.pen_width_px(line, size_px=24) <= width or len(line) == 1 for line in lines)


def test_wrapping_breaks_between_words_and_only_then_inside():
    assert wrap("night ferry", size_px=30, max_width_px=110) == ("night", "ferry")
    assert len(wrap("n" * 40, size_px=30, max_width_px=110)) > 5
    assert wrap("one two three four five six", size_px=30, max_width_px=110, max_lines=2)[1].endswith("…")


needs_hebrew = pytest.mark.skipif(glyphs.font_for("ש", "regular") is None, reason="no font here has Hebrew letters")


@needs_hebrew
def test_hebrew_runs_right_to_left_and_latin_inside_it_does_not():
    visual = [(run.text.strip(), run.rtl) for run in runs.visual_runs("Aha שלום end")]
    assert visual == [("Aha", False), ("שלום", True), ("end", False)]
    mixed = [run.text for run in runs.visual_runs("שלום (Live) 1999")]
    assert "".join(mixed).index("1999") < "".join(mixed).index("שלום")
    assert any("Live" in text for text in mixed)


@needs_hebrew
def test_brackets_around_latin_in_hebrew_stay_a_pair():
    visual = [(run.text, run.rtl) for run in runs.visual_runs("שלום 1999 (Live) abc")]
    assert [text.strip() for text, rtl in visual if not rtl] == ["abc", "Live", "1999"]


def test_without_shaping_hebrew_is_turned_around_letter_by_letter():
    assert typeset._flipped("(שלום)") == "(םולש)"
    assert typeset._flipped("שָׁם") == "םשָׁ"


@needs_shaping
def test_numbers_can_share_one_width():
    assert measure("1111111", size_px=60, tabular=True) == pytest.approx(measure("8888888", size_px=60, tabular=True), abs=25)
    assert measure("1111111", size_px=60) < 0.8 * measure("8888888", size_px=60)


def test_a_letter_that_no_font_has_becomes_a_visible_mark(system_fonts_in):
    assert glyphs.font_for("語", "regular") is None
    assert ink("語").any()
    assert measure("語語", size_px=40) > 1.5 * measure("語", size_px=40)


def test_a_letter_that_the_house_lacks_comes_from_a_system_font(system_fonts_in, monkeypatch):
    other = system_fonts_in / "Other.ttf"
    shutil.copy(glyphs.FONT_FOLDER / "SpaceGrotesk-Bold.ttf", other)
    (system_fonts_in / "Broken.ttf").write_bytes(b"\x00\x01\x00\x00 not a font")
    real = glyphs.coverage
    monkeypatch.setattr(glyphs, "coverage", lambda font: glyphs.Coverage((), ()) if font == HOUSE else real(font))
    assert glyphs.font_for("A", "regular") == other


@pytest.mark.parametrize(("letter", "there"), [("A", True), ("ß", True), ("Ω", True), ("Ж", True), ("語", False), ("א", False)])
def test_the_table_of_letters_is_read_right(letter, there):
    assert (letter in glyphs.coverage(HOUSE)) is there


def test_every_letter_the_table_promises_can_be_drawn():
    table = glyphs.coverage(HOUSE)
    blank = ink("\u00a0A")
    for first in table.first[:40]:
        if chr(first).isalpha():
            assert ink(chr(first)).any()
    assert blank.any()


@pytest.mark.parametrize("content", [b"", b"ttcf", b"\x00\x01\x00\x00\xff\xff", b"OTTO" + b"\xff" * 4000])
def test_a_broken_font_has_no_letters(tmp_path: Path, content):
    font = tmp_path / f"{len(content)}.ttf"
    font.write_bytes(content)
    assert "A" not in glyphs.coverage(font)


def test_plain_sans_fonts_are_liked_best(system_fonts_in):
    for name in ("ZFancy.ttf", "DejaVuSerif.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSans.ttf", "NotoSansHebrew-Regular.ttf"):
        (system_fonts_in / name).write_bytes(b"")
    order = [path.name for path in glyphs.system_fonts("regular")]
    assert order[:2] == ["NotoSansHebrew-Regular.ttf", "DejaVuSans.ttf"]
    assert order.index("DejaVuSans-Oblique.ttf") > order.index("DejaVuSans.ttf")


def test_letters_that_no_font_has_are_named_once_and_what_is_not_drawn_is_not(monkeypatch):
    monkeypatch.setattr(glyphs, "system_fonts", lambda weight="regular": ())
    glyphs.font_for.cache_clear()
    try:
        assert glyphs.without_font(["Night 夜の", "夜 Ferry\u202e\n", "Ñ"]) == "夜の"
    finally:
        glyphs.font_for.cache_clear()

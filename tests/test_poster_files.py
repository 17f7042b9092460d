"""A PDF or SVG of a poster must be whole by itself, its words must be words, and it must be the same file every time."""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import io
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from mixtape.errors import ConfigError
from mixtape.lettering.glyphs import font_for
from mixtape.lettering.typeset import line_image, placed_runs
from mixtape.poster.draw import save_poster
from mixtape.poster.layout import LAYOUTS, layout

spec = importlib.util.spec_from_file_location("regenerate_posters", Path(__file__).parent / "golden" / "regenerate_posters.py")
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

SIZE_PX = (620, 877)
SVG = "{http://www.w3.org/2000/svg}"
JAPANESE, ARABIC, HEBREW = "夜の渡し舟", "سفينة الليل", "שלום עולם (Live 1999)"
LONG = "The Night Ferry and the Very Long Way Home across a Sea without Clocks, Lanterns or Windows, " * 3
HOSTILE = "</text><script>alert(1)</script> & \"quoted\" 'too' \x00\ufffe"


def of_all_scripts():
    sheet = golden.sheet(9, heard=True)
    titles = ("Night Ferry", JAPANESE, ARABIC, LONG[:240], HEBREW, "Ночной паром", HOSTILE, "", "Ήσυχη θάλασσα")
    tracks = tuple(dataclasses.replace(track, title=title) for track, title in zip(sheet.tracks, titles, strict=True))
    return dataclasses.replace(sheet, tracks=tracks)


def written(path, sheet, layout_name="map"):
    save_poster(path, sheet, size_px=SIZE_PX, layout_name=layout_name)
    return path.read_bytes()


def streams(pdf):
    """What lies in the compressed parts of a PDF."""
    for found in re.finditer(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(found[1])
        except zlib.error:
            yield found[1]


def spoken(svg):
    """The words of each line of an SVG."""
    return ["".join(span.text or "" for span in text) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_the_same_sheet_gives_the_same_file(name, suffix, tmp_path):
    first, second = (written(tmp_path / f"{i}{suffix}", golden.sheet(6, heard=True), name) for i in (1, 2))
    assert first == second


def test_a_file_name_that_says_no_format_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(ConfigError, match=r"poster\.tiff.*\.png, \.pdf, \.svg"):
        written(tmp_path / "poster.tiff", golden.sheet(2))


def test_a_pdf_has_one_page_of_the_size_that_was_asked_for(tmp_path):
    pdf = written(tmp_path / "poster.pdf", golden.sheet(4))
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [float(side) for side in box.groups()] == pytest.approx([620 * 72 / 300, 877 * 72 / 300], abs=0.01)
    assert pdf.count(b"/Type /Page\n") == 1
    assert pdf.startswith(b"%PDF-1.")


def test_a_pdf_brings_its_fonts_and_knows_which_letters_they_draw(tmp_path):
    pdf = written(tmp_path / "poster.pdf", of_all_scripts(), "tracklist")
    maps = b"".join(part for part in streams(pdf) if b"beginbfchar" in part or b"beginbfrange" in part).upper()
    for letter in "NН":
        assert f"<{ord(letter):04X}>".encode() in maps
    assert b"/FontFile2" in pdf
    assert b"/BaseFont /Helvetica" not in pdf


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext here to read a PDF with")
def test_another_program_reads_the_words_of_a_pdf(tmp_path):
    written(tmp_path / "poster.pdf", of_all_scripts(), "tracklist")
    command = ["pdftotext", "-layout", str(tmp_path / "poster.pdf"), "-"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    for words in ("Night Ferry", "Ночной паром", "Ήσυχη θάλασσα", "<script>alert(1)"):
        assert words in said
    for words in (JAPANESE, ARABIC):
        if all(font_for(letter, "semibold") for letter in words):
            assert words in re.sub("[\u202a-\u202e\u200e\u200f]", "", said)


def test_an_svg_says_every_word_of_the_poster(tmp_path):
    sheet = of_all_scripts()
    lines = spoken(written(tmp_path / "poster.svg", sheet, "tracklist"))
    plan = layout(sheet, SIZE_PX, name="tracklist")
    assert len(lines) == len(plan.texts)
    for line, text in zip(lines, plan.texts, strict=True):
        if all(font_for(letter, text.weight) for letter in text.text):
            assert line == text.text
    assert "Ночной паром" in lines


def test_an_svg_needs_nothing_from_outside_and_runs_nothing(tmp_path):
    svg = written(tmp_path / "poster.svg", of_all_scripts(), "sleeve").decode()
    tree = ElementTree.fromstring(svg)
    assert not list(tree.iter(f"{SVG}script"))
    for element in tree.iter():
        assert all(value.startswith("data:") for name, value in element.attrib.items() if name.endswith("href"))
    assert all(source.startswith("data:font/woff;base64,") for source in re.findall(r"url\(([^)]*)\)", svg))
    assert svg.count("http") == 1


def test_the_fonts_in_an_svg_have_the_letters_that_are_set_in_them(tmp_path):
    svg = written(tmp_path / "poster.svg", of_all_scripts(), "tracklist").decode()
    faces = re.findall(r"font-family:(\w+);font-weight:\d+;src:url\(data:font/woff;base64,([^)]*)\)", svg)
    letters = {name: set(TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap()) for name, font in faces}
    spans = list(ElementTree.fromstring(svg).iter(f"{SVG}tspan"))
    assert spans
    for span in spans:
        assert {ord(letter) for letter in span.text} <= letters[span.attrib["font-family"].split(",")[0]]


def test_the_pictures_in_an_svg_are_those_of_the_png(tmp_path):
    sheet = golden.sheet(5)
    svg = ElementTree.fromstring(written(tmp_path / "poster.svg", sheet))
    written(tmp_path / "poster.png", sheet)
    with Image.open(tmp_path / "poster.png") as picture:
        png = np.asarray(picture.convert("RGB")).astype(int)
    box = layout(sheet, SIZE_PX).cover
    image = next(i for i in svg.iter(f"{SVG}image") if i.attrib["x"] == str(box.x) and i.attrib["y"] == str(box.y))
    with Image.open(io.BytesIO(base64.b64decode(image.attrib["href"].partition(",")[2]))) as picture:
        drawn = np.asarray(picture.convert("RGB")).astype(int)
    assert drawn.shape == (box.h, box.w, 3)
    assert np.abs(drawn - png[box.y : box.bottom, box.x : box.right]).mean() < 4


@pytest.mark.parametrize("text", ["Night Ferry", "AVATAR", HEBREW, ARABIC, "12:45", "Ночной", "j f", ""])
@pytest.mark.parametrize("size_px", [14.0, 37.5, 120.0])
def test_runs_end_where_the_ink_of_the_line_ends(text, size_px):
    runs = placed_runs(text, size_px=size_px, weight="semibold", tracking_em=-0.02)
    assert "".join(run.text for run in runs) == text
    if runs:
        wide = line_image(text, size_px=size_px, weight="semibold", tracking_em=-0.02).shape[1]
        assert min(run.x_px for run in runs) == pytest.approx(0, abs=0.2 * size_px)
        assert max(run.x_px + run.advance_px for run in runs) == pytest.approx(wide, abs=0.2 * size_px)

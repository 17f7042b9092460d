"""The files of a report: figures.csv, report.html and report.png."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixtape.covergan.report.html import html_of
from mixtape.covergan.report.measured import COUNT, measure, write_figures
from mixtape.covergan.report.page import page_of
from mixtape.covergan.report.sheet import sheet_of
from mixtape.covergan.report.subject import Subject
from mixtape.progress import Progress, silent
from mixtape.storage import write_atomic


@dataclass(frozen=True, slots=True)
class Report:
    """Where the page lies, as HTML and as a picture, with its table of figures; and its sentences."""

    html: Path
    picture: Path
    figures: Path
    sentences: tuple[str, ...]


def write_report(
    subject: Subject, out: Path, *, remarks: Sequence[str] = (), count: int = COUNT, progress: Progress = silent
) -> Report:
    """Measure what is not yet known and write the three files into `out`: the same network and covers, the same bytes.

    `remarks` are what training had to say; they are kept beside it, and stand on every later page too. ModelError
    for a network that cannot be used; LibraryError when the disk refuses.
    """
    findings = measure(subject, count=count, progress=progress)
    page = page_of(subject, findings, remarks_on(subject, remarks))
    made = Report(out / "report.html", out / "report.png", out / "figures.csv", page.sentences)
    write_figures(made.figures, findings)
    write_atomic(made.picture, sheet_of(page))
    write_atomic(made.html, html_of(page))
    return made


def remarks_on(subject: Subject, new: Sequence[str] = ()) -> tuple[str, ...]:
    """What training has had to say of this network since it began, with what is `new`: kept beside it in remarks.txt."""
    path = subject.folder / "remarks.txt"
    if not subject.own:
        return ()
    before = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    told = tuple(dict.fromkeys([*before, *new]))
    if list(told) != before:
        write_atomic(path, "".join(f"{line}\n" for line in told).encode())
    return told

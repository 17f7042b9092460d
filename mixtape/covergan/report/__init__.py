"""What the cover network has become, measured moment by moment, and a page that says so: report.html, report.png, figures.csv.

subject says what is judged and by which covers, measured judges its moments and keeps the figures, verdict puts them into words,
curves, chart and pictures draw them, page puts everything in order, html and sheet are its two forms.
"""

from mixtape.covergan.report.subject import Subject, subject_of
from mixtape.covergan.report.written import Report, write_report

__all__ = ["Report", "Subject", "subject_of", "write_report"]

"""How good the pictures are, offline: realism, variety, copying, and whether they fit the music.

All figures are plain functions of pictures (n, s, s, 3) uint8, conditions (n, 32) and group numbers (n,); those that need
pictures drawn take a `Painter`. `judged.judge` asks for all of them at once.
"""

from mixtape.covergan.metrics.groups import folds_of
from mixtape.covergan.metrics.judged import Judgement, judge, library_link
from mixtape.covergan.metrics.linked import Conditioning, Link, conditioning, link, said
from mixtape.covergan.metrics.matcher import Matcher, fit_matcher
from mixtape.covergan.metrics.varied import Diversity, Painter, diversity

__all__ = [
    "Conditioning", "Diversity", "Judgement", "Link", "Matcher", "Painter",
    "conditioning", "diversity", "fit_matcher", "folds_of", "judge", "library_link", "link", "said",
]  # fmt: skip

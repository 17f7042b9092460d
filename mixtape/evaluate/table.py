"""The table as text: how a measure is named and written, for the terminal and the picture."""

from __future__ import annotations

from dataclasses import dataclass

from mixtape.evaluate.evaluation import Evaluation
from mixtape.evaluate.measures import Measure
from mixtape.evaluate.spaces import FUSED, RAW


@dataclass(frozen=True, slots=True)
class Column:
    """A measure as a column: its heading, whether it is a share shown in percent, its decimals else, whether less is better."""

    name: str
    heading: str
    percent: bool = True
    decimals: int = 0
    less: bool = False

    def text(self, number: float | None) -> str:
        """A number of this column; a dash where nobody could be asked."""
        if number is None:
            return "–"
        return f"{100 * number:.0f}" if self.percent else f"{number:.{self.decimals}f}"


SHOWN = (
    Column("self_match", "halves meet"),
    Column("p5_album", "album"),
    Column("p5_artist", "artist"),
    Column("p5_genre", "genre"),
    Column("p5_artist_filtered", "other artists"),
    Column("hub_skew", "hub skew", percent=False, decimals=2, less=True),
    Column("largest_hub", "largest hub", percent=False, less=True),
    Column("never_recommended", "never chosen", less=True),
    Column("step_rank", "step rank", less=True),
)
"""The columns shown. Steps by rank, since their length can only be compared within one space."""

GROUPS = {
    "self_match": "of a song",
    "p5_album": "of five, the same",
    "hub_skew": "who is recommended",
    "step_rank": "in a mixtape",
}
"""What the columns from this one on have in common."""

HEAD = ("Space", *(column.heading + (" %" if column.percent else "") for column in SHOWN))


def row_name(name: str) -> str:
    """A space as a person calls it."""
    return {RAW: "RP SSD RH joined", FUSED: "fused"}.get(name, name.replace("_", " "))


def table_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """A row for each space, value and standard error, and one for blind chance."""
    rows = [(row_name(name), *(_cell(column, row[column.name]) for column in SHOWN)) for name, row in evaluation.rows.items()]
    chance = evaluation.rows[FUSED]
    return [*rows, ("by chance", *(column.text(chance[column.name].chance) for column in SHOWN))]


def _cell(column: Column, measure: Measure) -> str:
    if measure.value is None or measure.se is None:
        return column.text(measure.value)
    error = f"{100 * measure.se:.1f}" if column.percent else f"{measure.se:.{column.decimals}f}"
    return f"{column.text(measure.value)} ±{error}"

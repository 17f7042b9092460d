"""What phones are told, as plain values for JSON: ids, titles and numbers, and nothing that the file system knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from installation.composing import manner_words
from installation.control.arbiter import MOODS, Standing, title_of
from installation.control.knobs import LiveKnob, registry
from installation.control.turns import needed, place_words
from installation.state import COMING, FrameState
from installation.world import World
from mixtape.playlists.registry import RECIPES, sentence_of
from mixtape.types import Track

DOTS = 3000
"""So many songs a phone's map has at most; of more, every so many."""

SOON = 20
"""So many wishes that wait each phone is told, besides its own."""

_UNIT = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """How things stand: the state, the guests' standing, and what whoever runs the show reads on F1."""

    state: FrameState
    standing: Standing
    rows: Sequence[tuple[str, str]] = ()


def song(track: Track) -> dict[str, str]:
    """A song in words."""
    return {"id": track.id, "title": title_of(track), "artist": track.artist, "album": track.album}


def evening(state: FrameState, standing: Standing, world: World, *, present: Set[str]) -> dict[str, Any]:
    """How things stand, for every phone alike; `mine` and `voted` are added for each by `for_phone`."""
    # What has just begun waits no more, though the arbiter hears of it with the next frame.
    turns = standing.turns.played(state.track_id)
    queue = [
        song(world.track(wish.song)) | {"when": place_words(place), "by": wish.phone} for place, wish in enumerate(turns.waiting)
    ]
    moods = {knob: standing.moods[knob].wish if knob in standing.moods else 0.0 for knob in MOODS}
    wished = set(turns.songs)
    after = dict.fromkeys((*state.next_ids, *state.tape.songs[:COMING]))
    coming = [song(world.track(each)) for each in after if each not in wished][:COMING]
    return {
        "now": song(world.track(state.track_id)),
        "colours": ["#{:02x}{:02x}{:02x}".format(*row) for row in state.palette.srgb[:3].astype(int).tolist()],
        "long_s": round(float(world.track(state.track_id).duration_s), 1),
        "paused": state.paused,
        "map": state.map,
        "queue": queue,
        "coming": coming,
        "tape": tape(state),
        "votes": len(standing.voters),
        "needed": needed(standing.voters, present),
        "moods": moods,
        "phones": len(present),
        "voters": sorted(standing.voters),
    }


def for_phone(told: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What one phone is told of it: the first `SOON` wishes and its own, which are its own, and not whose the others are."""
    queue = [
        {key: value for key, value in each.items() if key != "by"} | {"mine": each["by"] == source}
        for place, each in enumerate(told["queue"])
        if place < SOON or each["by"] == source
    ]
    rest = {key: value for key, value in told.items() if key != "voters"}
    return rest | {"queue": queue, "later": len(told["queue"]) - len(queue), "voted": source in told["voters"]}


def tape(state: FrameState) -> dict[str, str] | None:
    """The mixtape whose songs come, its name and what it is; None where the show goes from song to song."""
    recipe = state.tape.manner.partition(":")[0]
    if not state.tape.songs or recipe not in RECIPES:
        return None
    return {"name": recipe.replace("_", " "), "words": sentence_of(RECIPES[recipe])}


def dots(world: World, name: str) -> dict[str, Any]:
    """A map of the family: what it is by, ids, and x and y of each in thousandths, y up. LibraryError when it cannot be read."""
    every = max(1, -(-len(world.tracks) // DOTS))
    shown = world.maps.sibling(name)
    xy = np.rint(np.asarray(shown.song_map.xy[::every], float) * _UNIT).astype(int)
    ids = list(shown.song_map.ids[::every])
    return {"map": name, "by": shown.words, "ids": ids, "xy": xy.ravel().tolist(), "of": len(world.tracks)}


def alike(track_id: str, world: World, *, count: int = 8) -> list[dict[str, str]]:
    """The songs nearest to one, the nearest first."""
    return [song(world.tracks[int(row)]) for row in world.neighbours.index[world.row[track_id]][:count]]


_SECTIONS = (
    ("What plays", ("seed", "line", "lasso", "next", "previous", "pause", "seek", "skip", "record")),
    ("Choosing what comes", ("recipe", "variation", "similar_")),
    ("Sound", ("volume", "crossfade_", "sound_")),
    ("Scene and map", ("scene", "transition_", "map", "look_")),
    ("Look", ("energy", "grain", "bloom", "grading", "palette", "trails", "title_", "reduced_motion", "quality")),
    ("Wall", ("wall_",)),
    ("Displays", ("overlap", "projector_", "test_picture", "output_")),
    ("Guests", ("remote_",)),
)
_MORE = "More"


def section_of(name: str) -> str:
    """Under which heading a knob stands on the operator's page: that of what its name begins with, or of its own scene."""
    if name.startswith("scene/"):
        return f"Scene {name.split('/')[1]}"
    return next((heading for heading, starts in _SECTIONS if name.startswith(starts)), _MORE)


def knob(each: LiveKnob) -> dict[str, Any]:
    """A knob or a trigger for the operator's page."""
    return {
        "name": each.name,
        "section": section_of(each.name),
        "kind": each.kind,
        "low": each.low,
        "high": each.high,
        "choices": each.choices,
        "others": each.others,
        "unit": each.unit,
        "sentence": each.sentence,
    }


def knobs(own: Sequence[LiveKnob] = ()) -> list[dict[str, Any]]:
    """All of them, section by section, in each in the order of config.toml; those of own scenes after those of the registry."""
    headings = [heading for heading, _ in _SECTIONS]
    told = [knob(each) for each in {each.name: each for each in (*registry(), *own)}.values()]
    return sorted(told, key=lambda each: headings.index(each["section"]) if each["section"] in headings else len(headings))


def for_operator(
    told: Mapping[str, Any], state: FrameState, own: Sequence[LiveKnob], rows: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """What whoever runs the show is told besides: all knobs, where each was turned to, what chooses what comes, and `rows`."""
    manner = manner_words(state.wished)
    return {
        **told,
        "knobs": knobs(own),
        "values": state.standing,
        "rows": rows,
        "waiting": len(state.tape.songs),
        "manner": manner,
    }

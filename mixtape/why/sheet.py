"""Traits written out for a person: with their units, and with a doubt where the ear had one."""

from __future__ import annotations

from collections.abc import Mapping

from mixtape.why.traits import SURE_KEY, SURE_TEMPO, key_name

_PLAIN = {
    "loudness_lufs": ("loudness", "{:.1f} LUFS"),
    "dynamics_db": ("dynamics", "{:.1f} dB"),
    "energy": ("energy", "{:.2f}"),
    "brightness": ("brightness", "{:.2f}"),
    "bass": ("bass", "{:.2f}"),
    "pulse": ("pulse", "{:.2f}"),
    "events_per_s": ("events", "{:.1f} a second"),
    "harmonic_change": ("harmonic change", "{:.2f}"),
    "tonality": ("tonality", "{:.2f}"),
}

Traits = Mapping[str, float | None]


def trait_rows(traits: Mapping[str, Mapping[str, float | None]]) -> list[tuple[str, str, str]]:
    """Rows of a table from `{trait: {"a": value, "b": value}}`: what, the first song's, the second's."""
    both = [{name: values[song] for name, values in traits.items()} for song in ("a", "b")]
    rows = [("tempo", *map(tempo_words, both)), ("key", *map(key_words, both))]
    for name, (words, form) in _PLAIN.items():
        if name in traits:
            rows.append((words, *("-" if (value := song[name]) is None else form.format(value) for song in both)))
    return [(row[0], row[1], row[2]) for row in rows]


def tempo_words(traits: Traits) -> str:
    """`94 BPM`, `perhaps 94 BPM`, or a dash."""
    bpm, sure = traits.get("tempo_bpm"), traits.get("tempo_confidence") or 0.0
    if bpm is None or sure <= 0.0:
        return "-"
    return f"{'' if sure >= SURE_TEMPO else 'perhaps '}{bpm:.0f} BPM"


def key_words(traits: Traits) -> str:
    """`A minor`, `perhaps A minor`, or a dash."""
    note, mode, sure = traits.get("key"), traits.get("mode"), traits.get("key_confidence") or 0.0
    if note is None or mode is None or sure <= 0.0:
        return "-"
    return f"{'' if sure >= SURE_KEY else 'perhaps '}{key_name(note, mode)}"

"""What a person editing config.toml relies on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtape import config
from mixtape.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent


def test_the_config_file_shipped_is_the_one_the_program_would_write() -> None:
    assert (ROOT / "config.toml").read_text(encoding="utf-8") == config.as_toml(), "run: python -m mixtape.config > config.toml"


def test_the_shipped_file_holds_the_defaults() -> None:
    assert config.load(ROOT / "config.toml") == config.Config()


def test_all_faults_are_told_at_once_each_with_value_limit_and_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    faulty = '[show]\nwall_rws = 7\nfps = 1000\nvolume = "loud"\n[train]\ndevice = "moon"\n[bild]\njobs = 1\n'
    file.write_text(faulty, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    message = str(caught.value)
    for part in (
        "did you mean wall_rows",
        "fps = 1000",
        "10 to 240",
        "'moon'",
        "auto, cpu, cuda",
        "a number is needed",
        "mean build",
    ):
        assert part in message


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "true", '"1"'])
def test_numbers_that_are_none_are_refused(tmp_path: Path, value: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[show]\nvolume = {value}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="volume"):
        config.load(file)


def test_a_missing_or_unreadable_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such config file"):
        config.load(tmp_path / "other.toml")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"[show\n\xff")
    with pytest.raises(ConfigError, match="TOML"):
        config.load(broken)


def test_every_knob_has_a_sentence_and_a_default_it_accepts() -> None:
    names = [knob.name for knob in config.knobs()]
    assert len(names) == len(set(names)) > 25
    for knob in config.knobs():
        assert knob.sentence.endswith(".") and knob.fault(knob.default) is None


@given(
    st.dictionaries(
        st.text(max_size=8), st.dictionaries(st.text(max_size=8), st.integers() | st.floats() | st.text() | st.booleans())
    )
)
def test_whatever_a_file_holds_it_is_a_config_or_one_clear_error(table: dict[str, dict[str, object]]) -> None:
    try:
        loaded = config.from_table(table)
    except ConfigError as error:
        assert str(error)
    else:
        assert isinstance(loaded, config.Config)

"""The few things that can go wrong on purpose. Each message says the value, the limit and what to do."""


class MixtapeError(Exception):
    """Anything a person can mend. Printed once, in one line, with `exit_code`; `--debug` adds the traceback."""

    exit_code = 1


class ShapeError(MixtapeError):
    """Arrays that do not belong together met at a border between rooms."""


class ConfigError(MixtapeError):
    """config.toml or an option holds something that cannot be used. Lists all faults at once."""


class AudioError(MixtapeError):
    """A file that cannot be heard: broken, empty, too short, or not music."""


class LibraryError(MixtapeError):
    """The library lacks something, was made by another version, or does not fit together."""


class ModelError(MixtapeError):
    """A trained model is missing, broken, or does not fit what it is asked."""


class ShowError(MixtapeError):
    """The show cannot start or go on: no display, no GL, a port in use."""


class UnjudgedError(MixtapeError):
    """A video cannot be judged: not there, not a video, or broken. 1 already says that one failed, so this is 2."""

    exit_code = 2

"""The poster: a mixtape on one sheet, to hang."""

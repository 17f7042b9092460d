"""Letters of every script, set like a poster, for the sheet and the show alike."""

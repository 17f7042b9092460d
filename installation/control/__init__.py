"""Everything that steers the show."""

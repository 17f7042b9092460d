"""A made-up collection: music and covers drawn by numbers."""

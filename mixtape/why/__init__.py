"""Why two songs are neighbours, in words that hold: from what a person would say of them, and from the feature sets."""

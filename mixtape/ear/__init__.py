"""Ears of the collection's own: what makes its songs differ, learned from them alone, without labels."""

"""How good the recommendations are, measured on the collection at hand: one row per feature set, and what the numbers mean."""

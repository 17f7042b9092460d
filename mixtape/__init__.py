"""The offline half: listens, maps, chooses and trains; knows no window, no sound card, no network."""

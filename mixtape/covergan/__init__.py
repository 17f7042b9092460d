"""Pictures that a network dreams from the covers, asked for by the music."""

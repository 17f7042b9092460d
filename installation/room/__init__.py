"""The show follows what plays in the room: sound comes in, is followed, recognised or placed, and told to the state as events."""

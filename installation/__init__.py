"""The live half: window, sound, controllers, recording."""

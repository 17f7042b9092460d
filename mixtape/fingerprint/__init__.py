"""Knowing a recording again, through an encoder or in a noisy room, and the place in it."""

"""From a folder of files to tracks, covers and copies."""

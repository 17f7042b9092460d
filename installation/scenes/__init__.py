"""One file per scene."""

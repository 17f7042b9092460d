"""Mixtapes: one file per recipe."""

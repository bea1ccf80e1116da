"""Loaded images and names for addresses."""

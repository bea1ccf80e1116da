"""Address spaces: where bytes come from."""

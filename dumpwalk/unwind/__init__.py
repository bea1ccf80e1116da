"""Call stacks: every frame says how far it can be trusted."""

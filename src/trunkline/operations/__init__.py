"""What an operator sees of the running system and does to it; every method is scoped to an account."""

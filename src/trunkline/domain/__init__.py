"""Our nouns, their rules, and the ports that the outside fills."""

"""The demonstration: a server, a carrier, a provider and a telephone on this machine, talking to one another."""

"""The Session Initiation Protocol, pure: no sockets, no clock, no randomness of its own."""

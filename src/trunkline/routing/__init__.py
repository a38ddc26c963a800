"""Where a call may go, and whether it may. Works on values: no sockets, no clock, no randomness of its own."""

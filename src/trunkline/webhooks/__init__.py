"""Events told to other systems by HTTP: the outbox's reader, signatures, and the guard of where requests may go."""

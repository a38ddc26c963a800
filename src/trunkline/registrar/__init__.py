"""REGISTER: challenge, authorise, add, refresh and remove bindings; the location service in memory."""

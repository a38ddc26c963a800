"""The composition root: builds the adapters and use cases, wires them, starts, drains and stops them."""

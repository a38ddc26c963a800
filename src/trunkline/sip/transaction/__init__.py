"""The four transaction machines of RFC 3261 §17, as amended by RFC 6026."""

"""Measures Trunkline beside Kamailio, Sippy B2BUA and the bare-socket floor, in CPU time per unit of work."""

"""The XML API that the clients of the Bandwidth Dashboard speak."""

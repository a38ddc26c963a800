"""Our own API: JSON over the same use cases as every other surface, described by OpenAPI, below ``/native/v1``."""

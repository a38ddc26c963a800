"""Media engines: adapters that fill the port ``trunkline.domain.media.MediaEngine``."""

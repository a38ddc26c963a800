"""HTTP APIs: each translates its wire form to the use cases of provisioning and operations."""

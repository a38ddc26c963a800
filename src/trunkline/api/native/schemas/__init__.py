"""What goes over the wire as JSON, one module for each noun, each with its mapping from and to the domain."""

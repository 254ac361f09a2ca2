"""Registry files: reading and writing them."""

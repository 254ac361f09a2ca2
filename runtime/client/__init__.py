"""What a front end or another program sees: one API, plain data, no event loop of its own."""

"""Opening registry files: what a file is, and the process that reads it for the window."""

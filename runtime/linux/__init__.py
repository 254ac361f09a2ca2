"""One file a kernel facility; no policy."""

"""The I/O Registry tree (single writer), its mapping from Linux, and the journal."""

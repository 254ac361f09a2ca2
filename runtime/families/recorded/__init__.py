"""USB devices replayed from recordings: read from files, played back to drivers."""

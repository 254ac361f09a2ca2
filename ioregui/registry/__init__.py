"""The registry tree: flat model, cell delegate, view."""

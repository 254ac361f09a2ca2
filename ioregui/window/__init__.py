"""Main window, actions, layout, theme."""

"""The property inspector of the selected entry."""

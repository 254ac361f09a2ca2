"""What a broker process does: holds one device, and lets driver processes at it."""

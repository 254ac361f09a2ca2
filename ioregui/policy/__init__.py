"""What configuration profiles decide, and who decided what."""

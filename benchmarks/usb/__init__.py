"""Bulk transfers through a driver process against pyusb, in a VM: `scripts/bench --kernel`."""

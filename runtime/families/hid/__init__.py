"""HID devices of the machine."""

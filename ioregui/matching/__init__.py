"""The Matching tab: who could drive a device, and why not."""

"""The fault campaign: drivers that break in every way, and what becomes of them."""

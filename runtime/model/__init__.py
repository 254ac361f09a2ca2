"""Values that the whole house shares. Standard library and msgspec only; no I/O, no clock."""

"""ioreg, systemextensionsctl and dext."""

"""The zygote and the driver process around the SDK."""

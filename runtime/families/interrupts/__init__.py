"""Platform devices as providers: what they have is interrupts."""

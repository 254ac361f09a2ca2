"""The SDK that driver authors import."""

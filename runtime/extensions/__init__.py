"""What may run: bundles, entitlements, requests, policy, store."""

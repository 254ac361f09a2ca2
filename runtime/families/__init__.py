"""Devices as providers: discovery and the provider side of each bus."""

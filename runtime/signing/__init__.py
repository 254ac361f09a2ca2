"""Who made a bundle: seals over its files, X.509 identities, trust, tickets of a notary."""

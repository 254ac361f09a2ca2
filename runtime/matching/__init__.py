"""Pure: entry and personalities in, ranked candidates and a trace of why out."""

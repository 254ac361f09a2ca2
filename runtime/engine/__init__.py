"""Composition root of the runtime process: the only place where its packages meet."""

"""A live driver in pdb: its threads, the frames and variables of one, and a console."""

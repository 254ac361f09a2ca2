"""`python -m runtime`: the runtime alone.

Invariant: holds no code of its own.
"""

import sys

from runtime.engine.main import main

if __name__ == "__main__":
    sys.exit(main())

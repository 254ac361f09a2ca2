"""`python -m runtime`: the runtime alone."""

import sys

from runtime.engine.main import main

if __name__ == "__main__":
    sys.exit(main())

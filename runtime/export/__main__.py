"""`python -m runtime.export`: writes registries and comparisons for the window.

Invariant: holds no code of its own.
"""

import sys

from runtime.export.main import main

if __name__ == "__main__":
    sys.exit(main())

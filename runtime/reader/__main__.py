"""`python -m runtime.reader`: reads one registry file and serves it.

Invariant: holds no code of its own.
"""

import sys

from runtime.reader.main import main

if __name__ == "__main__":
    sys.exit(main())

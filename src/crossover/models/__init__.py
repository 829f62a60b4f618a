"""Model backends: one method that answers requests."""

import logging

# imported by PEFT where it is installed, it looks on some processors for a quicker kernel, and says that it found none
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)

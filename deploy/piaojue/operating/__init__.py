"""The operator's commands: what needs a person at two in the morning, and what to do about it.

They work on a region's stores and broker as its configuration names them, whether services run or not.
"""

import os
import warnings

# They wait as ordinary programs do, and import eventlet only since the chassis does: see piaojue.green.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

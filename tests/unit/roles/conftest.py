"""Makes the programs and filters of roles importable."""

from __future__ import annotations

import sys
from pathlib import Path

ROLES = Path(__file__).resolve().parents[3] / "roles"
PROBER = ROLES / "prober"
sys.path[:0] = [str(PROBER / "files"), str(PROBER / "filter_plugins")]

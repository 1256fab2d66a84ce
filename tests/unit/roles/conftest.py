"""Makes the prober's script and filter importable."""

from __future__ import annotations

import sys
from pathlib import Path

PROBER = Path(__file__).resolve().parents[3] / "roles" / "prober"
sys.path[:0] = [str(PROBER / "files"), str(PROBER / "filter_plugins")]

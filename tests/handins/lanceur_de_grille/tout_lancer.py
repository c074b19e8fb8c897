import os
import subprocess
import sys
from pathlib import Path

script = Path(__file__).resolve().parent / "un.py"
for etape in (0, 1, 3, 5):
    subprocess.run([sys.executable, str(script)], env=dict(os.environ, ETAPE=str(etape)), check=True)

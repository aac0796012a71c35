"""The room is light until it writes or reads."""

import subprocess
import sys


def test_opening_a_journal_imports_neither_numpy_nor_arrow():
    script = (
        "import sys, pathlib\n"
        "from lineal.metrics import MetricStore\n"
        "MetricStore(pathlib.Path('none')).journal('run').close()\n"
        "assert not {'numpy', 'pyarrow', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)

import subprocess
import sys

from tests.docs.markdown import ROOT
from tests.docs.terminal import plain_environment


def test_reference_is_what_the_code_says() -> None:
    # In a process of its own, because the errors that tests declare are not the product's.
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

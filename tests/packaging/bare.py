"""README.md's shell blocks on a bare Debian or Ubuntu: `python tests/packaging/bare.py [--suite S] [--user NAME]`.

The real thing, for releases and by hand, since it installs a system of its own: needs root, debootstrap and a mirror of packages
(Ubuntu: `--suite noble --mirror http://archive.ubuntu.com/ubuntu --components main,universe`). test_readme.py
runs the same blocks at every change, on the machine that it is on.

The blocks are pasted into one shell, the first one as root, the others as root too (as in a container) or, with --user, as that
user, whose root shell is `sudo -i`'s. Ends with the exit code of the first command that failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Run with processes and mounts of its own, so that none is left when it ends.
MOUNTED = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec "$@"'
CERTIFICATES = os.environ.get("PIP_CERT", "")


def blocks(text: str) -> list[str]:
    """The shell blocks of a Markdown text."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def pasted(parts: Iterable[str], start: int = 1) -> str:
    """One script of them, that says before each which it is, and when."""
    return "".join(f'echo "=== block {number} after $SECONDS s"\n{part}' for number, part in enumerate(parts, start))


def tracked() -> list[str]:
    """The files that git has of the project, or would take; in a source archive, all that are there."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    names = listed or [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
    hidden = (".venv", ".git/")
    return [name for name in names if not name.startswith(hidden) and (ROOT / name).is_file()]


def clone(folder: Path) -> None:
    """A copy of these files."""
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def script(user: str, home: str) -> str:
    """The whole session: as root, or first as root and then as a user with a shell of its own."""
    first, *rest = blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    if user == "root":
        return f"cd {home}/mvc\n{pasted([first, *rest])}"
    asked = f"cat >/tmp/rest.sh <<'END OF README'\ncd ~/mvc\n{pasted(rest, 2)}\nEND OF README\n"
    own = f"useradd --create-home {user}\nchown --recursive {user}: {home}\nexport SUDO_USER={user}\n"
    return f"{own}{pasted([first])}{asked}su {user} --preserve-environment -c 'HOME={home} bash -e' </tmp/rest.sh\n"


def prepare(root: Path, options: argparse.Namespace) -> None:
    """The system, with the clone, and this machine's way to the network."""
    how = ["--variant=minbase", f"--components={options.components}", options.suite, str(root), options.mirror]
    subprocess.run(["debootstrap", *how], check=True)
    home = "/root" if options.user == "root" else f"/home/{options.user}"
    clone(root / home[1:] / "mvc")
    (root / "tmp" / "readme.sh").write_text(script(options.user, home), encoding="utf-8")
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    if CERTIFICATES:
        shutil.copy(CERTIFICATES, root / "tmp" / "certificates.crt")


def environment() -> list[str]:
    """What a login gives, and how this machine reaches the package index."""
    network = [f"{name}={value}" for name, value in os.environ.items() if name.lower().endswith("_proxy")]
    if CERTIFICATES:
        network.append("PIP_CERT=/tmp/certificates.crt")
    return ["HOME=/root", "TERM=dumb", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *network]


def main() -> int:
    """The exit code of the blocks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--components", default="main")
    parser.add_argument("--user", default="root")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mvc-bare-") as folder:
        root = Path(folder, "root")
        prepare(root, options)
        inside = ["env", "--ignore-environment", *environment(), "chroot", str(root), "bash", "-e", "/tmp/readme.sh"]
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", MOUNTED, str(root), *inside]
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Make the virtual environment, unless one stands there that works here. make runs this before anything else.

python3 tools/environment.py FOLDER "make lab"

An environment works with one Python and in one place: a moved or copied one imports what lies in the old folder. So
FOLDER/.made says both, and an environment of which it says something else is made anew. Old Pythons read this file
too, to say that they are too old: hence no f-strings, and nothing but ASCII.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOO_OLD = "Python %s or newer is needed, and this is %s. Name another: %s PYTHON=python3.12"


def main(folder, command):
    stamp = os.path.join(folder, ".made")
    made = read(stamp).splitlines() if os.path.exists(stamp) else []
    if not os.path.exists(os.path.join(folder, "bin", "python")):
        made = made[:1]  # its Python is gone, so it works nowhere
    version = "%d.%d" % sys.version_info[:2]
    needed = re.search(r'requires-python = ">=(\d+)\.(\d+)"', read(os.path.join(ROOT, "pyproject.toml"))).groups()
    if sys.version_info < tuple(map(int, needed)):
        if made[1:] == [ROOT]:
            return  # made with PYTHON=python3.12, which need not be said every time
        sys.exit(TOO_OLD % (".".join(needed), version, command))
    wanted = ["Python %s in %s" % (version, sys.base_prefix), ROOT]
    if made == wanted:
        return
    there = os.path.exists(folder)
    inside = os.path.realpath(folder).startswith(ROOT + os.sep)
    if there and not made and not (inside and os.path.exists(os.path.join(folder, "pyvenv.cfg"))):
        sys.exit("%s was not made by make, so it is not replaced: name another folder with VENV=" % folder)
    why = " anew, because it was made by another Python or for another place" if there else ""
    sys.stderr.write("Making %s with %s%s.\n" % (folder, wanted[0], why))
    python = os.path.realpath(sys.executable)  # if an environment is active, the Python behind it: that one may go
    if subprocess.call([python, "-m", "venv", "--clear", folder]):
        sys.exit(1)
    with open(stamp, "wb") as file:
        file.write("\n".join(wanted).encode("utf-8"))


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""Makes a class of any size from a lab's own submissions: variants, broken ones, duplicates, archives and hostile ones.

    made_class.py TOOL LAB COUNT FOLDER [--calm] [--distinct]

The tool writes out the rejected submissions, which are files that say what is changed in an accepted one. The same arguments make the same class, byte for byte, so that two gradings of it can be compared. A calm class
is without those that take all the processor time or memory that they may have, in every run of every case or from the
compiler: they are a cost of their own, and no compiler without a box around it lives through the last of them. In a distinct class no
two variants are the same program; otherwise they differ in a comment, as where many type in the same listing.
"""

import io
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

TOP = pathlib.Path(__file__).resolve().parents[2]

HOSTILE = {
    "forks": "#include <unistd.h>\nint main(void) { for (;;) fork(); }\n",
    "floods": "#include <stdio.h>\nint main(void) { for (;;) puts(\"flood\"); }\n",
    "hangs": "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n",
    "spins": "int main(void) { for (;;) ; }\n",
    "crashes": "int main(void) { *(volatile int *)0 = 1; }\n",
    "kills": "#include <signal.h>\nint main(void) { kill(-1, SIGKILL); return 0; }\n",
    "eats": "#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) { char *p = malloc(1 << 20); if (p) memset(p, 1, 1 << 20); } }\n",
    "looks": "#include <stdlib.h>\nint main(void) { return system(\"cat /etc/shadow; ls /root /home; rm -rf /tmp/* ~\"); }\n",
    "build": "#include \"/dev/zero\"\nint main(void) { return 0; }\n",
}


def sources(folder):
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() == ".c" and path.is_file()]


def originals(tool, lab, place):
    """A folder of each submission of the lab: accepted ones where they lie, rejected ones written out to a place."""
    submissions = TOP / "labs" / lab / "submissions"
    folders = sorted(path for path in (submissions / "accepted").iterdir() if path.is_dir())
    for name in sorted(path.stem for path in (submissions / "rejected").iterdir()):
        command = [tool, "labs", TOP / "specs" / f"{lab}.toml", "--fault", name, "-o", place / name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        folders.append(place / name)
    return [folder for folder in folders if sources(folder)]


def variant(rng, originals, folder, number, distinct):
    """A submission of the lab that no other is equal to."""
    original = rng.choice(originals)
    for path in sorted(original.rglob("*")):
        if path.is_file() and path.name != "expected.toml":
            below = path.relative_to(original)
            target = folder / below
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for n, path in enumerate(sources(folder)):
        text = path.read_bytes()
        text = b"/* student %d */\n" % number + text
        if distinct:
            text += b'\nconst char handed_in_%d[] = "student %d";\n' % (n, number)
        path.write_bytes(text)
        if rng.random() < 0.2:
            path.rename(path.with_name(path.name.upper()))
    if rng.random() < 0.3:
        (folder / "notes.txt").write_text("It works on my machine.\n")


def broken(rng, folder):
    for path in sources(folder)[: rng.randint(1, 2)]:
        text = path.read_bytes()
        at = text.find(b";", rng.randrange(max(1, len(text) // 2)))
        path.write_bytes(text[:at] + text[at + 1 :])

# Submissions of labs that compute for ever.
BUSY = ["reader-waits-for-enter"]


def entry(name):
    info = zipfile.ZipInfo(name, (2026, 3, 1, 10, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def packed_zip(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.writestr(entry(str(path.relative_to(folder))), path.read_bytes())
    return out.getvalue()


def packed_tar(folder):
    out = io.BytesIO()
    # Without a time in the header of gzip two classes are the same.
    import gzip

    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = tarfile.TarInfo(str(path.relative_to(folder)))
                info.size = path.stat().st_size
                archive.addfile(info, io.BytesIO(path.read_bytes()))
    return out.getvalue()


def hostile_archive(rng):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if rng.random() < 0.5:
            archive.writestr(entry("../../../../tmp/evil.c"), "int x;")
        else:
            archive.writestr(entry("zeros"), bytes(64 << 20))
    return out.getvalue()


def main():
    tool, lab, count, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
    with tempfile.TemporaryDirectory() as place:
        make(originals(tool, lab, pathlib.Path(place)), lab, count, folder, sys.argv[5:])


def make(originals, lab, count, folder, how):
    rng = random.Random(f"{lab} {count}")
    calm = "--calm" in how
    originals = [path for path in originals if not (calm and path.name in BUSY)]
    names = {path.name.lower() for original in originals for path in sources(original)}
    folder.mkdir(parents=True)
    folders = []
    hostile = 0
    attacks = [name for name in sorted(HOSTILE) if not (calm and name in ("eats", "spins", "build"))]
    for number in range(count):
        name = f"student-{number:03}"
        own = folder / name
        kind = rng.choices(
            ["variant", "twin", "broken", "empty", "zip", "tar", "hostile", "archive"],
            [60, 12, 8, 4, 6, 4, 3, 3],
        )[0]
        if kind == "twin" and folders:
            shutil.copytree(rng.choice(folders), own)
            continue
        if kind == "archive":
            (folder / f"{name}.zip").write_bytes(hostile_archive(rng))
            continue
        own.mkdir()
        if kind == "empty":
            (own / "readme.txt").write_text("I was ill.\n")
            continue
        if kind == "hostile":
            # One after another: those that compute for ever take as long as many others together.
            attack = attacks[hostile % len(attacks)]
            hostile += 1
            for source in sorted(names):
                (own / source).write_text(HOSTILE[attack])
            continue
        variant(rng, originals, own, number, "--distinct" in how)
        if kind == "broken":
            broken(rng, own)
        elif kind in ("zip", "tar"):
            ending, pack = {"zip": (".zip", packed_zip), "tar": (".tar.gz", packed_tar)}[kind]
            (folder / f"{name}{ending}").write_bytes(pack(own))
            shutil.rmtree(own)
            continue
        folders.append(own)


if __name__ == "__main__":
    main()

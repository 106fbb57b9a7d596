"""Copies a file; half a copy is not left."""

import os
import sys

BLOCK = 65536


def main(arguments):
    if len(arguments) != 3:
        sys.exit(f"usage: {arguments[0]} FILE COPY")
    name, copied = arguments[1:]
    try:
        source = os.open(name, os.O_RDONLY)
        about = os.fstat(source)
    except OSError as error:
        sys.exit(f"{name}: {error.strerror}")
    if os.path.isdir(name):
        sys.exit(f"{name} is a folder")
    try:
        there = os.stat(copied)
        if (there.st_dev, there.st_ino) == (about.st_dev, about.st_ino):
            sys.exit(f"copy_file: {name} and {copied} are the same file")
    except FileNotFoundError:
        pass
    at = copied
    try:
        target = os.open(copied, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        sys.exit(f"{copied}: {error.strerror}")
    try:
        at = name
        while block := os.read(source, BLOCK):
            at = copied
            while block:
                block = block[os.write(target, block):]
            at = name
        at = copied
        os.fchmod(target, about.st_mode & 0o7777)
        os.close(target)
    except OSError as error:
        os.unlink(copied)
        sys.exit(f"{at}: {error.strerror}")


main(sys.argv)

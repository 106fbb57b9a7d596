import sys

from sysv import *

numbers = []
for word in sys.argv[1:]:
    if not (word.isascii() and word.isdigit() and int(word) <= 1000000):
        raise SystemExit(f"{word}: not a number from 0 to 1000000")
    numbers.append(int(word))

segment = call("shmget", KEY, 0, 0)
semaphores = call("semget", KEY, 0, 0)
buffer = attach(segment)
for number in numbers or [-1]:
    change(semaphores, FREE, -1)
    change(semaphores, MUTEX, -1)
    buffer.number[buffer.in_] = number
    buffer.in_ = (buffer.in_ + 1) % 4
    change(semaphores, MUTEX, 1)
    change(semaphores, FILLED, 1)

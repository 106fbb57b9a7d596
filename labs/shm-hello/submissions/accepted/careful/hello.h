#ifndef HELLO_H
#define HELLO_H

#include <stddef.h>
#include <sys/types.h>

#define HELLO_KEY  ((key_t)100)
#define HELLO_SIZE ((size_t)1024)
#define HELLO_MODE 0644

/* Prints "what: reason" on stderr and ends the process with status 1. */
_Noreturn void die(const char *what);

/* Attaches the segment, with flags as shmat(2) takes them, or dies. */
void *attach(int id, int flags);

/* Detaches it, or dies. */
void detach(const void *address);

#endif

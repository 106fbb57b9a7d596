/* What both sides of the echo share: the port, the largest message, and moving whole messages. */
#ifndef NET_H
#define NET_H

#include <stddef.h>
#include <sys/types.h>

#define SERVICE     "12345"
#define MESSAGE_MAX 100 /* with its NUL */

/* Prints "WHO - CALL() error: REASON" to standard error. */
void report(const char *who, const char *call);

/* Writes all n bytes. 0, or -1 with errno set. SIGPIPE must be ignored by the caller. */
int write_all(int fd, const void *data, size_t n);

/* Reads until `max` bytes are there, a NUL was read, or the other side has closed.
   How many bytes were read, or -1 with errno set. */
ssize_t read_message(int fd, char *into, size_t max);

#endif

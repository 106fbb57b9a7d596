#include "address.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

int address_of(struct address *address, const char *path)
{
    size_t length = strlen(path);

    if (length >= sizeof address->un.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    *address = (struct address){ .un.sun_family = AF_UNIX, .length = PATH_OFFSET + length + 1 };
    memcpy(address->un.sun_path, path, length + 1);
    return 0;
}

const char *address_path(const struct address *address)
{
    if (address->length <= PATH_OFFSET || address->un.sun_path[0] == '\0')
        return "(no name)";
    return address->un.sun_path;
}

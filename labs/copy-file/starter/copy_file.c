/* copy_file FILE COPY */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    char buffer[4096];

    /* TODO: look at argc. */
    (void)argc;

    /* TODO: open the file, and say so when that fails. What is its mode? Is it a folder? */
    int from = open(argv[1], O_RDONLY);

    /* TODO: is the copy the same file? Then open it. */

    /* TODO: until the end: read a block, and write all of it. What if read() or write() fails? */
    ssize_t n = read(from, buffer, sizeof buffer);
    (void)n;

    /* TODO: close() can fail, too. */
    return 0;
}

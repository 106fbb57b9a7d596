/* The same without any shared library. */
#include "request.c"

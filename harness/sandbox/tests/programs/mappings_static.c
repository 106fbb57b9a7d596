/* The same, linked with its libraries. */
#define STATIC
#include "mappings.c"

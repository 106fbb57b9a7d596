/* The same without a loader, so that the code of its libraries is its own. */
#include "clock.c"

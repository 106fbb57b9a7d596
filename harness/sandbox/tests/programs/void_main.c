/* What printf returned is what the exit status becomes. */
#include <stdio.h>
void main(void) { printf("twenty-one characters"); }

/* No attack: its verdict must be the same whoever was there before it. */
#include <stdio.h>
int main(void)
{
    puts("Hello");
    return 0;
}

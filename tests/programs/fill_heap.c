/* Makes arrays of 1 MiB until there is no more room for one, then says how many, and why not. */
#include <parmap.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    parmap_status status = PARMAP_OK;
    parmap_array array;
    int made = -1;
    for (; status == PARMAP_OK; made++)
        status = parmap_array_create(&array, 'b', 1 << 20);
    printf("%d: %s: %s\n", made, parmap_status_name(status), parmap_message());
    return parmap_finish();
}

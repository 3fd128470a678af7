/* What fuzzers use, whoever drives them. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_check(const char *file, int line, const char *what, int condition)
{
    if (condition)
        return;
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

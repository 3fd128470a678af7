#include "app/columns.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80 };

void pm_print_columns(const char *left, int column, const char *text)
{
    int at = printf("%s", left);
    if (at > 0 && at > column - 2) {
        putchar('\n');
        at = 0;
    }
    for (bool first = true; *text != '\0'; first = false) {
        const int length = (int)strcspn(text, " ");
        if (!first && at + 1 + length > WIDTH) {
            putchar('\n');
            at = 0;
        }
        const int blanks = at < column ? column - at : at > 0;
        printf("%*s%.*s", blanks, "", length, text);
        at += blanks + length;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

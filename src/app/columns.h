/* Text in two columns, for --help. */
#ifndef PM_APP_COLUMNS_H
#define PM_APP_COLUMNS_H

/* Prints `left`, and from `column` on the words of `text`, in as many lines of 80 as they need. */
void pm_print_columns(const char *left, int column, const char *text);

#endif

/* The test harness: a program is a table of named cases, each a function full of CHECKs.
 * A failed check is printed with its place and the case goes on; the program ends with 1. */
#ifndef CHECK_H
#define CHECK_H

#include <parmap.h>

typedef struct check_case {
    const char *name;
    void (*run)(void);
} check_case;

/* Runs the cases in order and returns the exit status: 0, or 1 when a check failed or there was no
 * case.  In an MPI program every rank calls it. */
int check_main(const check_case *cases, size_t count);

/* Ranks but 0 print only what failed.  Before check_main. */
void check_set_rank(int rank);

#define CHECK(condition) check_true(__FILE__, __LINE__, #condition, (condition))

/* Whole numbers of any type, up to 128 bits with sign. */
#define CHECK_INT(actual, expected)                                                                \
    check_int(__FILE__, __LINE__, #actual, (parmap_int128)(actual), (parmap_int128)(expected))

/* Texts; NULL is equal to NULL only. */
#define CHECK_TEXT(actual, expected) check_text(__FILE__, __LINE__, #actual, actual, expected)

/* That a text holds another: messages are tested by their telling words. */
#define CHECK_HOLDS(actual, part) check_holds(__FILE__, __LINE__, #actual, actual, part)

void check_true(const char *file, int line, const char *what, bool condition);
void check_int(const char *file, int line, const char *what, parmap_int128 actual,
               parmap_int128 expected);
void check_text(const char *file, int line, const char *what, const char *actual,
                const char *expected);
void check_holds(const char *file, int line, const char *what, const char *actual,
                 const char *part);

#endif

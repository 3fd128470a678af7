/* Which compiler this machine has, what it is called with, and by what its results are known. */
#ifndef PM_WORK_TOOLCHAIN_H
#define PM_WORK_TOOLCHAIN_H

#include "base/status.h"

#include <limits.h>

enum { PM_TOOLCHAIN_WORDS = 64 };

typedef enum pm_language { PM_LANGUAGE_C, PM_LANGUAGE_CXX } pm_language;

/* The words of a command; they point into the toolchain, and a NULL follows the last. */
typedef struct pm_words {
    int count;
    char *words[PM_TOOLCHAIN_WORDS + 1];
} pm_words;

typedef struct pm_toolchain {
    pm_language language;
    const char *variable;    /* that named the compiler: "PARMAP_CC", "CC" ...; NULL = PATH */
    char compiler[PATH_MAX]; /* its path, which is the first word */
    char text[4096];         /* what the words of the variable are cut from */
    char include[PATH_MAX];  /* -I and the folder of parmap's headers; "" = they are not found */
    char flags[256];
    pm_words command; /* up to the file; -lm follows that */
} pm_toolchain;

/* Local.  Finds the compiler: PARMAP_CC, CC, then cc, gcc, clang in PATH (for C++: PARMAP_CXX, CXX,
 * c++, g++, clang++), and the headers: PARMAP_INCLUDE, or beside the program that runs.  A variable
 * may hold options too, between blanks.  PARMAP_SYSTEM, with the ways out, when there is none;
 * PARMAP_USAGE when what PARMAP_CC names is not there. */
parmap_status pm_toolchain_find(pm_language language, pm_toolchain *toolchain);

/* Local.  All that decides what the compiler makes of a source: a text, to be freed; NULL = no
 * memory.  Compilers are known by path, size and time of change. */
char *pm_toolchain_identity(const pm_toolchain *toolchain);

#endif

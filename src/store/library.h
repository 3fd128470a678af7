/* The HDF5 library that the program runs with. */
#ifndef PM_STORE_LIBRARY_H
#define PM_STORE_LIBRARY_H

#include <stdbool.h>

typedef struct pm_store_library {
    char built[16];  /* version of the headers that parmap was built with: "1.10.8" */
    char loaded[16]; /* version of the library */
    bool parallel;   /* by the headers */
} pm_store_library;

/* Local.  Asks without starting HDF5, which ends the process when the versions differ. */
void pm_store_library_describe(pm_store_library *library);

#endif

/* A fuzzer is a file fuzz_<name>.c with these three; driver.c is its main, or libFuzzer has one
 * (libfuzzer.c).  The first has the signature of libFuzzer. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One input; it crashes or aborts when something is wrong with what was done with it.  Returns 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives the driver an input to begin with; it is copied. */
typedef void fuzz_add(const void *data, size_t size);

/* Called once: adds what the mutations begin with, good inputs mostly. */
void fuzz_seeds(fuzz_add *add);

/* Pieces that mutations put in; a NULL ends the list. */
extern const char *const fuzz_words[];

/* Ends the program with a message when the condition is false. */
#define FUZZ_CHECK(condition) fuzz_check(__FILE__, __LINE__, #condition, (condition))
void fuzz_check(const char *file, int line, const char *what, int condition);

#endif

/* The same as driver.c with libFuzzer, which learns from the code that an input reaches.  It takes
 * the same options, and its own. */
#include "fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ARGUMENTS = 64 };

static char corpus[] = "corpus", words[] = "words";

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void add_seed(const void *data, size_t size)
{
    static int number;
    char name[64];
    snprintf(name, sizeof name, "%s/seed-%d", corpus, number++);
    FILE *file = fopen(name, "w");
    FUZZ_CHECK(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

static void write_words(void)
{
    FILE *file = fopen(words, "w");
    FUZZ_CHECK(file != NULL);
    for (int i = 0; fuzz_words[i] != NULL; i++) {
        fputc('"', file);
        for (const char *at = fuzz_words[i]; *at; at++)
            fprintf(file, "\\x%02x", (unsigned char)*at);
        fputs("\"\n", file);
    }
    FUZZ_CHECK(fclose(file) == 0);
}

/* "--seconds 60" -> "-max_total_time=60". */
static char *translate(const char *option, const char *value)
{
    char *text = NULL;
    const char *ours = strcmp(option, "--seconds") == 0 ? "-max_total_time=" : "-seed=";
    FUZZ_CHECK(asprintf(&text, "%s%s", ours, value) > 0);
    return text;
}

/* Beginning in the folder where it is called, which has the corpus afterwards. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char *arguments[ARGUMENTS], dictionary[] = "-dict=words";
    int count = 0;
    for (int i = 0; i < *argc && count + 3 < ARGUMENTS; i++) {
        char *word = (*argv)[i];
        const bool ours = strcmp(word, "--seconds") == 0 || strcmp(word, "--seed") == 0;
        arguments[count++] = ours && i + 1 < *argc ? translate(word, (*argv)[++i]) : word;
    }
    const bool files = count > 1 && arguments[count - 1][0] != '-';
    mkdir(corpus, 0700);
    fuzz_seeds(add_seed);
    write_words();
    arguments[count++] = dictionary;
    if (!files)
        arguments[count++] = corpus;
    *argc = count;
    *argv = arguments;
    return 0;
}

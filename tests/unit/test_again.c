/* Words as a shell reads them back. */
#include "app/again.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

static void words(void)
{
    static const struct {
        const char *word, *quoted;
    } cases[] = {
        {"./slow", "./slow"},
        {"--range", "--range"},
        {"1..1_000:-2", "1..1_000:-2"},
        {"a=b,c+d%e@f", "a=b,c+d%e@f"},
        {"", "''"},
        {"a b", "'a b'"},
        {"2^20", "'2^20'"},
        {"~", "'~'"},
        {"$HOME", "'$HOME'"},
        {"a*", "'a*'"},
        {"#x", "'#x'"},
        {"it's", "'it'\\''s'"},
        {"\"\\", "'\"\\'"},
        {"\xc3\xa9", "'\xc3\xa9'"},
        {"a\nb", "$'a\\012b'"},
        {"'\t\\\177", "$'\\047\\011\\134\\177'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        CHECK_TEXT(pm_shell_word(text, sizeof text, cases[i].word), cases[i].quoted);
    }
}

/* The shell says the same: every byte comes back. */
static void by_a_shell(void)
{
    char word[256], text[2048], back[300];
    for (int i = 1; i < 256; i++)
        word[i - 1] = (char)i;
    word[255] = '\0';
    CHECK(pm_shell_word(text, sizeof text, word) != NULL);
    FILE *shell = popen("LC_ALL=C bash > word.txt", "w");
    CHECK(shell && fprintf(shell, "printf %%s %s\n", text) > 0);
    CHECK_INT(pclose(shell), 0);
    FILE *file = fopen("word.txt", "r");
    CHECK(file != NULL);
    const size_t length = file ? fread(back, 1, sizeof back - 1, file) : 0;
    back[length] = '\0';
    CHECK_TEXT(back, word);
    if (file)
        fclose(file);
}

static void too_long(void)
{
    char text[8];
    CHECK_TEXT(pm_shell_word(text, 8, "1234567"), "1234567");
    CHECK_TEXT(pm_shell_word(text, 8, "12345678"), NULL);
    CHECK_TEXT(pm_shell_word(text, 8, "12 45"), "'12 45'");
    CHECK_TEXT(pm_shell_word(text, 8, "12 456"), NULL);
    CHECK_TEXT(pm_shell_word(text, 8, "''"), NULL);
}

int main(void)
{
    static const check_case cases[] = {
        {"again: words", words},
        {"again: read back by a shell", by_a_shell},
        {"again: words that are too long", too_long},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}

/* Numbers in a formula.  Those without point and exponent are whole, as in C. */
#include "formula/lex_number.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 400 }; /* bytes of a number; more digits than any double has */

static bool is_digit(char c, int base)
{
    return base == 16  ? isxdigit((unsigned char)c)
           : base == 2 ? c == '0' || c == '1'
                       : isdigit((unsigned char)c);
}

static int digit_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Bytes of digits, and of single underscores between them. */
static int length_of_digits(const char *text, int base)
{
    int length = 0;
    while (is_digit(text[length], base) ||
           (length > 0 && text[length] == '_' && text[length - 1] != '_' &&
            is_digit(text[length + 1], base)))
        length++;
    return length;
}

/* 16, 2 or 10, by the number's beginning. */
static int base_of(const char *text)
{
    if (text[0] != '0')
        return 10;
    return tolower((unsigned char)text[1]) == 'x'   ? 16
           : tolower((unsigned char)text[1]) == 'b' ? 2
                                                    : 10;
}

/* Bytes of an exponent: its letter, a sign, digits; 0 when there is none. */
static int length_of_exponent(const char *text, int base)
{
    if (base == 2 || tolower((unsigned char)text[0]) != (base == 16 ? 'p' : 'e'))
        return 0;
    const int sign = text[1] == '+' || text[1] == '-';
    const int digits = length_of_digits(text + 1 + sign, 10);
    return digits > 0 ? 1 + sign + digits : 0;
}

static parmap_status read_whole(pm_word *word, const char *digits, int length, int base)
{
    word->kind = PM_WORD_WHOLE;
    for (int i = 0; i < length; i++) {
        if (digits[i] == '_')
            continue;
        if (__builtin_mul_overflow(word->whole, base, &word->whole) ||
            __builtin_add_overflow(word->whole, digit_value(digits[i]), &word->whole))
            return pm_script_fail(word->place, "the number does not fit 128 bits; write it as a "
                                               "real number, with a point");
    }
    return PARMAP_OK;
}

static parmap_status read_real(pm_word *word, const char *text, int length)
{
    char clean[LONGEST + 1];
    int kept = 0;
    if (length > LONGEST)
        return pm_script_fail(word->place, "the number is longer than %d digits; write fewer",
                              (int)LONGEST);
    for (int i = 0; i < length; i++)
        if (text[i] != '_')
            clean[kept++] = text[i];
    clean[kept] = '\0';
    word->kind = PM_WORD_REAL;
    word->real = strtod(clean, NULL);
    word->real32 = strtof(clean, NULL);
    if (isinf(word->real))
        return pm_script_fail(word->place, "the number is too large for float64; write inf for "
                                           "infinity");
    return PARMAP_OK;
}

/* What follows a number must not be glued to it. */
static parmap_status check_end(pm_word *word, const char *text)
{
    if (!isalnum((unsigned char)text[0]) && text[0] != '_' && text[0] != '.')
        return PARMAP_OK;
    const int begin = word->place.end;
    int length = 1;
    while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == '.')
        length++;
    word->place = (pm_place){word->place.script, begin, begin + length};
    if (length <= 2 && strchr("fFlLuU", text[0]) != NULL)
        return pm_script_fail(word->place, "numbers of a formula take no suffix; leave it out");
    if (isalpha((unsigned char)text[0]))
        return pm_script_fail(word->place, "an operator is missing before this; write 2*x for "
                                           "twice x");
    return pm_script_fail(word->place, "this does not belong to a number; write one like 12, "
                                       "1_000, 0xff, 1.5 or 2e-3");
}

parmap_status pm_lex_number(pm_word *word)
{
    const char *text = word->place.script->text + word->place.begin;
    const int base = base_of(text), prefix = base == 10 ? 0 : 2;
    int length = prefix + length_of_digits(text + prefix, base);
    const int whole_length = length;
    if (base != 2 && text[length] == '.')
        length += 1 + length_of_digits(text + length + 1, base);
    const int exponent = length_of_exponent(text + length, base);
    const bool real = length > whole_length || exponent > 0;
    length += exponent;
    word->place.end = word->place.begin + length;
    if (real && base == 16 && exponent == 0)
        return pm_script_fail(word->place, "a hexadecimal number with a point needs an exponent of "
                                           "two; write one like 0x1.8p0");
    PM_TRY(check_end(word, text + length));
    if (length == prefix)
        return pm_script_fail(word->place, "digits are missing; write a number like 0xff");
    if (real)
        return read_real(word, text, length);
    if (base == 10 && length > 1 && text[0] == '0')
        return pm_script_fail(word->place, "in C a number that begins with 0 is octal; write it "
                                           "without the 0");
    return read_whole(word, text + prefix, length - prefix, base);
}

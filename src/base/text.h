/* Text to numbers and back, for people: "1e6", "2^20", "83.3 M", "8.00 MB"; and the nearest word.
 */
#ifndef PM_BASE_TEXT_H
#define PM_BASE_TEXT_H

#include <parmap.h>

enum { PM_NUMBER_TEXT = 48 }; /* bytes that hold any number written here, with its '\0' */

/* A whole number: 123, -5, +7, 1_000_000 (single underscores between digits), 1e6, 1.5e3, 2^20,
 * -2^10 (= -(2^10)); with a fraction only where the exponent makes it whole.  The whole text must
 * be the number; no blanks.  PARMAP_USAGE, with a message that quotes the text, when it is not a
 * whole number or does not fit into 128 bits. */
parmap_status pm_parse_integer(const char *text, parmap_int128 *value);

/* The same within low..high; the message names both ends. */
parmap_status pm_parse_integer_within(const char *text, parmap_int128 low, parmap_int128 high,
                                      parmap_int128 *value);

/* A number of bytes: a whole number as above, and K, M, G or T for powers of 1024. */
parmap_status pm_parse_bytes(const char *text, int64_t *bytes);

/* A time in seconds: 90, 90s, 0.5s, 5m, 1.5h, 2d, or as a clock M:SS, H:MM:SS, D-HH:MM:SS (1:30 is
 * a minute and a half; only the first number may be 60 or more).  At most 10,000 days.
 * PARMAP_USAGE, with a message that quotes the text, for anything else. */
parmap_status pm_parse_duration(const char *text, double *seconds);

/* on/off, true/false, yes/no, 1/0, in upper or lower case; "" is on (a bare switch).  PARMAP_USAGE,
 * with a message that quotes the text, for anything else. */
parmap_status pm_parse_switch(const char *text, bool *value);

/* Decimal digits.  Returns `text`. */
char *pm_format_int128(char text[PM_NUMBER_TEXT], parmap_int128 value);

/* 1234 -> "1.23 k", 83300000 -> "83.3 M": three digits and a decimal prefix (k M G T P E),
 * with `unit` behind it ("83.3 MB" for unit "B"); below 1000: "12", or "12 B", and "12.3" for what
 * is not whole.  Returns `text`. */
char *pm_format_scaled(char text[PM_NUMBER_TEXT], double value, const char *unit);

/* 12.3 -> "0:12", 3723 -> "1:02:03", 183600 -> "2d 03:00:00"; "-:--" for what is not finite or is
 * 10,000 days and more.  Returns `text`. */
char *pm_format_clock(char text[PM_NUMBER_TEXT], double seconds);

/* Copies what fits into `room` bytes, with blanks for line breaks, tabs and other control
 * characters; a text that is too long is cut between two characters of UTF-8. */
void pm_copy_line(char *to, size_t room, const char *from);

/* The text where it fits into `room` bytes, else its beginning and a hash of all of it.  Returns
 * `to`. */
char *pm_text_digest(char *to, size_t room, const char *from);

/* Whether it is a name as in C: letters, digits, underscores, no digit first; and fits into `room`
 * bytes with its '\0'.  NULL is none. */
bool pm_is_name(const char *text, size_t room);

/* The word of words[0..count-1] nearest to `word` by edit distance (Damerau-Levenshtein, optimal
 * string alignment), or NULL when none is near enough to be meant (distance over a third of the
 * longer word's length, or over 3).  NULL entries are skipped. */
const char *pm_nearest_word(const char *word, const char *const *words, size_t count);

#endif

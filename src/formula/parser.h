/* What the files of the parser share; for these only. */
#ifndef PM_FORMULA_PARSER_H
#define PM_FORMULA_PARSER_H

#include "formula/parts.h"

typedef struct pm_parser {
    pm_parts *parts;
    const pm_script *script;
    int definitions; /* that may be used */
    int nesting;
    pm_word word; /* the one to be read next */
} pm_parser;

/* Goes to the next word. */
parmap_status pm_parser_advance(pm_parser *parser);

/* Takes a sign, or fails with what is missing. */
parmap_status pm_parser_expect(pm_parser *parser, char sign, const char *why);

/* An expression, up to a word that does not belong to it. */
parmap_status pm_parser_expression(pm_parser *parser, int *index);

/* What begins with a name. */
parmap_status pm_parser_name(pm_parser *parser, int *index);

/* The text of a word, cut to `room` bytes. */
void pm_parser_copy(const pm_word *word, char *text, int room);

#endif

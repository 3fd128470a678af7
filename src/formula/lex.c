/* Words: names, operators, signs; numbers are in lex_number.c. */
#include "formula/lex.h"

#include "formula/lex_number.h"

#include <ctype.h>
#include <string.h>

const pm_operator pm_operators[PM_OPS] = {
    [PM_OP_NONE] = {"", 0},         [PM_OP_OR] = {"||", 1},
    [PM_OP_AND] = {"&&", 2},        [PM_OP_BIT_OR] = {"|", 3},
    [PM_OP_BIT_XOR] = {"^", 4},     [PM_OP_BIT_AND] = {"&", 5},
    [PM_OP_EQUAL] = {"==", 6},      [PM_OP_NOT_EQUAL] = {"!=", 6},
    [PM_OP_LESS] = {"<", 7},        [PM_OP_LESS_EQUAL] = {"<=", 7},
    [PM_OP_GREATER] = {">", 7},     [PM_OP_GREATER_EQUAL] = {">=", 7},
    [PM_OP_SHIFT_LEFT] = {"<<", 8}, [PM_OP_SHIFT_RIGHT] = {">>", 8},
    [PM_OP_ADD] = {"+", 9},         [PM_OP_SUBTRACT] = {"-", 9},
    [PM_OP_MULTIPLY] = {"*", 10},   [PM_OP_DIVIDE] = {"/", 10},
    [PM_OP_REMAINDER] = {"%", 10},  [PM_OP_POWER] = {"**", 11},
    [PM_OP_NOT] = {"!", 0},         [PM_OP_COMPLEMENT] = {"~", 0},
    [PM_OP_NEGATE] = {"-", 0},
};

/* What people write by the habits of other languages, and what a formula has for it. */
static const struct {
    const char *text, *instead;
} foreign[] = {
    {"//", "/ (of whole numbers it drops the remainder)"},
    {"<>", "!="},
    {"\xc3\x97", "*"},            /* multiplication sign */
    {"\xc2\xb7", "*"},            /* middle dot */
    {"\xc3\xb7", "/"},            /* division sign */
    {"\xe2\x88\x92", "-"},        /* minus sign */
    {"\xe2\x80\x93", "-"},        /* en dash */
    {"\xc2\xb2", "**2"},          /* superscript two */
    {"\xc2\xb3", "**3"},          /* superscript three */
    {"\xe2\x89\xa4", "<="},       /* less or equal */
    {"\xe2\x89\xa5", ">="},       /* greater or equal */
    {"\xe2\x89\xa0", "!="},       /* not equal */
    {"\xcf\x80", "pi"},           /* Greek pi */
    {"\xe2\x88\x9e", "inf"},      /* infinity */
    {"\xe2\x88\x9a", "sqrt(...)"} /* root */
};

static int length_of_name(const char *text)
{
    int length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return length;
}

static int length_of_character(const char *text)
{
    int length = 1;
    while (length < 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length++;
    return length;
}

/* The longest operator that begins here. */
static pm_op find_operator(const char *text)
{
    pm_op found = PM_OP_NONE;
    for (int op = PM_OP_NONE + 1; op < PM_OP_NEGATE; op++) {
        const size_t length = strlen(pm_operators[op].text);
        if (length > strlen(pm_operators[found].text) &&
            strncmp(text, pm_operators[op].text, length) == 0)
            found = (pm_op)op;
    }
    return found;
}

/* PARMAP_USAGE for what is no word of a formula, naming what is. */
static parmap_status fail_foreign(pm_word *word, const char *text)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        const int length = (int)strlen(foreign[i].text);
        if (strncmp(text, foreign[i].text, (size_t)length) != 0)
            continue;
        word->place.end = word->place.begin + length;
        return pm_script_fail(word->place, "%s is not part of a formula; write %s", foreign[i].text,
                              foreign[i].instead);
    }
    if (text[0] == '"' || text[0] == '\'')
        return pm_script_fail(word->place, "a formula has no texts; write numbers and names only");
    return pm_script_fail(word->place, "this character is not part of a formula; write numbers, "
                                       "names, operators and parentheses only");
}

static parmap_status lex_operator(const char *text, pm_word *word)
{
    if (strncmp(text, "//", 2) == 0 || strncmp(text, "<>", 2) == 0)
        return fail_foreign(word, text);
    word->kind = PM_WORD_OPERATOR;
    word->op = find_operator(text);
    word->place.end = word->place.begin + (int)strlen(pm_operators[word->op].text);
    return PARMAP_OK;
}

parmap_status pm_lex(const pm_script *script, int at, pm_word *word)
{
    while (isspace((unsigned char)script->text[at]))
        at++;
    const char *text = script->text + at;
    *word = (pm_word){.kind = PM_WORD_END, .place = {script, at, at}};
    if (text[0] == '\0')
        return PARMAP_OK;
    if (isdigit((unsigned char)text[0]) || (text[0] == '.' && isdigit((unsigned char)text[1])))
        return pm_lex_number(word);
    if (isalpha((unsigned char)text[0]) || text[0] == '_') {
        word->kind = PM_WORD_NAME;
        word->place.end = at + length_of_name(text);
        return PARMAP_OK;
    }
    if (find_operator(text) != PM_OP_NONE)
        return lex_operator(text, word);
    word->place.end = at + length_of_character(text);
    if (strchr("()[],?:=", text[0]) == NULL)
        return fail_foreign(word, text);
    word->kind = PM_WORD_SIGN;
    word->sign = text[0];
    return PARMAP_OK;
}

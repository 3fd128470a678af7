/* Words, one after the other; nothing else counts. */
#include "formula/canonical.h"

#include "formula/writer.h"

/* Two words that would read as one without a blank. */
static bool would_join(const pm_word *before, const pm_word *word)
{
    const bool name = before->kind != PM_WORD_END && before->kind < PM_WORD_OPERATOR;
    if (name)
        return word->kind != PM_WORD_END && word->kind < PM_WORD_OPERATOR;
    return before->kind == PM_WORD_OPERATOR && word->kind == PM_WORD_OPERATOR;
}

static void write_words(pm_writer *writer, const pm_script *script)
{
    pm_word before = {.kind = PM_WORD_END}, word;
    for (int at = 0; pm_lex(script, at, &word) == PARMAP_OK && word.kind != PM_WORD_END;
         at = word.place.end) {
        if (would_join(&before, &word))
            pm_write_text(writer, " ", 1);
        pm_write_text(writer, script->text + word.place.begin,
                      (size_t)(word.place.end - word.place.begin));
        before = word;
    }
}

parmap_status pm_canonical_text(const pm_parts *parts, char **text)
{
    pm_writer writer = {0};
    const char *between = " where ";
    for (int i = 0; i < parts->result_count; i++) {
        pm_write(&writer, "%s", i > 0 ? ", " : "");
        write_words(&writer, &parts->results[i].script);
    }
    for (int i = 0; i < parts->definition_count; i++) {
        if (!parts->definitions[i].used)
            continue;
        pm_write(&writer, "%s", between);
        write_words(&writer, &parts->definitions[i].script);
        between = ", ";
    }
    *text = writer.text;
    return pm_writer_status(&writer);
}

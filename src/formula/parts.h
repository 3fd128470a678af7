/* What a formula is made of, as it was read: results, lets, constants, inputs, and one tree. */
#ifndef PM_FORMULA_PARTS_H
#define PM_FORMULA_PARTS_H

#include "base/layout.h"
#include "formula/tree.h"

enum {
    PM_PARTS_NAMES = PM_LAYOUT_FIELDS, /* results, and inputs: fields of one record */
    PM_PARTS_DEFINITIONS = 128,
    PM_PARTS_NOTES = 16,
    PM_NOTE_TEXT = 200
};

/* The value of a name: --let r=..., --param k=... */
typedef struct pm_definition {
    char name[PM_LAYOUT_NAME];
    pm_script script;
    bool parameter; /* must be constant */
    bool used;
    int root; /* -1 while it was not read */
} pm_definition;

typedef struct pm_result_part {
    char name[PM_LAYOUT_NAME]; /* "" when it was given none */
    pm_script script;
    int root;
    parmap_type type; /* in which it is stored */
} pm_result_part;

/* A free name. */
typedef struct pm_free_name {
    char name[PM_LAYOUT_NAME];
    pm_place place;   /* where it is used first */
    parmap_type type; /* once it is bound: of a number, */
    int64_t elements; /* and how many make an item, */
    int rank;         /* in so many dimensions; 0 = a number */
    int64_t extent[PARMAP_RANK];
} pm_free_name;

typedef struct pm_parts {
    pm_tree tree;
    pm_definition definitions[PM_PARTS_DEFINITIONS];
    int definition_count;
    pm_result_part results[PM_PARTS_NAMES];
    int result_count;
    pm_free_name inputs[PM_PARTS_NAMES];
    int input_count;
    char notes[PM_PARTS_NOTES][PM_NOTE_TEXT];
    int note_count;
} pm_parts;

/* Adds a note for the user, once. */
void pm_parts_note(pm_parts *parts, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with the part of the text that it is about in front: "(x-1)/2: why". */
void pm_parts_note_at(pm_parts *parts, pm_place place, const char *why);

/* That a division of whole numbers drops its remainder. */
void pm_parts_note_division(pm_parts *parts, pm_place place);

/* The number of a definition or an input by its name; -1 = none. */
int pm_parts_definition(const pm_parts *parts, const char *name);
int pm_parts_input(const pm_parts *parts, const char *name);

#endif

/* A formula as a tree of nodes.  Children stand before their parents in the list of nodes. */
#ifndef PM_FORMULA_TREE_H
#define PM_FORMULA_TREE_H

#include "formula/lex.h"

enum {
    PM_TREE_NODES = 4096,  /* of all formulas, lets and constants together */
    PM_TREE_NESTING = 200, /* parentheses and the like within each other */
    PM_TREE_HEIGHT = 1000  /* operations on top of each other: so many frames of a recursion */
};

typedef enum pm_node_kind {
    PM_NODE_WHOLE,  /* a whole number: `whole` */
    PM_NODE_REAL,   /* a real number: `real`, `real32` */
    PM_NODE_INPUT,  /* a number that comes in: `number` of the input */
    PM_NODE_ROW,    /* a row that comes in; child of an element or of a function of rows */
    PM_NODE_LET,    /* the value of a let: `number` */
    PM_NODE_UNARY,  /* `op` */
    PM_NODE_BINARY, /* `op` */
    PM_NODE_CHOICE, /* a ? b : c */
    PM_NODE_CALL,   /* of the function `number` */
    PM_NODE_CAST,   /* to the type `number` */
    PM_NODE_ELEMENT /* row[index] */
} pm_node_kind;

typedef struct pm_node {
    pm_node_kind kind;
    pm_op op;
    int number;
    int first, next; /* its first child, and its parent's next one; -1 = none */
    int height;
    bool constant; /* no input below */
    bool enclosed; /* in parentheses */
    bool compares; /* a comparison, also one of constants that became a number */
    pm_place place;
    parmap_int128 whole;
    double real;
    float real32;
    /* set by formula/types.c: */
    parmap_type type; /* in which it is computed: int64, uint64, int128, float32 or float64 */
    bool loose;       /* a real constant takes the type of what it meets */
    bool square;      /* a product of something with itself */
} pm_node;

typedef struct pm_tree {
    pm_node *nodes;
    int count, room;
} pm_tree;

/* Appends a copy of a node; its children are the nodes of children[0..count-1].  PARMAP_USAGE at
 * the node's place when the tree grows too large or too high. */
parmap_status pm_tree_add(pm_tree *tree, pm_node node, const int *children, int count, int *index);

/* How many children a node has, and the index of one; -1 when it has fewer. */
int pm_tree_child_count(const pm_tree *tree, int index);
int pm_tree_child(const pm_tree *tree, int index, int which);

/* Whether two subtrees compute the same. */
bool pm_tree_same(const pm_tree *tree, int a, int b);

#endif

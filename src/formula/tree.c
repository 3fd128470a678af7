/* The list of nodes. */
#include "formula/tree.h"

#include <stdlib.h>

static parmap_status grow(pm_tree *tree)
{
    const int room = tree->room > 0 ? 2 * tree->room : 64;
    pm_node *nodes = realloc(tree->nodes, (size_t)room * sizeof *nodes);
    if (nodes == NULL)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the formula");
    tree->nodes = nodes;
    tree->room = room;
    return PARMAP_OK;
}

parmap_status pm_tree_add(pm_tree *tree, pm_node node, const int *children, int count, int *index)
{
    node.first = count > 0 ? children[0] : -1;
    node.next = -1;
    node.height = 1;
    node.constant = node.kind != PM_NODE_INPUT && node.kind != PM_NODE_ROW &&
                    (node.kind != PM_NODE_LET || node.constant);
    for (int i = 0; i < count; i++) {
        pm_node *child = &tree->nodes[children[i]];
        child->next = i + 1 < count ? children[i + 1] : -1;
        node.constant &= child->constant;
        if (node.height <= child->height)
            node.height = child->height + 1;
    }
    if (tree->count == PM_TREE_NODES || node.height > PM_TREE_HEIGHT)
        return pm_script_fail(node.place,
                              "the formula is too long here; use at most %d operations "
                              "in all, and %d on top of each other",
                              (int)PM_TREE_NODES, (int)PM_TREE_HEIGHT);
    if (tree->count == tree->room)
        PM_TRY(grow(tree));
    tree->nodes[tree->count] = node;
    *index = tree->count++;
    return PARMAP_OK;
}

int pm_tree_child_count(const pm_tree *tree, int index)
{
    int count = 0;
    for (int child = tree->nodes[index].first; child >= 0; child = tree->nodes[child].next)
        count++;
    return count;
}

int pm_tree_child(const pm_tree *tree, int index, int which)
{
    int child = tree->nodes[index].first;
    while (child >= 0 && which-- > 0)
        child = tree->nodes[child].next;
    return child;
}

static bool same_node(const pm_node *a, const pm_node *b)
{
    if (a->kind != b->kind || a->height != b->height || a->op != b->op || a->number != b->number)
        return false;
    /* a comparison of reals: nan is never the same as anything */
    return a->whole == b->whole && a->real == b->real;
}

bool pm_tree_same(const pm_tree *tree, int a, int b)
{
    if (!same_node(&tree->nodes[a], &tree->nodes[b]))
        return false;
    int x = tree->nodes[a].first, y = tree->nodes[b].first;
    while (x >= 0 && y >= 0 && pm_tree_same(tree, x, y)) {
        x = tree->nodes[x].next;
        y = tree->nodes[y].next;
    }
    return x < 0 && y < 0;
}

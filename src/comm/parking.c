/* Lists by the hash of the word's address. */
#include "comm/parking.h"

#include <stdlib.h>

enum { LOTS = 256 };

static pm_parked *lots[LOTS];
static pm_parked *spare;

static pm_parked **lot_of(uint32_t space, uint64_t address)
{
    const uint64_t mixed = (address / 8 + space) * 0x9e3779b97f4a7c15u;
    return &lots[mixed >> 56];
}

static bool waits_for(const pm_parked *parked, uint32_t space, uint64_t address)
{
    return parked->space == space && parked->address == address;
}

parmap_status pm_park(uint32_t space, uint64_t address, pm_executor executor, uint32_t sequence)
{
    pm_parked *parked = spare;
    if (parked)
        spare = parked->next;
    else
        parked = malloc(sizeof *parked);
    if (!parked)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the list of those that wait");
    *parked =
        (pm_parked){.space = space, .address = address, .executor = executor, .sequence = sequence};
    pm_parked **link = lot_of(space, address);
    while (*link)
        link = &(*link)->next;
    *link = parked;
    return PARMAP_OK;
}

pm_parked *pm_unpark_first(uint32_t space, uint64_t address)
{
    pm_parked **link = lot_of(space, address);
    while (*link && !waits_for(*link, space, address))
        link = &(*link)->next;
    pm_parked *parked = *link;
    if (parked)
        *link = parked->next;
    return parked;
}

bool pm_unpark(uint32_t space, uint64_t address, pm_executor executor, uint32_t sequence)
{
    pm_parked **link = lot_of(space, address);
    while (*link && !(waits_for(*link, space, address) && (*link)->executor == executor &&
                      (*link)->sequence == sequence))
        link = &(*link)->next;
    pm_parked *parked = *link;
    if (!parked)
        return false;
    *link = parked->next;
    pm_parked_give_back(parked);
    return true;
}

void pm_parked_give_back(pm_parked *parked)
{
    parked->next = spare;
    spare = parked;
}

static void free_list(pm_parked **list)
{
    for (pm_parked *next; *list; *list = next) {
        next = (*list)->next;
        free(*list);
    }
}

void pm_parking_clear(void)
{
    for (int i = 0; i < LOTS; i++)
        free_list(&lots[i]);
    free_list(&spare);
}

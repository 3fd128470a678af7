/* Functions as they travel between ranks: there and back gives the same address; NULL stays NULL.
 */
#include "base/function.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static int called;

static void own(void)
{
    called++;
}

static void there_and_back(void)
{
    pm_function packed;
    pm_any_function *back = NULL;
    CHECK_INT(pm_function_pack(own, &packed), PARMAP_OK);
    CHECK_INT(pm_function_unpack(packed, &back), PARMAP_OK);
    CHECK(back == own);
    back();
    CHECK_INT(called, 1);
    /* one of another module */
    CHECK_INT(pm_function_pack((pm_any_function *)qsort, &packed), PARMAP_OK);
    back = NULL;
    CHECK_INT(pm_function_unpack(packed, &back), PARMAP_OK);
    CHECK(back == (pm_any_function *)qsort);
}

static void none(void)
{
    pm_function packed = {.module = 7};
    pm_any_function *back = own;
    CHECK_INT(pm_function_pack(NULL, &packed), PARMAP_OK);
    CHECK_INT(packed.module, 0);
    CHECK_INT(pm_function_unpack(packed, &back), PARMAP_OK);
    CHECK(back == NULL);
}

static void unknown(void)
{
    static char data[64];
    pm_function packed;
    pm_any_function *back = own;
    CHECK_INT(pm_function_pack(own, &packed), PARMAP_OK);
    packed.module ^= 0x5a5a5a5a;
    CHECK_INT(pm_function_unpack(packed, &back), PARMAP_USAGE);
    CHECK(strlen(parmap_message()) > 0);
    pm_any_function *stack;
    char *nowhere = malloc(sizeof data);
    memcpy(&stack, &nowhere, sizeof stack);
    CHECK_INT(pm_function_pack(stack, &packed), PARMAP_USAGE); /* in no module */
    free(nowhere);
}

int main(void)
{
    static const check_case cases[] = {
        {"function: there and back", there_and_back},
        {"function: none", none},
        {"function: of nobody", unknown},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}

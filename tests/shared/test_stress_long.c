/* TEST label=full seconds=300 */
/* More of test_stress.c. */
#define STRESS_SCALE 20

#include "test_stress.c"

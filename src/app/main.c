/* parmap - looks at result files: `parmap info FILE`, `parmap verify FILE`.  Needs no MPI. */
#include "app/commands.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: parmap info [--state | --failed] FILE   what a result file holds\n"
    "       parmap verify FILE                      re-hash its data\n"
    "       parmap --help | --version\n"
    "\n"
    "info --state prints one word: complete, incomplete, running, missing or foreign.\n"
    "info --failed prints the failed items: index, x, attempts, rank, host, message.\n"
    "Exit codes: 0 good, 64 wrong usage, 65 bad data, 66 no such file.\n";

static int report(parmap_status status)
{
    if (status == PARMAP_OK)
        status = pm_log_finish_stdout();
    if (status != PARMAP_OK)
        pm_log_error("%s", parmap_message());
    return (int)status;
}

int main(int argc, char **argv)
{
    pm_log_open("parmap");
    const char *command = argc > 1 ? argv[1] : "";
    const char *file = argv[argc - 1];
    const bool state = argc == 4 && strcmp(argv[2], "--state") == 0;
    const bool failed = argc == 4 && strcmp(argv[2], "--failed") == 0;
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        fputs(usage, stdout);
        return report(PARMAP_OK);
    }
    if (strcmp(command, "--version") == 0) {
        printf("parmap %s\n", PARMAP_VERSION);
        return report(PARMAP_OK);
    }
    if (strcmp(command, "info") == 0 && (state || failed || argc == 3) && file[0] != '-')
        return report(state    ? pm_command_state(file)
                      : failed ? pm_command_failed(file)
                               : pm_command_info(file));
    if (strcmp(command, "verify") == 0 && argc == 3 && file[0] != '-')
        return report(pm_command_verify(file));
    if (strcmp(command, "info") == 0 || strcmp(command, "verify") == 0)
        pm_log_error("%s takes one FILE; see parmap --help", command);
    else if (*command)
        pm_log_error("unknown command %s; use info or verify, see parmap --help", command);
    else
        pm_log_error("no command; use info or verify, see parmap --help");
    return PARMAP_USAGE;
}

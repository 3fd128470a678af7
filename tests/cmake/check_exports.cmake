# Checks that the shared library shows parmap_ names and nothing else.
cmake_minimum_required(VERSION 3.20)

file(GLOB library "${BUILD}/lib/libparmap.so")
execute_process(
    COMMAND nm -D --defined-only --format=posix "${library}"
    OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
if(NOT symbols)
    message(FATAL_ERROR "${library} exports nothing")
endif()
list(TRANSFORM symbols REPLACE " .*" "")
list(FILTER symbols EXCLUDE REGEX "^parmap_")
# what the linker, OpenMP, sanitizers and gcov add
list(FILTER symbols EXCLUDE REGEX
    "^(__|_init$|_fini$|_edata$|_end$|_bss|mangle_path$|[.]gomp_critical_user_pm_)")
if(symbols)
    list(JOIN symbols "\n  " symbols)
    message(FATAL_ERROR "the library shows names that are not parmap_:\n  ${symbols}\n")
endif()

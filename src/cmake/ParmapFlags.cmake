# Compiler flags, as two targets to link: parmap_warnings for every file of ours, parmap_exact for
# what computes (src, jobs and programs of users).  Nothing here depends on the processor.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

if(NOT CMAKE_C_COMPILER_ID MATCHES "^(GNU|Clang|AppleClang|IntelLLVM)$")
    message(WARNING "parmap is tested with GCC and Clang, not with ${CMAKE_C_COMPILER_ID}")
endif()

# Without contraction to fused multiply-add every vector unit gives the same bits; the simd pragmas
# need no OpenMP run-time library.
# parmap_kernel.h refuses to compile without the last, which says that the others were given.
set(PARMAP_EXACT_FLAGS -ffp-contract=off -fno-math-errno -fno-trapping-math -fopenmp-simd
                       -DPARMAP_EXACT_FLAGS)

add_library(parmap_warnings INTERFACE)
target_compile_options(
    parmap_warnings
    INTERFACE -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wconversion -Wformat=2
              $<$<BOOL:${PARMAP_WERROR}>:-Werror>)

# __FILE__ is relative to the top folder: short in messages, and no path of the build in programs.
target_compile_options(parmap_warnings INTERFACE "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")

if(PARMAP_NATIVE)
    add_compile_options(-march=native)
endif()
if(PARMAP_SANITIZE)
    add_compile_options(-fsanitize=${PARMAP_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${PARMAP_SANITIZE})
endif()
if(PARMAP_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()

# One line for --version and the output files: compiler, build type, flags.  Words that hold a path
# are left out: they say where it was built, not how.
function(parmap_build_info result)
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}")
    get_directory_property(options COMPILE_OPTIONS)
    list(APPEND flags ${options} ${PARMAP_EXACT_FLAGS} -fopenmp)
    list(FILTER flags EXCLUDE REGEX "[/\"\\\\]")
    list(JOIN flags " " flags)
    string(REPLACE GNU GCC compiler "${CMAKE_C_COMPILER_ID}")
    set(${result} "${compiler} ${CMAKE_C_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}, ${flags}"
        PARENT_SCOPE)
endfunction()

# Installs the build into an empty folder and builds a kernel program against it in both ways that
# the documentation offers: pkg-config and find_package(parmap).
cmake_minimum_required(VERSION 3.20)

set(here "${CMAKE_CURRENT_BINARY_DIR}")
function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The build's compiler and flags, so that a sanitized library gets a sanitized program.
load_cache("${BUILD}" READ_WITH_PREFIX build_
    CMAKE_C_COMPILER CMAKE_C_FLAGS CMAKE_BUILD_TYPE PARMAP_SANITIZE PARMAP_COVERAGE)
set(flags "${build_CMAKE_C_FLAGS}")
if(build_PARMAP_SANITIZE)
    string(APPEND flags " -fsanitize=${build_PARMAP_SANITIZE}")
endif()
if(build_PARMAP_COVERAGE)
    string(APPEND flags " --coverage")
endif()
separate_arguments(flag_list UNIX_COMMAND "${flags}")

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${here}/first")
file(RENAME "${here}/first" "${here}/moved") # an installed tree may be moved

file(WRITE "${here}/double.c" "#include <parmap.h>
PARMAP_KERNEL(twice, int64_t, x, int64_t)
{
    return 2 * x;
}
PARMAP_DOMAIN(twice, int64_t, -1000000, 1000000);

int main(int argc, char **argv)
{
    return parmap_program(argc, argv, &(parmap_spec){
        .kernel = &twice, .first = 1, .last = 1000, .dataset = \"twice\", .output = \"none\"});
}
")
file(WRITE "${here}/CMakeLists.txt" "cmake_minimum_required(VERSION 3.20)
project(double C)
find_package(parmap REQUIRED)
add_executable(by_cmake double.c)
target_link_libraries(by_cmake PRIVATE parmap::parmap)
")

run("${CMAKE_COMMAND}" -S "${here}" -B "${here}/build" "-DCMAKE_PREFIX_PATH=${here}/moved"
    "-DCMAKE_C_COMPILER=${build_CMAKE_C_COMPILER}" "-DCMAKE_C_FLAGS=${flags}"
    "-DCMAKE_BUILD_TYPE=${build_CMAKE_BUILD_TYPE}")
run("${CMAKE_COMMAND}" --build "${here}/build" --verbose)
run("${here}/build/by_cmake" --version)

file(GLOB_RECURSE pc "${here}/moved/*/parmap.pc")
execute_process(
    COMMAND pkg-config --cflags --libs "${pc}"
    OUTPUT_VARIABLE pc_flags
    COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(pc_flags UNIX_COMMAND "${pc_flags}")
foreach(flag -ffp-contract=off -fopenmp-simd)
    if(NOT flag IN_LIST pc_flags)
        message(FATAL_ERROR "parmap.pc does not give ${flag}")
    endif()
endforeach()
run("${build_CMAKE_C_COMPILER}" -std=c11 ${flag_list} double.c -o by_pkg_config ${pc_flags})
run("${here}/by_pkg_config" --version)

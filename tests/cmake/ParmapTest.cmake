# How a test of each kind is started: parmap_test (C, with or without ranks), parmap_shared_test (C,
# for each window backend), parmap_python_test, parmap_script_test.  Every test runs in an empty
# folder of its own, scratch/<name> in the build.

set(PARMAP_SCRATCH "${CMAKE_CURRENT_BINARY_DIR}/scratch")
set(run_in_scratch sh "${CMAKE_CURRENT_SOURCE_DIR}/cmake/run_in_scratch.sh")

# What mpiexec needs here, the same as for `make run`.
file(STRINGS launch.env launch_environment REGEX "^[A-Z_0-9a-z]+=")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS launch.env)

# Sanitizers make programs several times slower.  Leaks are looked for in unit tests and under
# MPICH: with the threads of Open MPI the leak sanitizer itself crashes now and then.
set(slower 1)
set(sanitizer_environment)
set(mpi_environment)
if(PARMAP_SANITIZE)
    set(slower 5)
    set(asan_options "ASAN_OPTIONS=fast_unwind_on_malloc=0:strict_string_checks=1")
    set(sanitizer_environment
        "${asan_options}"
        "UBSAN_OPTIONS=print_stacktrace=1"
        "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/lsan.supp:print_suppressions=0")
    if(PARMAP_MPI_FLAVOUR STREQUAL openmpi)
        set(mpi_environment "${asan_options}:detect_leaks=0")
    endif()
elseif(PARMAP_COVERAGE)
    set(slower 3)
endif()

# Sets for every test: time limit, label, environment, and how many of `ctest -j` it takes.  Most of
# a launch is waiting: run.sh gives two to a core, and two ranks take one.
function(parmap_test_properties name seconds label processors)
    math(EXPR limit "${seconds} * ${slower}")
    set(environment
        ${launch_environment} ${sanitizer_environment} ${ARGN}
        # the session folder: several mpiexec at once can trip over each other's
        "OMPI_MCA_orte_tmpdir_base=${PARMAP_SCRATCH}/${name}"
        "PRTE_MCA_prte_tmpdir_base=${PARMAP_SCRATCH}/${name}")
    set_tests_properties(
        ${name}
        PROPERTIES TIMEOUT ${limit}
                   LABELS ${label}
                   PROCESSORS ${processors}
                   ENVIRONMENT "${environment}")
endfunction()

# The program of a test, which sees the inside of the library: <result> is its target.
function(parmap_test_program result name source)
    string(REPLACE "." "_" target "test.${name}")
    add_executable(${target} "${source}")
    set_target_properties(
        ${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin/tests")
    target_link_libraries(${target} PRIVATE parmap_check parmap_warnings)
    set(${result} ${target} PARENT_SCOPE)
endfunction()

# parmap_launched_test(<test> <target> <ranks> <threads> <seconds> <label> [<name>=<value>...]): one
# run of a program under mpiexec, with these variables in its environment.
function(parmap_launched_test test target ranks threads seconds label)
    add_test(
        NAME ${test}
        COMMAND ${run_in_scratch} "${PARMAP_SCRATCH}/${test}" ${MPIEXEC_EXECUTABLE}
                ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${target}>
                ${MPIEXEC_POSTFLAGS})
    math(EXPR processors "(${ranks} * ${threads} + 1) / 2")
    parmap_test_properties(${test} ${seconds} ${label} ${processors}
        OMP_NUM_THREADS=${threads} ${mpi_environment} ${ARGN})
endfunction()

# parmap_test(<name> SOURCE <file> [RANKS <n>...] [THREADS <n>...] SECONDS <n> LABEL quick|full
#             [SERIAL <bool>])
# One program, and one test <name>.np<r>.t<t> for each rank and thread count; without RANKS one test
# <name>, without a launcher.  SERIAL: no other test beside it, for what measures time.
function(parmap_test name)
    cmake_parse_arguments(TEST "" "SOURCE;SECONDS;LABEL;SERIAL" "RANKS;THREADS" ${ARGN})
    parmap_test_program(target ${name} "${TEST_SOURCE}")
    if(NOT TEST_RANKS)
        add_test(
            NAME ${name}
            COMMAND ${run_in_scratch} "${PARMAP_SCRATCH}/${name}" $<TARGET_FILE:${target}>)
        parmap_test_properties(${name} ${TEST_SECONDS} ${TEST_LABEL} 1)
        set_tests_properties(${name} PROPERTIES RUN_SERIAL ${TEST_SERIAL})
        return()
    endif()
    if(NOT TEST_THREADS)
        set(TEST_THREADS 1)
    endif()
    foreach(ranks IN LISTS TEST_RANKS)
        foreach(threads IN LISTS TEST_THREADS)
            set(test ${name}.np${ranks}.t${threads})
            parmap_launched_test(
                ${test} ${target} ${ranks} ${threads} ${TEST_SECONDS} ${TEST_LABEL})
            set_tests_properties(${test} PROPERTIES RUN_SERIAL ${TEST_SERIAL})
        endforeach()
    endforeach()
endfunction()

# The words of a file's comment `TEST key=value ...`, as arguments for the functions here.
function(parmap_read_test_comment result file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" head LIMIT 2000)
    set(arguments)
    if(head MATCHES "(/\\*|#) TEST ([a-z0-9=, -]+)")
        string(REGEX MATCHALL "[^ ]+" words "${CMAKE_MATCH_2}")
        foreach(word IN LISTS words)
            if(NOT word MATCHES "^(ranks|threads|windows|seconds|label|serial)=(.+)$")
                message(FATAL_ERROR "${file}: TEST comment: \"${word}\" is none of ranks=, "
                    "threads=, windows=, seconds=, label=, serial=")
            endif()
            string(TOUPPER "${CMAKE_MATCH_1}" key)
            string(REPLACE "," ";" values "${CMAKE_MATCH_2}")
            list(APPEND arguments ${key} ${values})
        endforeach()
    endif()
    set(${result} "${arguments}" PARENT_SCOPE)
endfunction()

# parmap_read_test_settings(<file> SECONDS <n> LABEL quick|full [<list> <default>...]): sets TEST_<key>
# in the caller for each key of a file's comment, and the defaults for what the comment does not say.
macro(parmap_read_test_settings file)
    parmap_read_test_comment(from_comment "${file}")
    cmake_parse_arguments(DEFAULT "" "SECONDS;LABEL" "RANKS;THREADS;WINDOWS" ${ARGN})
    cmake_parse_arguments(TEST "" "SECONDS;LABEL;SERIAL" "RANKS;THREADS;WINDOWS" ${from_comment})
    foreach(key SECONDS LABEL RANKS THREADS WINDOWS)
        if(NOT TEST_${key})
            set(TEST_${key} ${DEFAULT_${key}})
        endif()
    endforeach()
    if(NOT TEST_SERIAL)
        set(TEST_SERIAL 0)
    endif()
endmacro()

# parmap_c_test(<file> <kind> <defaults for parmap_test>...): the test <kind>.<name> of a file
# test_<name>.c, its comment before the defaults.
function(parmap_c_test source kind)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "^test_" "${kind}." name "${name}")
    parmap_read_test_settings("${source}" ${ARGN})
    parmap_test(${name} SOURCE "${source}" RANKS ${TEST_RANKS} THREADS ${TEST_THREADS}
        SECONDS ${TEST_SECONDS} LABEL ${TEST_LABEL} SERIAL ${TEST_SERIAL})
endfunction()

# parmap_fuzz_test(<file>): the test fuzz.<name> of a file fuzz_<name>.c, which knows nothing of MPI,
# so that it is quick with one of the two only; and its part of the target fuzz, which goes on for
# FUZZ_SECONDS with a seed of its own (FUZZ_SEED).
function(parmap_fuzz_test source)
    get_filename_component(target "${source}" NAME_WE)
    string(REPLACE "fuzz_" "fuzz." name "${target}")
    file(STRINGS "${source}" driver REGEX "FUZZ driver" LIMIT_COUNT 1)
    set(library parmap_fuzz)
    if(TARGET parmap_libfuzzer AND NOT driver)
        set(library parmap_libfuzzer)
    endif()
    set(label quick)
    if(PARMAP_MPI_FLAVOUR STREQUAL mpich AND NOT PARMAP_SANITIZE)
        set(label full)
    endif()
    add_executable(${target} "${source}")
    set_target_properties(
        ${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin/tests")
    target_link_libraries(${target} PRIVATE ${library} parmap_warnings)
    add_test(
        NAME ${name}
        COMMAND ${run_in_scratch} "${PARMAP_SCRATCH}/${name}" $<TARGET_FILE:${target}> --seconds 2)
    parmap_test_properties(${name} 60 ${label} 1)
    set(folder "${PROJECT_BINARY_DIR}/fuzz/${target}")
    file(MAKE_DIRECTORY "${folder}")
    add_custom_target(
        run_${target}
        COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run.sh" $<TARGET_FILE:${target}>
        WORKING_DIRECTORY "${folder}"
        USES_TERMINAL VERBATIM)
    add_dependencies(fuzz run_${target})
endfunction()

# What a window backend is tested with, and at which rank counts in the quick tests.  One node alone
# never makes Open MPI take the component for one-sided calls that several nodes get: pt2pt.
set(window_shm PARMAP_WINDOW=shm)
set(window_rma PARMAP_WINDOW=rma)
set(window_msg PARMAP_WINDOW=msg)
set(window_rma-pt2pt PARMAP_WINDOW=rma OMPI_MCA_osc=pt2pt)
set(quick_ranks_shm 1 2 3 4 7)
set(quick_ranks_rma 2 4)
set(quick_ranks_msg 2 4)
set(quick_ranks_rma-pt2pt 2 4)

# parmap_shared_test(<file> RANKS <n>... WINDOWS <name>... SECONDS <n> LABEL quick|full): the tests
# shared.<name>.<window>.np<r> of a file test_<name>.c, its comment before the defaults.  Those that
# are not for the quick tests get the label full.
function(parmap_shared_test source)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "^test_" "shared." name "${name}")
    parmap_read_test_settings("${source}" ${ARGN})
    parmap_test_program(target ${name} "${source}")
    foreach(window IN LISTS TEST_WINDOWS)
        if(window STREQUAL rma-pt2pt AND NOT PARMAP_MPI_FLAVOUR STREQUAL openmpi)
            continue()
        endif()
        foreach(ranks IN LISTS TEST_RANKS)
            set(test ${name}.${window}.np${ranks})
            set(label ${TEST_LABEL})
            if(NOT ranks IN_LIST quick_ranks_${window})
                set(label full)
            endif()
            parmap_launched_test(
                ${test} ${target} ${ranks} 1 ${TEST_SECONDS} ${label} ${window_${window}})
            set_tests_properties(${test} PROPERTIES RUN_SERIAL ${TEST_SERIAL})
        endforeach()
    endforeach()
endfunction()

# The first Python that can read the results.
function(parmap_find_python)
    foreach(candidate /usr/bin/python3 python3 python)
        find_program(candidate_path NAMES ${candidate} NO_CACHE)
        if(candidate_path)
            execute_process(COMMAND "${candidate_path}" -c "import h5py, numpy"
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
            if(status EQUAL 0)
                set(PARMAP_PYTHON "${candidate_path}" CACHE FILEPATH "Python with h5py and numpy")
                return()
            endif()
        endif()
        unset(candidate_path)
    endforeach()
    message(WARNING "the end-to-end tests are off: no python3 was found that has h5py and numpy "
        "(Debian: python3-h5py, Fedora: python3-h5py); -DPARMAP_PYTHON names one")
endfunction()
if(NOT PARMAP_PYTHON)
    parmap_find_python()
endif()

# parmap_python_test(<name> <file> SECONDS <n> LABEL quick|full): a unittest file of end_to_end.  The
# exit code 77 says that it could not be run here.
function(parmap_python_test name file)
    set(path "${CMAKE_CURRENT_SOURCE_DIR}/end_to_end/${file}")
    parmap_read_test_settings("${path}" ${ARGN})
    add_test(
        NAME ${name}
        COMMAND ${run_in_scratch} "${PARMAP_SCRATCH}/${name}" "${PARMAP_PYTHON}" -B "${path}")
    parmap_test_properties(${name} ${TEST_SECONDS} ${TEST_LABEL} 1
        "PARMAP_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" "PARMAP_MPI=${PARMAP_MPI_FLAVOUR}"
        "PARMAP_MPIEXEC=${MPIEXEC_EXECUTABLE}" "PARMAP_SOURCE=${PROJECT_SOURCE_DIR}"
        ${mpi_environment})
    set_tests_properties(${name} PROPERTIES COST 100 # the long ones first
                                            SKIP_RETURN_CODE 77
                                            RUN_SERIAL ${TEST_SERIAL})
    if(NOT PARMAP_PYTHON)
        set_tests_properties(${name} PROPERTIES DISABLED ON)
    endif()
endfunction()

# parmap_script_test(<name> <script> [<variable>...]): a CMake script of tests/cmake that fails with
# a list of offenders; it gets SOURCE, BUILD and the variables.
function(parmap_script_test name script)
    set(definitions)
    foreach(variable IN LISTS ARGN)
        list(APPEND definitions "-D${variable}=${${variable}}")
    endforeach()
    add_test(
        NAME ${name}
        COMMAND
            ${run_in_scratch} "${PARMAP_SCRATCH}/${name}" ${CMAKE_COMMAND}
            "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DBUILD=${PROJECT_BINARY_DIR}" ${definitions}
            -P "${CMAKE_CURRENT_SOURCE_DIR}/cmake/${script}")
    parmap_test_properties(${name} 120 quick 1)
endfunction()

# The tests that stand in the last lines of the jobs.  Such a line is
#
#   /* TEST ranks=1,2,4 args="--count 5" seconds=60 expect="end value *" expect="{1..3} done" */
#
# and gives the tests job.<name>.np<r>, one for each rank count; 1 is without a launcher.  A job may
# have several such lines: a test takes what all lines that name its rank count say.
#
#   ranks    needed; every other word is key=value or key="several words"
#   args     the command line
#   seconds  the time limit, 60 if none
#   expect   a line of the output, whole, spaces counting as one however many there are.  * is any
#            text; {a,b} and {1..3} are as many expectations, as in a shell.  Each must be there
#            once and no more, in any order, and the exit status must be 0.

# parmap_read_job_line(<file> <line>): TEST_ranks, TEST_args, TEST_seconds, TEST_expect of one line.
function(parmap_read_job_line source line)
    foreach(key ranks args seconds expect)
        set(TEST_${key})
    endforeach()
    string(REGEX REPLACE "^/\\* TEST (.*) \\*/$" "\\1" rest "${line}")
    while(NOT rest STREQUAL "")
        if(NOT rest MATCHES "^(ranks|args|seconds|expect)=(\"([^\";]*)\"|([^ \";]+))( +|$)")
            message(FATAL_ERROR "${source}: TEST comment, at \"${rest}\": this is none of ranks=, "
                "args=, seconds=, expect=, or has a semicolon")
        endif()
        list(APPEND TEST_${CMAKE_MATCH_1} "${CMAKE_MATCH_3}${CMAKE_MATCH_4}")
        string(LENGTH "${CMAKE_MATCH_0}" length)
        string(SUBSTRING "${rest}" ${length} -1 rest)
    endwhile()
    if(NOT TEST_ranks MATCHES "^[0-9]+(,[0-9]+)*$")
        message(FATAL_ERROR "${source}: TEST comment: no ranks=1,2,4")
    endif()
    string(REPLACE "," ";" TEST_ranks "${TEST_ranks}")
    foreach(key ranks args seconds expect)
        set(TEST_${key} "${TEST_${key}}" PARENT_SCOPE)
    endforeach()
endfunction()

# parmap_job_tests(<file>): all tests of one job, whose target has the file's name.
function(parmap_job_tests source)
    get_filename_component(job "${source}" NAME_WE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    file(READ "${source}" text)
    if(NOT text MATCHES "\n/\\* TEST [^\n]* \\*/\n$")
        message(FATAL_ERROR "${source}: the last line is no test; "
            "tests/cmake/ParmapJobTest.cmake says how it looks")
    endif()

    file(STRINGS "${source}" lines REGEX "^/\\* TEST .* \\*/$")
    set(all_ranks)
    foreach(line IN LISTS lines)
        parmap_read_job_line("${source}" "${line}")
        list(APPEND all_ranks ${TEST_ranks})
        foreach(ranks IN LISTS TEST_ranks)
            list(APPEND args_${ranks} ${TEST_args})
            list(APPEND expect_${ranks} ${TEST_expect})
            if(TEST_seconds)
                set(seconds_${ranks} ${TEST_seconds})
            endif()
        endforeach()
    endforeach()

    list(REMOVE_DUPLICATES all_ranks)
    foreach(ranks IN LISTS all_ranks)
        set(test job.${job}.np${ranks})
        separate_arguments(args UNIX_COMMAND "${args_${ranks}}")
        set(launch)
        set(postflags)
        if(ranks GREATER 1)
            set(launch ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS})
            set(postflags ${MPIEXEC_POSTFLAGS})
        endif()
        if(NOT expect_${ranks})
            message(FATAL_ERROR "${source}: TEST comment: nothing to expect at ranks=${ranks}")
        endif()
        list(JOIN expect_${ranks} "\n" expect)
        add_test(
            NAME ${test}
            COMMAND ${run_in_scratch} "${PARMAP_SCRATCH}/${test}" ${CMAKE_COMMAND}
                    "-DEXPECT=${expect}" -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/run_job.cmake"
                    -- ${launch} $<TARGET_FILE:${job}> ${postflags} ${args})
        if(NOT seconds_${ranks})
            set(seconds_${ranks} 60)
        endif()
        math(EXPR processors "(${ranks} + 1) / 2")
        parmap_test_properties(${test} ${seconds_${ranks}} quick ${processors} OMP_NUM_THREADS=1
            ${mpi_environment})
    endforeach()
endfunction()

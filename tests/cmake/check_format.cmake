# Checks with clang-format that every C file is laid out as .clang-format says; `make format` does
# it.  Other versions than 14 lay out differently, so CLANG_FORMAT is of that version.
cmake_minimum_required(VERSION 3.20)

file(GLOB_RECURSE files RELATIVE "${SOURCE}" "${SOURCE}/src/*.[ch]" "${SOURCE}/jobs/*.[ch]"
    "${SOURCE}/tests/*.[ch]")
if(NOT files)
    message(FATAL_ERROR "no sources found in ${SOURCE}")
endif()
execute_process(
    COMMAND "${CLANG_FORMAT}" --dry-run -Werror --style=file ${files}
    WORKING_DIRECTORY "${SOURCE}"
    RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "some files are not formatted; run `make format`")
endif()

# The one place that knows how a folder becomes a target.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(octet_flags INTERFACE)
target_compile_options(octet_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# No fused multiply-adds: the same numbers on every processor, whatever its instructions.
target_compile_options(octet_flags INTERFACE -ffp-contract=off)
target_include_directories(octet_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
# What makes a fault of memory end the program instead of serving whoever found it. tests/hardening_test.sh looks at the result.
if(NOT OCTET_SANITIZE)
  target_compile_options(octet_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>
    -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-mbranch-protection=standard>)
  target_compile_definitions(octet_flags INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(octet_flags INTERFACE LINKER:-z,relro,-z,now,-z,noexecstack)
endif()
if(OCTET_SANITIZE)
  # GCC takes libtorch's empty optionals for uninitialized where sanitizers are on.
  target_compile_options(octet_flags INTERFACE -fsanitize=${OCTET_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(octet_flags INTERFACE -fsanitize=${OCTET_SANITIZE})
  target_compile_definitions(octet_flags INTERFACE OCTET_SANITIZED)
endif()
if(OCTET_FUZZ)
  target_compile_options(octet_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# octet_folder(NAME SOURCES files [TESTS files] [FUZZ files] [LINK targets]): a static library of the folder's sources, one program
# NAME_test of its tests, and a fuzz target for each file of FUZZ. scripts/check_includes.sh finds files that no list names.
function(octet_folder name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;FUZZ;LINK" ${ARGN})
  add_library(octet_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(octet_${name} PUBLIC octet_flags ${ARG_LINK})
  if(OCTET_TESTS AND ARG_TESTS)
    octet_test(${name}_test SOURCES ${ARG_TESTS} LINK octet_${name})
  endif()
  if(OCTET_FUZZ)
    foreach(file ${ARG_FUZZ})
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE octet_${name} -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

include(GoogleTest)
include(${CMAKE_SOURCE_DIR}/tests/labels.cmake)

# octet_test(NAME SOURCES files LINK targets): one GoogleTest program, one entry of ctest a TEST, named program/Suite.Test.
# tests/labels.cmake says which tests are slow and which run alone.
function(octet_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE OCTET_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             OCTET_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  add_dependencies(${name} octet_engines)
  set(slow ${OCTET_SLOW_TESTS})
  list(FILTER slow INCLUDE REGEX "^${name}/")
  list(TRANSFORM slow REPLACE "^${name}/" "")
  list(JOIN slow ":" slow)
  if(NOT slow STREQUAL "*")
    octet_discover(${name} fast "-${slow}")
  endif()
  if(slow)
    octet_discover(${name} slow "${slow}")
  endif()
endfunction()

# octet_discover(PROGRAM LABEL FILTER): the tests that GoogleTest's filter selects. The program is asked when ctest runs, not when
# it is built: programs of sanitizers and of other processors cannot run then.
function(octet_discover name label filter)
  # Threads of OpenMP that wait would take the cores from other tests.
  set(properties LABELS ${label} TIMEOUT 900 ENVIRONMENT OMP_WAIT_POLICY=passive)
  if(name IN_LIST OCTET_SERIAL_PROGRAMS)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  gtest_discover_tests(${name} TEST_PREFIX ${name}/ TEST_FILTER "${filter}" DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
                       PROPERTIES ${properties})
endfunction()

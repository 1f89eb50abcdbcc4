# The one place that knows how a folder becomes a target.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(octet_flags INTERFACE)
target_compile_options(octet_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# No fused multiply-adds: the same numbers on every processor, whatever its instructions.
target_compile_options(octet_flags INTERFACE -ffp-contract=off)
target_include_directories(octet_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(OCTET_SANITIZE)
  target_compile_options(octet_flags INTERFACE -fsanitize=${OCTET_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
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

# octet_test(NAME SOURCES files LINK targets): one GoogleTest program, one ctest case a TEST.
function(octet_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE OCTET_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             OCTET_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  add_dependencies(${name} octet_engines)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endfunction()

# cmake -DSOURCE=folder -DOUTPUT=file.cpp -P Commit.cmake: writes the commit of the sources into a file of C++, where it changed.
# The sources of a package lie in no repository, or in somebody else's: their commit is unknown.
set(commit unknown)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-toplevel OUTPUT_VARIABLE top ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  file(REAL_PATH ${SOURCE} source)
  if(top STREQUAL source)
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --exclude=* --abbrev=9
                    OUTPUT_VARIABLE described ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(described)
      set(commit ${described})
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "namespace octet {
extern const char* const kCommit;
const char* const kCommit = \"${commit}\";
}  // namespace octet
")

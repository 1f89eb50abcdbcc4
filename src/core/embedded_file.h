// Files that become part of the program: the assembler puts the bytes of a file between two names. The
// object has to be built again when the file changes (OBJECT_DEPENDS in CMake).
//
//   OCTET_EMBED(octet_page_css, OCTET_PAGE_FOLDER "/page.css");
//   std::string_view css = OCTET_EMBEDDED(octet_page_css);
#pragma once

#include <string_view>

#define OCTET_EMBED(name, file)                                               \
  __asm__(".section .rodata\n" #name "_begin:\n.incbin \"" file "\"\n" #name  \
          "_end:\n.byte 0\n.previous\n");                                     \
  extern "C" const char name##_begin[] __attribute__((visibility("hidden"))); \
  extern "C" const char name##_end[] __attribute__((visibility("hidden")))

#define OCTET_EMBEDDED(name) \
  std::string_view(name##_begin, static_cast<size_t>(name##_end - name##_begin))

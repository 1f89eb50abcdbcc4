#include "serve/http/assets.h"

#include <array>

// The assembler puts a file's bytes between two names.
#define OCTET_ASSET(name, file)                                               \
  __asm__(".section .rodata\n" #name "_begin:\n.incbin \"" file "\"\n" #name  \
          "_end:\n.byte 0\n.previous\n");                                     \
  extern "C" const char name##_begin[] __attribute__((visibility("hidden"))); \
  extern "C" const char name##_end[] __attribute__((visibility("hidden")))

OCTET_ASSET(octet_page_html, OCTET_PAGE_FOLDER "/index.html");
OCTET_ASSET(octet_page_css, OCTET_PAGE_FOLDER "/page.css");
OCTET_ASSET(octet_page_js, OCTET_PAGE_FOLDER "/page.js");
OCTET_ASSET(octet_page_api, OCTET_PAGE_FOLDER "/openapi.yaml");
OCTET_ASSET(octet_dygraph_js, OCTET_DYGRAPHS_FOLDER "/dygraph.min.js");
OCTET_ASSET(octet_dygraph_css, OCTET_DYGRAPHS_FOLDER "/dygraph.min.css");

namespace octet {

std::span<const Asset> page_assets() {
  const auto between = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<size_t>(end - begin));
  };
  static const std::array assets = {
      Asset{"/", "text/html; charset=utf-8", between(octet_page_html_begin, octet_page_html_end)},
      Asset{"/page.css", "text/css", between(octet_page_css_begin, octet_page_css_end)},
      Asset{"/page.js", "text/javascript", between(octet_page_js_begin, octet_page_js_end)},
      Asset{"/openapi.yaml", "text/yaml", between(octet_page_api_begin, octet_page_api_end)},
      Asset{"/dygraph.js", "text/javascript",
            between(octet_dygraph_js_begin, octet_dygraph_js_end)},
      Asset{"/dygraph.css", "text/css", between(octet_dygraph_css_begin, octet_dygraph_css_end)}};
  return assets;
}

}  // namespace octet

#include "serve/http/assets.h"

#include <array>

#include "core/embedded_file.h"
#include "report/scripts.h"

OCTET_EMBED(octet_page_html, OCTET_PAGE_FOLDER "/index.html");
OCTET_EMBED(octet_page_css, OCTET_PAGE_FOLDER "/page.css");
OCTET_EMBED(octet_page_js, OCTET_PAGE_FOLDER "/page.js");
OCTET_EMBED(octet_page_api, OCTET_PAGE_FOLDER "/openapi.yaml");

namespace octet {

std::span<const Asset> page_assets() {
  static const std::array assets = {
      Asset{"/", "text/html; charset=utf-8", OCTET_EMBEDDED(octet_page_html)},
      Asset{"/page.css", "text/css", OCTET_EMBEDDED(octet_page_css)},
      Asset{"/page.js", "text/javascript; charset=utf-8", OCTET_EMBEDDED(octet_page_js)},
      Asset{"/openapi.yaml", "text/yaml", OCTET_EMBEDDED(octet_page_api)},
      Asset{"/chart.js", "text/javascript; charset=utf-8", chart_library()},
      Asset{"/charts.js", "text/javascript; charset=utf-8", chart_script()}};
  return assets;
}

}  // namespace octet

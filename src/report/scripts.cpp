#include "report/scripts.h"

#include "core/embedded_file.h"

OCTET_EMBED(octet_chart_library, OCTET_CHART_JS);
OCTET_EMBED(octet_chart_script, OCTET_REPORT_PAGE_FOLDER "/charts.js");

namespace octet {

std::string_view chart_library() { return OCTET_EMBEDDED(octet_chart_library); }
std::string_view chart_script() { return OCTET_EMBEDDED(octet_chart_script); }

}  // namespace octet

#include "report/html.h"

#include <fmt/format.h>
#include <gnutls/crypto.h>

#include <array>
#include <span>

#include "core/embedded_file.h"
#include "core/error.h"
#include "media/image/image_io.h"
#include "report/scripts.h"

OCTET_EMBED(octet_report_css, OCTET_REPORT_PAGE_FOLDER "/report.css");

namespace octet {
namespace {

std::string base64(std::span<const uint8_t> bytes) {
  // GnuTLS takes the bytes as not const, and does not write to them.
  const gnutls_datum_t data{const_cast<uint8_t*>(bytes.data()),
                            static_cast<unsigned>(bytes.size())};
  gnutls_datum_t text{};
  if (::gnutls_base64_encode2(&data, &text) != 0) fail("base64: GnuTLS has no memory for it");
  std::string out(reinterpret_cast<const char*>(text.data), text.size);
  ::gnutls_free(text.data);
  return out;
}

}  // namespace

std::string html_escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string script_hash(std::string_view script) {
  std::array<uint8_t, 32> digest{};
  if (::gnutls_hash_fast(GNUTLS_DIG_SHA256, script.data(), script.size(), digest.data()) != 0)
    fail("SHA-256: GnuTLS has none");
  return "sha256-" + base64(digest);
}

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'; script-src '{3}' '{4}'; form-action 'none'; base-uri 'none'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{0}</title>"
      "<style>\n{2}</style></head>\n<body><h1>{0}</h1>\n{1}"
      "<script>{5}</script>\n<script>{6}</script></body></html>\n",
      html_escape(title), body, OCTET_EMBEDDED(octet_report_css), script_hash(chart_library()),
      script_hash(chart_script()), chart_library(), chart_script());
}

std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows) {
  const auto row = [](const std::vector<std::string>& cells, const char* tag) {
    std::string out = "<tr>";
    for (const std::string& c : cells) out += fmt::format("<{0}>{1}</{0}>", tag, html_escape(c));
    return out + "</tr>\n";
  };
  std::string out = "<div class=\"wide\"><table>" + (head.empty() ? "" : row(head, "th"));
  for (const auto& r : rows) out += row(r, "td");
  return out + "</table></div>\n";
}

std::string html_details(const std::string& summary, const std::string& body) {
  return fmt::format("<details><summary>{}</summary>{}</details>\n", html_escape(summary), body);
}

std::string html_picture(const Image& image, const std::string& caption) {
  return fmt::format(
      "<figure><img alt=\"{0}\" src=\"data:image/jpeg;base64,{1}\"><figcaption>{0}</figcaption>"
      "</figure>\n",
      html_escape(caption), base64(encode_jpeg(image, 80)));
}

}  // namespace octet

// Parts of a page that is one file and needs nothing beside it: no network, no other file. The page
// runs its own two scripts (scripts.h) and no other: its Content-Security-Policy names their hashes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vision/image.h"

namespace octet {

// Every text from outside goes through this, or through the functions below, which call it.
[[nodiscard]] std::string html_escape(const std::string& text);
// `body` is HTML.
[[nodiscard]] std::string html_page(const std::string& title, const std::string& body);
// Without a row of heads where `head` is empty.
[[nodiscard]] std::string html_table(const std::vector<std::string>& head,
                                     const std::vector<std::vector<std::string>>& rows);
// `body` is HTML, folded away under its summary until it is opened.
[[nodiscard]] std::string html_details(const std::string& summary, const std::string& body);
[[nodiscard]] std::string html_picture(const Image& image, const std::string& caption);

// "sha256-…", as a Content-Security-Policy names a script.
[[nodiscard]] std::string script_hash(std::string_view script);

}  // namespace octet

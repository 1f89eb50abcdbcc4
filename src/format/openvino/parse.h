// Parses the XML of an OpenVINO IR, for the readers of this folder.
#pragma once

#include <cstddef>
#include <pugixml.hpp>
#include <span>
#include <string_view>

#include "core/budget.h"

namespace octet {

// Fills `document` and returns its <net>. Takes the memory of the tree from the budget first.
// Throws an Error that names the file when that is too much, or when it is not an IR or is cut
// short.
[[nodiscard]] pugi::xml_node parse_ir(std::string_view xml, Budget& budget,
                                      pugi::xml_document& document);

// Checks that every constant lies within the .bin and has no NaN. Takes the bytes that it reads
// from the budget. Throws an Error that names the file and the constant.
void require_sound_constants(pugi::xml_node net, std::span<const std::byte> weights,
                             Budget& budget);

}  // namespace octet

// The XML of an OpenVINO IR, for the readers of this folder.
#pragma once

#include <cstddef>
#include <pugixml.hpp>
#include <span>
#include <string_view>

#include "core/budget.h"

namespace octet {

// Fills `document` and returns its <net>. Takes what the tree will occupy from the budget before it
// does. Throws an Error naming the file when that is too much, or when it is no IR or cut short.
[[nodiscard]] pugi::xml_node parse_ir(std::string_view xml, Budget& budget,
                                      pugi::xml_document& document);

// That every constant lies within the .bin and holds no NaN; what is gone through is taken from the
// budget. Throws an Error naming the file and the constant.
void require_sound_constants(pugi::xml_node net, std::span<const std::byte> weights,
                             Budget& budget);

}  // namespace octet

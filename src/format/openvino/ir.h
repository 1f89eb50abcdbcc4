// OpenVINO's intermediate representation: a pair of files, .xml (the graph) and .bin (the weights).
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/size.h"
#include "format/listing.h"
#include "model/model.h"

namespace octet {

struct IrDocument {
  std::string xml;
  std::vector<std::byte> weights;
};

// The graph as an IR in memory; engines take it as it is.
[[nodiscard]] IrDocument make_ir(const Model& model, Size size, Layout layout);

// Writes `path` (.xml) and the .bin beside it.
void write_ir(const std::filesystem::path& path, const Model& model, Size size, Layout layout);

// The texts of the rt_info section. Throws an Error naming the file when it is no IR, or its constants
// are not sound.
[[nodiscard]] std::map<std::string, std::string> read_ir_metadata(
    const std::string& xml, std::span<const std::byte> weights, const std::string& name);

// Throws an Error naming the file for anything that is damaged.
[[nodiscard]] ExportListing list_ir(const std::string& xml, std::span<const std::byte> weights,
                                    const std::string& name);

}  // namespace octet

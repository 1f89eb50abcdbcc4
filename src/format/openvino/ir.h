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

struct IrOptions {
  bool half_weights = false;  // of float layers: fp16
  int opset = 0;              // the newest that layers may have; 0: any
};

// Returns the model as an IR in memory, which engines take as it is. Throws an Error that names a
// layer whose opset is too new.
[[nodiscard]] IrDocument make_ir(const Model& model, Size size, Layout layout,
                                 const IrOptions& options = {});

// Writes `path` (.xml) and the .bin beside it.
void write_ir(const std::filesystem::path& path, const Model& model, Size size, Layout layout);

// Whether the metadata tell of fp16 weights.
[[nodiscard]] bool has_half_weights(const std::map<std::string, std::string>& metadata);

// Returns the texts of the rt_info section. Throws an Error that names the file when it is not an
// IR, or when its constants are invalid.
[[nodiscard]] std::map<std::string, std::string> read_ir_metadata(
    const std::string& xml, std::span<const std::byte> weights, const std::string& name);

// Throws an Error that names the file when it is damaged.
[[nodiscard]] ExportListing list_ir(const std::string& xml, std::span<const std::byte> weights,
                                    const std::string& name);

}  // namespace octet

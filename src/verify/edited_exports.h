// For tests: listings of exported files that a test has edited.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "format/onnx/onnx.h"
#include "format/tflite/tflite.h"
#include "tflite_generated.h"
#include "verify/compare_listings.h"

namespace octet {

inline ExportListing flat_onnx(const std::string& bytes) {
  return list_onnx(std::as_bytes(std::span(bytes)), "edited.onnx");
}

inline ExportListing flat_tflite(const std::string& bytes) {
  return list_tflite(std::as_bytes(std::span(bytes)), "edited.tflite");
}

inline std::string packed(const tflite::ModelT& model) {
  flatbuffers::FlatBufferBuilder builder;
  tflite::FinishModelBuffer(builder, tflite::Model::Pack(builder, &model));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

// Whether a mismatch is of this tensor or node.
inline bool names(const std::vector<Mismatch>& found, const std::string& what) {
  return std::any_of(found.begin(), found.end(),
                     [&](const Mismatch& m) { return m.tensor == what; });
}

}  // namespace octet

// An IR under construction: layers, edges and constants. It knows nothing of YOLO.
#pragma once

#include <map>
#include <pugixml.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/tensor_view.h"
#include "format/openvino/ir.h"

namespace octet {

class IrGraph {
 public:
  explicit IrGraph(const IrOptions& options);

  // Where a value comes from: the layer's only output port.
  struct Value {
    int layer = 0;
    int port_id = 0;
    std::string type;
    Shape shape;
    pugi::xml_node port;
  };

  // Throws an Error that names the layer where its version is newer than the options allow.
  pugi::xml_node add_layer(const std::string& name, const char* type, const char* version);
  void connect(pugi::xml_node layer, const std::vector<Value>& inputs);
  Value finish_layer(pugi::xml_node layer, const Shape& dims, const std::string& type);
  Value two_operands(const std::string& name, const char* type, const Value& a, const Value& b,
                     const Shape& dims);

  // ---- constants
  Value store(const std::string& name, const std::string& type, const Shape& dims,
              std::span<const std::byte> raw);
  Value floats(const std::string& name, const Shape& dims, const std::vector<float>& v);
  // Weights of a layer in float: fp16 with a conversion to float where the options say so. Throws
  // an Error where a weight is beyond fp16.
  Value weights(const std::string& name, const Shape& dims, const std::vector<float>& v);
  Value scalar(const std::string& name, float v) { return floats(name, {}, {v}); }
  Value integers(const std::string& name, const std::vector<int64_t>& v);

  void describe(const std::map<std::string, std::string>& entries);
  IrDocument finish();

 private:
  IrOptions options_;
  pugi::xml_document document_;
  pugi::xml_node net_, layers_, edges_;
  int next_layer_ = 0;
  std::vector<std::byte> weights_;
};

// The numbers, joined by commas.
[[nodiscard]] std::string comma_list(const std::vector<int64_t>& values);

}  // namespace octet

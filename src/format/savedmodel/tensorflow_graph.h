// A TensorFlow graph under construction: operators, constants and the signature. It knows nothing of
// YOLO.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/tensor_view.h"
#include "saved_model.pb.h"

namespace octet {

inline constexpr const char* kServeTag = "serve";
inline constexpr const char* kSignature = "serving_default";

class TensorflowGraph {
 public:
  // An operator that was added. An attribute that is not set has TensorFlow's default.
  class Operator {
   public:
    explicit Operator(tf::NodeDef& node) : node_(&node) {}
    [[nodiscard]] const std::string& name() const { return node_->name(); }

    Operator& type(const char* key, tf::DataType type);
    Operator& text(const char* key, const char* text);
    Operator& integer(const char* key, int64_t value);
    Operator& flag(const char* key, bool value);
    Operator& integers(const char* key, const std::vector<int64_t>& values);
    Operator& shape(const char* key, const Shape& shape);

   private:
    friend class TensorflowGraph;
    tf::AttrValue& attribute(const char* key);
    tf::NodeDef* node_;
  };

  TensorflowGraph();

  // The operator's name is `name` where TensorFlow allows it, and a similar one elsewhere. Inputs are
  // the names of operators.
  Operator add(const char* op, const std::string& name, const std::vector<std::string>& inputs);
  // The same with the attribute "T", which is float.
  Operator add_float(const char* op, const std::string& name,
                     const std::vector<std::string>& inputs) {
    return add(op, name, inputs).type("T", tf::DT_FLOAT);
  }

  // Each returns the name of the constant.
  std::string floats(const std::string& name, const Shape& shape, const std::vector<float>& values);
  std::string scalar(const std::string& name, float value) { return floats(name, {}, {value}); }
  // int32, with one dimension.
  std::string integers(const std::string& name, const std::vector<int64_t>& values);
  std::string integer(const std::string& name, int32_t value);
  // int32, (axes, 2): the number of elements before and after.
  std::string paddings(const std::string& name, const std::vector<int64_t>& values);

  // A tensor of the signature.
  std::string input(const std::string& name, tf::DataType type, const Shape& shape);
  void output(const std::string& key, const std::string& name, const Shape& shape);

  void metadata(const std::string& key, const std::string& text);
  [[nodiscard]] std::string serialize() const { return model_.SerializeAsString(); }

 private:
  std::string constant(const std::string& name, tf::DataType type, const Shape& shape,
                       std::span<const std::byte> bytes);
  std::string whole_numbers(const std::string& name, const Shape& shape,
                            const std::vector<int64_t>& values);
  std::string free_name(const std::string& name);

  tf::SavedModel model_;
  tf::MetaGraphDef* meta_;
  tf::SignatureDef* signature_;
  std::set<std::string> names_;
};

}  // namespace octet

#include "format/onnx/external_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "format/onnx/parse.h"
#include "testing/testing.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

using testing::HasSubstr;

struct Place {
  std::string location, offset = {}, length = {};
};

void set_place(onnx::TensorProto& tensor, const Place& place) {
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto put = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  put("location", place.location);
  put("offset", place.offset);
  put("length", place.length);
}

// A model whose one tensor lies elsewhere: an initializer, or a constant inside a branch.
std::string model_with(const Place& place, bool nested = false) {
  onnx::ModelProto model;
  auto& graph = *model.mutable_graph();
  if (nested) {
    auto& branch = *graph.add_node()->add_attribute();
    branch.set_type(onnx::AttributeProto::GRAPH);
    auto& value = *branch.mutable_g()->add_node()->add_attribute();
    value.set_type(onnx::AttributeProto::TENSOR);
    set_place(*value.mutable_t(), place);
  } else {
    set_place(*graph.add_initializer(), place);
  }
  return model.SerializeAsString();
}

onnx::ModelProto parsed(const std::string& content) {
  Budget budget("m.onnx", content.size());
  return parse_onnx(as_bytes(content), budget);
}

TEST(ExternalData, IsTakenIntoTheModel) {
  const TemporaryFolder folder;
  write_text_file(folder / "w.bin", "0123456789");
  for (const bool nested : {false, true}) {
    std::string content = model_with({"w.bin", "2", "4"}, nested);
    take_in_external_data(content, folder / "m.onnx");
    const auto model = parsed(content);
    const auto& tensor = nested ? model.graph().node(0).attribute(0).g().node(0).attribute(0).t()
                                : model.graph().initializer(0);
    EXPECT_EQ(tensor.raw_data(), "2345");
    EXPECT_EQ(tensor.external_data_size(), 0);
    EXPECT_NE(tensor.data_location(), onnx::TensorProto::EXTERNAL);
  }
  std::string rest = model_with({"w.bin", "8"});
  take_in_external_data(rest, folder / "m.onnx");
  EXPECT_EQ(parsed(rest).graph().initializer(0).raw_data(), "89");
}

TEST(ExternalData, StaysBelowTheFolderOfTheModel) {
  const TemporaryFolder outside;
  const TemporaryFolder folder;
  write_text_file(outside / "secret", "secret");
  fs::create_symlink(outside / "secret", folder / "link");
  fs::create_directory_symlink(outside.path(), folder / "folder");
  for (const std::string& place :
       {std::string("*/_ORT_MEM_ADDR_/*"), std::string("../secret"), (outside / "secret").string(),
        std::string("link"), std::string("folder/secret"), std::string(""),
        std::string("a/../../b"), std::string("/proc/self/mem"), std::string("w\0.bin", 6)}) {
    for (const bool nested : {false, true}) {
      std::string content = model_with({place, "0", "4"}, nested);
      const std::string said = error_of([&] { take_in_external_data(content, folder / "m.onnx"); });
      EXPECT_THAT(said, HasSubstr("the tensor 'w'")) << place;
      EXPECT_THAT(said, HasSubstr("no file below")) << place;
    }
  }
}

TEST(ExternalData, LiesWithinItsFile) {
  const TemporaryFolder folder;
  write_text_file(folder / "w.bin", "0123456789");
  for (const Place& place : {Place{"w.bin", "11"}, Place{"w.bin", "8", "3"}, Place{"w.bin", "-1"},
                             Place{"w.bin", "0", "18446744073709551615"},
                             Place{"w.bin", "99999999999999999999"}, Place{"missing.bin"}}) {
    std::string content = model_with(place);
    EXPECT_THAT(error_of([&] { take_in_external_data(content, folder / "m.onnx"); }),
                HasSubstr("the tensor 'w'"))
        << place.offset << " " << place.length;
  }
}

}  // namespace
}  // namespace octet

// How much memory a file can make octet take, whatever it is: for each reader the worst file that is
// known, read in a child whose peak is measured. A table is printed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <turbojpeg.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>

#include "core/budget.h"
#include "core/file.h"
#include "core/log.h"
#include "eval/dataset/dataset.h"
#include "format/import_network.h"
#include "format/listing.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "format/tflite/channel_scales.h"
#include "format/tflite/summary.h"
#include "media/image/image_io.h"
#include "testing/testing.h"
#include "tflite_generated.h"
#include "tools/onnx_network.h"

namespace octet {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSlackBytes = size_t{16} << 20;  // of the process itself, and of malloc

struct WorstFile {
  std::string name;
  std::function<void(const fs::path& path)> write;
  std::function<void(const fs::path& path)> read;
  size_t limit_bytes = 0;  // 0: what a file of its size may take
};

std::string repeated(const std::string& piece, size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

// One of a file's pieces, again and again between a beginning and an end.
auto repeats(std::string begin, std::string piece, size_t count, std::string end) {
  return [=](const fs::path& path) { write_text_file(path, begin + repeated(piece, count) + end); };
}

auto safetensors(std::string begin, std::string piece, size_t count, std::string end) {
  return [=](const fs::path& path) {
    const std::string header = begin + repeated(piece, count) + end;
    const uint64_t bytes = header.size();
    std::string length(sizeof bytes, '\0');
    std::memcpy(length.data(), &bytes, sizeof bytes);
    write_text_file(path, length + header);
  };
}

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

// A graph of so many nodes of nothing.
void write_onnx_nodes(const fs::path& path) {
  const std::string nodes = repeated(std::string("\x0A\0", 2), 4'000'000);
  write_text_file(path, "\x3A" + varint(nodes.size()) + nodes);
}

// A field of protobuf that has a length.
std::string field(int number, const std::string& bytes) {
  return static_cast<char>(number << 3 | 2) + varint(bytes.size()) + bytes;
}

// A SavedModel with one graph, of these nodes.
void write_saved_model(const fs::path& path, const std::string& nodes) {
  write_text_file(path, field(2, field(2, nodes)));
}
void write_empty_nodes(const fs::path& path) {
  write_saved_model(path, repeated(std::string("\x0A\0", 2), 4'000'000));
}
void write_named_nodes(const fs::path& path) {
  std::string nodes;
  for (int i = 0; i < 60'000; ++i) nodes += field(1, field(1, std::to_string(i)));
  write_saved_model(path, nodes);
}
// An attribute of so many whole numbers, a byte each.
void write_integers(const fs::path& path) {
  const std::string list = field(1, field(3, std::string(2'000'000, '\x7F')));
  write_saved_model(path, field(1, field(1, "n") + field(5, field(1, "k") + field(2, list))));
}

// Few bytes ask for a scaling of millions of channels, many times.
void write_onnx_channels(const fs::path& path) {
  OnnxNetwork n(13, {1, 3, 1, 1});
  std::string value = n.node("Concat", "a", std::vector<std::string>(1000, "x"), {{"axis", 1}});
  value = n.node("Concat", "b", std::vector<std::string>(1000, value), {{"axis", 1}});
  for (int i = 0; i < 100; ++i) value = n.node("Neg", "n" + std::to_string(i), {value});
  n.output(value);
  write_text_file(path, n.bytes());
}

// As PyTorch would write it, but for the pickle.
auto checkpoint(const std::string& python) {
  return [python](const fs::path& path) {
    const std::string script =
        "import zipfile, struct\n"
        "t = lambda s: b'X' + struct.pack('<I', len(s)) + s\n"
        "m = lambda s: b'\\x80\\x02}' + t(b'model') + "
        "b'cultralytics.nn.tasks\\nDetectionModel\\n)\\x81}' + s + b'bs.'\n"
        "z = zipfile.ZipFile('" +
        path.string() + "', 'w')\nz.writestr('a/data.pkl', " + python + ")\nz.close()\n";
    write_text_file(path.string() + ".py", script);
    ASSERT_EQ(std::system(("python3 " + path.string() + ".py").c_str()), 0);
  };
}

// Its last scan so many times more.
void write_scans(const fs::path& path) {
  constexpr int kSide = 4000;
  const std::vector<uint8_t> grey(size_t{kSide} * kSide, 128);
  const std::unique_ptr<void, int (*)(void*)> jpeg(tjInitCompress(), tjDestroy);
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  tjCompress2(jpeg.get(), grey.data(), kSide, 0, kSide, TJPF_GRAY, &data, &bytes, TJSAMP_GRAY, 90,
              TJFLAG_PROGRESSIVE);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owned(data, tjFree);
  const std::string whole(reinterpret_cast<const char*>(data), bytes);
  const size_t last = whole.rfind("\xFF\xDA");
  const std::string scan = whole.substr(last, whole.size() - 2 - last);
  write_text_file(path, whole.substr(0, whole.size() - 2) + repeated(scan, 90) + "\xFF\xD9");
}

// A white picture whose bytes are a thousandth of its pixels.
void write_white_png(const fs::path& path, int side) {
  const std::string script = fmt::format(
      "import zlib, struct\ndef c(k, d): return struct.pack('>I', len(d)) + k + d + "
      "struct.pack('>I', zlib.crc32(k + d))\nz = zlib.compressobj(9)\nd = b''\n"
      "for y in range({0}): d += z.compress(b'\\0' + b'\\xff' * {0})\nd += z.flush()\n"
      "open('{1}', 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + c(b'IHDR', struct.pack('>IIBBBBB', {0}, "
      "{0}, "
      "8, 0, 0, 0, 0)) + c(b'IDAT', d) + c(b'IEND', b''))\n",
      side, path.string());
  write_text_file(path.string() + ".py", script);
  ASSERT_EQ(std::system(("python3 " + path.string() + ".py").c_str()), 0);
}

// A blank fax: thousands of pixels a byte. Every line has one code, V0 (ITU-T T.6), of one bit.
void write_fax(const fs::path& path, uint32_t side, uint32_t bytes) {
  std::string file("II*\0\x08\0\0\0\x08\0", 10);
  const auto add = [&](uint32_t tag, uint32_t value) {
    for (const uint32_t part : {tag, uint32_t{4}, uint32_t{1}, uint32_t{0}, value, value >> 16}) {
      file += static_cast<char>(part);
      file += static_cast<char>(part >> 8);
    }
  };
  constexpr uint32_t kGroup4 = 4, kPixels = 8 + 2 + 8 * 12 + 4;
  add(256, side);
  add(257, side);
  add(258, 1);
  add(259, kGroup4);
  add(262, 0);
  add(273, kPixels);
  add(278, side);
  add(279, bytes);
  write_text_file(path, file + std::string(4, '\0') + std::string(bytes, '\xff'));
}

// A lossless WebP of one colour: its pixels take no bytes at all.
void write_plain_webp(const fs::path& path, uint32_t side) {
  const uint32_t sizes = (side - 1) | (side - 1) << 14;
  std::string data("\x2F", 1);
  for (int i = 0; i < 4; ++i) data += static_cast<char>(sizes >> (8 * i));
  // No transform, no cache of colours, no further codes; five codes of one symbol, 0, each.
  data += std::string("\x88\x88\x08\0\0\0\0", 7);
  write_text_file(path, "RIFF" + std::string("\x18\0\0\0", 4) + "WEBPVP8L" +
                            std::string("\x0C\0\0\0", 4) + data);
}

// One tensor and one operator, referred to so many times. `channels`: of the operator's weights.
auto flatbuffer(size_t tensors, size_t operators, int32_t channels) {
  return [=](const fs::path& path) {
    flatbuffers::FlatBufferBuilder b;
    const auto tensor = [&](tflite::TensorType type, std::vector<int32_t> shape, uint32_t buffer) {
      const std::vector<float> scale{0.5F};
      const auto q =
          tflite::CreateQuantizationParametersDirect(b, nullptr, nullptr, &scale, nullptr);
      return tflite::CreateTensorDirect(b, &shape, type, buffer, "t", q);
    };
    std::vector<flatbuffers::Offset<tflite::Tensor>> list{
        tensor(tflite::TensorType_FLOAT32, {1, 8, 8, channels}, 0),
        tensor(tflite::TensorType_INT8, {1, 1, 1, channels}, 1),
        tensor(tflite::TensorType_FLOAT32, {channels}, 2)};
    list.resize(std::max(tensors, list.size()), list[0]);
    const std::vector<int32_t> in{0, 1, 2}, image{0};
    const auto op = tflite::CreateOperatorDirect(b, 0, &in, &image);
    const std::vector<flatbuffers::Offset<tflite::Operator>> ops(operators, op);
    const std::vector graphs{tflite::CreateSubGraphDirect(b, &list, &image, &image, &ops)};
    const std::vector<uint8_t> weights(static_cast<size_t>(channels), 1);
    const std::vector<uint8_t> bias(4 * static_cast<size_t>(channels));
    const std::vector buffers{tflite::CreateBufferDirect(b),
                              tflite::CreateBufferDirect(b, &weights),
                              tflite::CreateBufferDirect(b, &bias)};
    const std::vector codes{
        tflite::CreateOperatorCodeDirect(b, tflite::BuiltinOperator_DEPTHWISE_CONV_2D, nullptr, 1,
                                         tflite::BuiltinOperator_DEPTHWISE_CONV_2D)};
    b.Finish(tflite::CreateModelDirect(b, 3, &codes, &graphs, nullptr, &buffers),
             tflite::ModelIdentifier());
    write_text_file(path, {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()});
  };
}

// Of a file in a folder of so many.
auto folder_of(size_t files) {
  return [=](const fs::path& path) {
    write_text_file(path, "");
    const fs::path folder = path.parent_path() / "many";
    fs::create_directory(folder);
    for (size_t i = 0; i < files; ++i) write_text_file(folder / fmt::format("{}.jpg", i), "");
  };
}

void read_tflite(const fs::path& path) {
  const std::string content = read_text_file(path);
  (void)summarize_tflite(as_bytes(content), path.string());
  (void)with_channel_scales(content, path.string());
}
void read_label_file(const fs::path& path) {
  (void)parse_labels(read_text_file(path), {.classes = 1}, path.string());
}
void read_folder(const fs::path& path) {
  (void)list_images((path.parent_path() / "many").string());
}

void read_any_model(const fs::path& path) { (void)read_model(path); }
void read_listing(const fs::path& path) {
  const ExportFormat& format = *export_format_of(path);
  (void)format.list(read_export(format, path), path.string());
}
void read_saved_model(const fs::path& path) {
  const std::string content = read_text_file(path);
  (void)export_format("saved_model").list({.main = content, .weights = {}}, path.string());
}
void read_metadata(const fs::path& path) {
  const ExportContent content{.main = read_text_file(path), .weights = {}};
  (void)export_format_of(path)->read_metadata(content, path.string());
}
void read_network(const fs::path& path) { (void)import_network(path, {}); }
void read_data(const fs::path& path) {
  (void)read_dataset(path, {.images = path.parent_path(), .model_names = {}});
}
void read_picture(const fs::path& path) { (void)read_image(path); }

std::vector<WorstFile> worst_files() {
  return {
      {"memo.pt", checkpoint("b'\\x80\\x04N' + b'\\x94' * 12000000 + b'.'"), read_any_model},
      {"values.pt", checkpoint("b'\\x80\\x04' + b']' * 12000000 + b'.'"), read_any_model},
      {"texts.pt",
       checkpoint(
           "m(t(b'names') + b'](' + t(b'x' * 1000000) + b'q\\0' + b'h\\0' * 1000000 + b'es')"),
       read_any_model},
      {"lists.pt",
       checkpoint(
           "m(t(b'names') + b']' + t(b'cat') + b'as' + t(b'f') + b']q\\0(' + b'K\\1' * 100000 + "
           "b'es' + b''.join(t(b'%d' % i) + b'h\\0s' for i in range(100000)))"),
       read_any_model},
      {"arrays.safetensors", safetensors("{\"a\":[", "[],", 3'000'000, "[]]}"), read_any_model},
      {"objects.safetensors", safetensors("{\"a\":[", "{\"\":0},", 2'000'000, "0]}"),
       read_any_model},
      {"deep.safetensors", safetensors("", "[", 20'000'000, ""), read_any_model},
      {"nodes.onnx", write_onnx_nodes, read_metadata},
      {"empty.pb", write_empty_nodes, read_saved_model},
      {"named.pb", write_named_nodes, read_saved_model},
      {"integers.pb", write_integers, read_saved_model},
      {"channels.onnx", write_onnx_channels, read_network},
      {"elements.xml",
       [](const fs::path& path) {
         write_text_file(path, "<net>" + repeated("<a/>x", 3'000'000) + "</net>");
         write_text_file(fs::path(path).replace_extension(".bin"), "");
       },
       read_listing},
      {"metadata.xml", repeats("<net><rt_info>", "<a/>", 3'000'000, "</rt_info></net>"),
       read_metadata},
      {"sequence.yaml", repeats("names: [", "a,", 4'000'000, "a]"), read_data},
      {"levels.yaml", repeats("", "[", 8'000'000, ""), read_data},
      {"dashes.yaml", repeats("", "- ", 4'000'000, "a"), read_data},
      {"keys.yaml", repeats("", "? ", 4'000'000, "a"), read_data},
      {"tags.yaml", repeats("", "!a ", 4'000'000, "a"), read_data},
      {"pairs.yaml", repeats("", "a: ", 4'000'000, "a"), read_data},
      {"names.yaml", repeats("names: {", "0: a,", 50'000, "0: a}\nval: x\n"), read_data},
      {"arrays.json", repeats("{\"images\":[", "[],", 3'000'000, "[]]}"), read_data},
      {"objects.json", repeats("{\"images\":[", "{\"\":0},", 2'000'000, "0]}"), read_data},
      {"tensors.tflite", flatbuffer(3'000'000, 2, 2), read_tflite},
      {"operators.tflite", flatbuffer(2, 3'000'000, 2), read_tflite},
      {"scales.tflite", flatbuffer(2, 100, 1'000'000), read_tflite},
      {"lines.txt", repeats("", "0 .5 .5 .1 .1\n", 99'999, ""), read_label_file},
      {"more-lines.txt", repeats("", "0 .5 .5 .1 .1\n", 1'000'000, ""), read_label_file},
      {"one-line.txt", repeats("", "0 ", 8'000'000, "\n"), read_label_file},
      {"20000 files", folder_of(20'000), read_folder, Budget::kFloorBytes},
      {"scans.jpg", write_scans, read_picture, 12 * size_t{4000} * 4000 + Budget::kFloorBytes},
      {"white.png", [](const fs::path& path) { write_white_png(path, 6000); }, read_picture,
       12 * size_t{6000} * 6000 + Budget::kFloorBytes},
      {"beyond.png", [](const fs::path& path) { write_white_png(path, 12000); }, read_picture,
       Budget::kFloorBytes},
      {"blank.tif", [](const fs::path& path) { write_fax(path, 8000, 1000); }, read_picture,
       12 * size_t{8000} * 8000 + Budget::kFloorBytes},
      {"claims.tif", [](const fs::path& path) { write_fax(path, 9900, 500); }, read_picture,
       Budget::kFloorBytes},
      {"plain.webp", [](const fs::path& path) { write_plain_webp(path, 9000); }, read_picture,
       12 * size_t{9000} * 9000 + Budget::kFloorBytes},
      {"sparse.pt",
       [](const fs::path& path) {
         write_text_file(path, "");
         fs::resize_file(path, uintmax_t{1} << 40);
       },
       read_any_model, Budget::kFloorBytes}};
}

struct Outcome {
  size_t peak_bytes = 0;
  double seconds = 0;  // of the processor
  std::string message;
};

// What a child does; its peak of resident memory, without what it began with.
Outcome run(const std::function<void()>& action, const fs::path& messages) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::string message = "read";
    try {
      action();
    } catch (const std::exception& e) {
      message = e.what();
    }
    write_text_file(messages, message);
    ::_exit(0);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return {.peak_bytes = static_cast<size_t>(usage.ru_maxrss) << 10,
          .seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .message = fs::exists(messages) ? read_text_file(messages) : "nothing"};
}

TEST(ReadingMemory, FollowsFromTheFilesSize) {
#ifdef OCTET_SANITIZED
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  const TemporaryFolder folder;
  set_log_sink([](LogLevel, const char*, const std::string&) {});
  const size_t beginning = run([] {}, folder / "said").peak_bytes;
  fmt::print("{:<20} {:>14} {:>9} {:>9} {:>7}  {}\n", "file", "bytes", "peak MB", "limit MB",
             "seconds", "message");
  for (const WorstFile& file : worst_files()) {
    const fs::path path = folder / file.name;
    (void)run([&] { file.write(path); }, folder / "said");  // this process stays small
    const size_t bytes = fs::file_size(path);
    const Outcome done = run([&] { file.read(path); }, folder / "said");
    const size_t peak = done.peak_bytes - std::min(done.peak_bytes, beginning);
    const size_t limit = file.limit_bytes > 0 ? file.limit_bytes : Budget::limit_of(bytes);
    const size_t shown = done.message.find(file.name);
    fmt::print("{:<20} {:>14} {:>9} {:>9} {:>7.2f}  {:.90}\n", file.name, bytes, peak >> 20,
               limit >> 20, done.seconds,
               shown == std::string::npos ? done.message : done.message.substr(shown));
    EXPECT_LE(peak, limit + kSlackBytes) << file.name;
    EXPECT_LE(done.seconds, 30) << file.name;
    fs::remove(path);
  }
  set_log_sink(nullptr);
}

}  // namespace
}  // namespace octet

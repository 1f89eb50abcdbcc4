#include "compress/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/file.h"

namespace octet {
namespace fs = std::filesystem;

std::string StageCommands::path(const std::string& name) const {
  return (fs::path(o_.folder) / name).string();
}

std::vector<std::string> StageCommands::arguments(const std::string& verb,
                                                  const Training& training) const {
  return {verb,
          "--model",
          training.model,
          "--data",
          o_.data,
          "--epochs",
          std::to_string(std::max(1, training.epochs)),
          "--batch",
          std::to_string(o_.batch),
          "--seed",
          std::to_string(o_.seed),
          "--threads",
          std::to_string(o_.threads),
          "-o",
          path(training.name)};
}

StageCommand StageCommands::train(const Training& training,
                                  const std::vector<std::string>& more) const {
  std::vector<std::string> line = arguments("train", training);
  line.insert(line.end(), {"--imgsz", std::to_string(longer_side(training.size))});
  line.insert(line.end(), more.begin(), more.end());
  return {.name = training.name,
          .title = training.title,
          .arguments = line,
          .resumable = path(training.name) + "/last.safetensors"};
}

StageCommand StageCommands::prune(const Training& training, double speedup) const {
  std::vector<std::string> line = arguments("prune", training);
  line.insert(line.end(),
              {"--imgsz", to_string(training.size), "--speedup", fmt::format("{:.4f}", speedup),
               "--engine", o_.pricing.engine, "--engine-threads",
               std::to_string(o_.pricing.threads), "--cost", o_.pricing.source});
  const fs::path choice = path(training.name) + "/choice.json";
  return {.name = training.name,
          .title = training.title,
          .arguments = line,
          .resumable = choice,
          .failure_counts = [choice] {
            return fs::exists(choice) &&
                   read_text_file(choice).find("\"unreachable\"") != std::string::npos;
          }};
}

StageCommand StageCommands::quantize(const std::string& name, const std::string& file, Size size,
                                     const std::string& output) const {
  return {.name = name + "-int8",
          .title = "int8",
          .arguments = {"quantize", "--model", file, "--data", o_.data, "--imgsz",
                        std::to_string(longer_side(size)), "--seed", std::to_string(o_.seed),
                        "--threads", std::to_string(o_.threads), "--weight-bits",
                        std::to_string(weight_bits_), "-o", output},
          .resumable = path(name + "-int8-run") + "/last.safetensors"};
}

StageCommand StageCommands::export_files(const std::string& name, const std::string& file,
                                         Size size) const {
  return {.name = name,
          .title = "exports",
          .arguments = {"export", "--model", file, "--format", "openvino,onnx,tflite", "--imgsz",
                        to_string(size), "-o", path(name)}};
}

StageCommand StageCommands::verify(const std::string& file, const std::string& exports) const {
  return {.name = exports + "-verified",
          .title = "comparison of the exports with the model",
          .arguments = {"verify", file, path(exports)}};
}

StageCommand StageCommands::bench(const std::vector<std::string>& exports) const {
  std::vector<std::string> line{"bench", "--model"};
  for (const std::string& name : exports) line.push_back(path(name));
  line.insert(line.end(), {"--engine", "all", "--rounds", "5", "--seconds", "1", "--threads",
                           std::to_string(o_.pricing.threads)});
  return {.name = "bench", .title = "times in every engine", .arguments = line, .partial = true};
}

}  // namespace octet

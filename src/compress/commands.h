// The commands of octet that the stages of a compression are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compress/options.h"
#include "compress/stages.h"

namespace octet {

class StageCommands {
 public:
  // `weight_bits`: of int8 models. `options` has to outlive it.
  StageCommands(const CompressOptions& options, int weight_bits)
      : o_(options), weight_bits_(weight_bits) {}

  // In the folder of all files.
  [[nodiscard]] std::string path(const std::string& name) const;

  struct Training {
    std::string name;   // of the stage, and of the folder with best.safetensors
    std::string title;  // in the log
    std::string model;
    int epochs = 0;
    Size size;
  };
  [[nodiscard]] StageCommand train(const Training& training,
                                   const std::vector<std::string>& more) const;
  // That the speedup cannot be reached counts as a result.
  [[nodiscard]] StageCommand prune(const Training& training, double speedup) const;
  [[nodiscard]] StageCommand quantize(const std::string& name, const std::string& file, Size size,
                                      const std::string& output) const;
  [[nodiscard]] StageCommand export_files(const std::string& name, const std::string& file,
                                          Size size) const;
  [[nodiscard]] StageCommand verify(const std::string& file, const std::string& exports) const;
  [[nodiscard]] StageCommand bench(const std::vector<std::string>& exports) const;

 private:
  [[nodiscard]] std::vector<std::string> arguments(const std::string& verb,
                                                   const Training& training) const;

  const CompressOptions& o_;
  int weight_bits_;
};

}  // namespace octet

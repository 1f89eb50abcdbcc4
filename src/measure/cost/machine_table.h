// The cost table of this machine, in a file that is extended by what it lacks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/size.h"
#include "graph/graph.h"
#include "measure/cost/layer_timer.h"

namespace octet {

inline constexpr const char* kCostCache = "cache";

// "auto": the engine that octet chooses for int8 models of that many bits.
[[nodiscard]] std::string cost_engine(const std::string& wanted, int weight_bits);

class MachineTable {
 public:
  // `file`: kCostCache is the file of this machine, which is made again where it is out of date or
  // damaged. Without a folder for it the table lasts as long as this object. Throws a usage error for
  // another file that has other times than this machine would.
  MachineTable(const std::string& file, LayerTimer& timer);

  // Measures what the table lacks for these networks and all narrower ones, and writes the file.
  // Throws an Error when it is interrupted; the file then has what was measured.
  void extend(const std::vector<Graph>& graphs, Size size);
  void add(const NetworkTime& network);

  [[nodiscard]] const CostTable& table() const { return table_; }
  // Empty where there is none.
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  void write() const;

  LayerTimer& timer_;
  std::filesystem::path file_;
  CostTable table_;
};

}  // namespace octet

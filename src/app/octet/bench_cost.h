// octet bench --cost-table: the times of a model's layers, and of all narrower ones.
#pragma once

#include <string>
#include <vector>

namespace octet {

struct CostTableOptions {
  std::vector<std::string> models, sizes;  // sizes: as --imgsz gives them; "": that of the model
  std::string engine = "auto";
  int threads = 1;
  std::string file;    // kCostCache: the file of this machine
  double seconds = 2;  // of a network
  bool json = false;
};

// Writes the table, or extends the one that is there. Prints the predicted and the measured time of
// each model. After an interruption it keeps what was measured, and throws.
void write_cost_table_of(const CostTableOptions& options);

}  // namespace octet

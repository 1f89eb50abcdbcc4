// The folder that a training run writes to: looked at before the hours of work, not after.
#pragma once

#include <filesystem>
#include <vector>

#include "model/model.h"

namespace octet {

// What becomes of the run that lies in the folder.
enum class EarlierRun { kRefuse, kResume, kReplace };

struct RunFolder {
  std::filesystem::path path;
  std::vector<std::filesystem::path> also = {};  // what else the run will write, elsewhere
  EarlierRun earlier = EarlierRun::kRefuse;
  bool resumable = true;  // the run has a --resume to name
};

// Makes the folder. Throws an Error naming it when it holds an earlier run that is to stay, when it cannot
// be written to, or when the disk has no room for a run of `model`. With kReplace the earlier run's files
// are removed.
void prepare_run_folder(const RunFolder& folder, const Model& model);

}  // namespace octet

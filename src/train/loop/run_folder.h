// Prepares the folder of a training run. It is checked before the hours of work, not after.
#pragma once

#include <filesystem>
#include <vector>

#include "model/model.h"

namespace octet {

// The treatment of an earlier run in the folder.
enum class EarlierRun { kRefuse, kResume, kReplace };

struct RunFolder {
  std::filesystem::path path;
  std::vector<std::filesystem::path> also = {};  // what else the run will write, elsewhere
  EarlierRun earlier = EarlierRun::kRefuse;
  bool resumable = true;  // the run has a --resume to name
};

// A folder that a run may make. When the run ends, it is removed where it was made and is empty.
class EmptyFolder {
 public:
  explicit EmptyFolder(std::filesystem::path folder);
  ~EmptyFolder();
  EmptyFolder(const EmptyFolder&) = delete;
  EmptyFolder& operator=(const EmptyFolder&) = delete;

 private:
  std::filesystem::path folder_;
  bool made_ = false;
};

// Creates the folder. Throws an Error that names it when it holds an earlier run that has to stay,
// when it is not writable, or when the disk has no space for a run of `model`. With kReplace the
// files of the earlier run are removed.
void prepare_run_folder(const RunFolder& folder, const Model& model);

}  // namespace octet

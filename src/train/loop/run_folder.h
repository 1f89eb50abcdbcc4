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
  std::vector<std::filesystem::path> also = {};  // what else the run will write
  EarlierRun earlier = EarlierRun::kRefuse;
  // Files in the folder. Where one is there, --resume can continue. Empty: the run has no --resume.
  std::vector<std::filesystem::path> states = {"last.safetensors"};
  std::vector<std::filesystem::path> inputs = {};  // models that the run reads
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

// Creates the folder. Throws an Error that names it when it holds an earlier run that has to stay or
// none to resume, when the run would write over one of its inputs, when the folder is not writable,
// or when the disk has no space for a run of `model`.
void prepare_run_folder(const RunFolder& folder, const Model& model);

// With kReplace: removes the files of the earlier run. Comes when the data were read and accepted,
// since they are lost then.
void remove_earlier_run(const RunFolder& folder);

}  // namespace octet

#include "train/loop/run_folder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "train/loop/run_state.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr std::array kFiles = {"last.safetensors", "best.safetensors", "results.csv",
                               "report.html"};
// Copies of the model that lie on the disk at once: last.safetensors has the average, the weights, the
// average once more and up to two of the optimizer's. A new one is written beside the old one, and there
// is best.safetensors.
constexpr uint64_t kCopies = 11;

uint64_t bytes_of(const Model& model) {
  uint64_t values = 0;
  for (const Node& node : model.graph.nodes) {
    if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
      values += conv->weight.values.size() + conv->bias.values.size();
    } else if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
      values += 4 * norm->gamma.values.size();
    }
  }
  return values * sizeof(float);
}

std::vector<fs::path> files_of(const RunFolder& folder) {
  std::vector<fs::path> files;
  for (const char* name : kFiles) files.push_back(folder.path / name);
  files.insert(files.end(), folder.also.begin(), folder.also.end());
  std::erase_if(files, [](const fs::path& file) {
    std::error_code ignored;
    return !fs::exists(file, ignored);
  });
  return files;
}

bool has_state(const RunFolder& folder) {
  return std::any_of(folder.states.begin(), folder.states.end(), [&](const fs::path& state) {
    std::error_code ignored;
    return fs::exists(folder.path / state, ignored);
  });
}

[[noreturn]] void fail_for_earlier(const RunFolder& folder, const fs::path& file) {
  const bool inside = file.parent_path() == folder.path;
  fail("{}; {}--overwrite replaces it, or name another with -o",
       inside ? fmt::format("{}: holds an earlier run ({})", folder.path.string(),
                            file.filename().string())
              : fmt::format("{}: is the result of an earlier run", file.string()),
       has_state(folder) ? "--resume continues it, " : "");
}

void require_state(const RunFolder& folder, bool other_files) {
  if (!has_state(folder))
    fail("{}: there is no run to resume; {}", folder.path.string(),
         other_files ? "--overwrite begins anew" : "leave out --resume");
  for (const fs::path& state : folder.states) {
    if (fs::exists(folder.path / state) && state.extension() == ".safetensors")
      (void)read_position(folder.path / state);
  }
}

// A model is not lost because it lies where this run writes.
void keep_inputs(const RunFolder& folder, const std::vector<fs::path>& files) {
  const bool resumes = folder.earlier == EarlierRun::kResume;
  for (const fs::path& file : files) {
    for (const fs::path& input : folder.inputs) {
      std::error_code ignored;
      if (fs::equivalent(file, input, ignored))
        fail("{}: is read by this run, which would replace it; {}", input.string(),
             resumes ? "give the model that the run was begun with" : "name another with -o");
    }
  }
}

}  // namespace

EmptyFolder::EmptyFolder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code ignored;
  made_ = !fs::exists(folder_, ignored);
}

EmptyFolder::~EmptyFolder() {
  std::error_code not_empty;
  if (made_) fs::remove(folder_, not_empty);
}

void prepare_run_folder(const RunFolder& folder, const Model& model) {
  const std::vector<fs::path> files = files_of(folder);
  if (folder.earlier == EarlierRun::kRefuse && !files.empty())
    fail_for_earlier(folder, files.front());
  if (folder.earlier == EarlierRun::kResume) require_state(folder, !files.empty());
  keep_inputs(folder, files);
  make_folder(folder.path);
  require_room(folder.path, kCopies * bytes_of(model));
}

void remove_earlier_run(const RunFolder& folder) {
  if (folder.earlier != EarlierRun::kReplace) return;
  for (const fs::path& file : files_of(folder)) {
    std::error_code error;
    fs::remove(file, error);
    if (error) fail("{}: cannot be removed: {}", file.string(), error.message());
  }
}

}  // namespace octet

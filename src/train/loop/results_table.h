// results.csv of a training: a row an epoch, with a column for each loss that there is and the figures
// of the task.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"
#include "train/loss/loss.h"

namespace octet {

struct EpochResult;

class ResultsTable {
 public:
  ResultsTable(LossParts parts, const ModelInfo& info);

  // Of a resumed run that has done so many epochs. A row of a later one is left out: the power failed
  // before the run's state was written, and the epoch is done again.
  void resume(std::string_view text, int epochs);
  void add(const EpochResult& result);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::vector<NamedLoss> losses_;
  Task task_;
  std::string text_;
};

}  // namespace octet

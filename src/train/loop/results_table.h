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

// The header of results.csv and the rows of so many epochs. A later row is left out: the power failed
// before the run's state was written, and the epoch is done again.
[[nodiscard]] std::string rows_until(std::string_view text, int epochs);

class ResultsTable {
 public:
  ResultsTable(LossParts parts, const ModelInfo& info);

  // Of a resumed run that has done so many epochs.
  void resume(std::string_view text, int epochs) { text_ = rows_until(text, epochs); }
  void add(const EpochResult& result);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::vector<NamedLoss> losses_;
  Task task_;
  std::string text_;
};

}  // namespace octet

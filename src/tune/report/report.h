// The page of a tuning: the choice, predicted and seen, accuracy against processor time, every
// point, and what was not tried.
#pragma once

#include <string>

#include "report/facts.h"
#include "tune/result.h"

namespace octet {

// `config`: the text of live.yaml, without secrets.
[[nodiscard]] std::string tune_page(const TuneResult& result, const TuneGoals& goals,
                                    const std::string& config, const Facts& facts);

}  // namespace octet

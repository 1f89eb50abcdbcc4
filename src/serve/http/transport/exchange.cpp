#include "serve/http/transport/exchange.h"

#include <nlohmann/json.hpp>

#include "core/text/json_text.h"

namespace octet {

HttpAnswer text_answer(std::string text, std::string type, int status) {
  HttpAnswer answer{.status = status, .type = std::move(type)};
  auto owner = std::make_shared<const std::string>(std::move(text));
  answer.body = *owner;
  answer.owner = std::move(owner);
  return answer;
}

HttpAnswer error_answer(int status, const std::string& reason) {
  return text_answer(dump_json(nlohmann::json{{"error", reason}}), "application/json", status);
}

}  // namespace octet
